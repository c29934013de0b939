"""Any folder of photos becomes a dataset: coordinates from EXIF or a table, photos normalised, split and sharded.

The dataset appears as a whole when everything succeeded; until then an earlier one stays as it was.
"""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dualgeo.datasets.assemble import accept, assemble
from dualgeo.datasets.images import MAX_SIDE, MIN_SIDE
from dualgeo.datasets.intake import take_in
from dualgeo.datasets.lock import only_one
from dualgeo.datasets.matching import Rejected, match_rows
from dualgeo.datasets.table import TABLE_SUFFIXES, Table, read_table
from dualgeo.errors import DualGeoError
from dualgeo.progress import say

PHOTO_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".heic", ".heif", ".hif", ".avif"),
    *(".tif", ".tiff", ".webp", ".png", ".apng", ".gif", ".bmp"),
)
RAW_SUFFIXES = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")


@dataclass(frozen=True)
class IngestOptions:
    """How a folder is read and split; DualGeoError for a value out of range.

    `table` None: a single table lying in the folder is used, if there is one. `coordinates` "auto": the table's where
    it has them, else EXIF; "exif": never the table's. `photographer_column` names the table's column that says which
    photos depend on each other. `licence` is noted for photos whose row names none. Shares are of photos.
    """

    name: str = "photos"
    table: Path | None = None
    coordinates: Literal["auto", "exif"] = "auto"
    photographer_column: str | None = None
    licence: str | None = None
    validation_share: float = 0.1
    query_share: float = 0.2
    min_separation_m: float = 1000.0
    seed: int = 0
    max_side: int = MAX_SIDE
    photos_per_shard: int = 500
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        problems = {
            f"the name '{self.name}' must be of a-z, 0-9, - and _": not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name),
            "validation and query share must be above 0 and leave something to the gallery": not (
                self.validation_share > 0 and self.query_share > 0 and self.validation_share + self.query_share < 1
            ),
            "the separation must be 0 m or more": not self.min_separation_m >= 0,
            f"the longest side must have {MIN_SIDE} to {MAX_SIDE} pixels": not MIN_SIDE <= self.max_side <= MAX_SIDE,
            "photos per shard and workers must be at least 1": min(self.photos_per_shard, self.workers) < 1,
            "the seed must be 0 or more": self.seed < 0,
        }
        for sentence, wrong in problems.items():
            if wrong:
                raise DualGeoError(f"Cannot ingest like this: {sentence}.")


@dataclass(frozen=True)
class IngestReport:
    """What came of an ingest: photos by split, what was left out and why, what was noted about photos taken."""

    folder: Path
    splits: dict[str, int]
    quarantined: list[Rejected]
    notes: list[tuple[str, str]]
    other_files: int
    without_licence: int

    @property
    def photos(self) -> int:
        return sum(self.splits.values())

    def sentences(self) -> list[str]:
        """The outcome for a person, most important first."""
        splits = ", ".join(f"{count} {split}" for split, count in self.splits.items())
        lines = [f"{self.photos} photos in {self.folder} ({splits})."]
        if self.quarantined:
            file, reason = self.quarantined[0]
            lines.append(
                f"{len(self.quarantined)} left out, each with its reason in {self.folder / 'quarantine.csv'} "
                f"(the first is {file}: {reason})."
            )
        if self.without_licence:
            lines.append(
                f"{self.without_licence} photos have no licence, which validation refuses unless params.yaml says "
                '`validate: require_licence: false`; add a licence column or say --licence "my own photos".'
            )
        lines += [f"{file}: {note}." for file, note in self.notes]
        if self.other_files:
            lines.append(f"{self.other_files} other files in the folder are no photos and were not looked at.")
        return lines


def ingest(source: Path, folder: Path, options: IngestOptions | None = None) -> IngestReport:
    """Make the dataset `folder` from the photos below `source` (a folder, or a table that lies beside its photos).

    Killed at any moment, it goes on where it stopped when run again; the work so far lies in `.<folder>.part` beside
    `folder`. Raises DualGeoError when nothing can be made of it; an earlier dataset in `folder` is then intact.
    """
    options = options or IngestOptions()
    source, table = _source(source, options)
    files, others = _files(source, table, folder)
    if not files:
        raise DualGeoError(
            f"{source} holds no photos (JPEG, HEIC, AVIF, TIFF, WebP or PNG); name the folder that does."
        )
    work = folder.parent / f".{folder.name}.part"
    with only_one(work, folder):
        rows, rejected = ({}, []) if table is None else match_rows(table, files)
        wanted = [file for file in files if table is None or file in rows]
        raw = [file for file in wanted if Path(file).suffix.lower() in RAW_SUFFIXES]
        rejected += [(file, "a raw camera file; export it as JPEG, HEIC or TIFF") for file in raw]
        taken = take_in(
            source, [file for file in wanted if file not in set(raw)], work, options.max_side, options.workers
        )
        use_table = table is not None and table.has_coordinates and options.coordinates != "exif"
        accepted, refused = accept(taken, rows, use_table, options.licence)
        rejected += refused
        if not accepted:
            raise DualGeoError(_nothing(source, rejected))
        splits = assemble(accepted, rejected, folder, options)
        shutil.rmtree(work)
    return IngestReport(
        folder,
        splits,
        sorted(rejected),
        [(photo.taken.file, note) for photo in accepted for note in photo.notes],
        others,
        sum(photo.licence is None for photo in accepted),
    )


def _nothing(source: Path, rejected: list[Rejected]) -> str:
    file, reason = sorted(rejected)[0]
    hint = " Photos without GPS need a table of coordinates (--table)." if "no GPS" in reason else ""
    return f"Not one photo in {source} can be used ({len(rejected)} left out); {file}: {reason}.{hint}"


def _source(source: Path, options: IngestOptions) -> tuple[Path, Table | None]:
    """The folder of photos, and the table read, if any."""
    if not source.exists():
        raise DualGeoError(f"{source} does not exist; name a folder of photos.")
    path = options.table
    if source.is_file():
        if source.suffix.lower() not in TABLE_SUFFIXES:
            raise DualGeoError(f"{source} is a file; name the folder that it lies in, or a .csv or .parquet table.")
        path, source = path or source, source.parent
    elif path is None and options.coordinates != "exif":
        tables = sorted(file for file in source.iterdir() if file.suffix.lower() in TABLE_SUFFIXES and file.is_file())
        if len(tables) > 1:
            names = ", ".join(table.name for table in tables)
            raise DualGeoError(f"{source} holds {len(tables)} tables ({names}); choose one with --table.")
        path = tables[0] if tables else None
        if path is not None:
            say(f"coordinates and licences from {path}")
    if options.photographer_column is not None and path is None:
        raise DualGeoError(f"--photographer-column {options.photographer_column} needs a table; name it with --table.")
    return source, None if path is None else read_table(path, options.photographer_column)


def _files(source: Path, table: Table | None, folder: Path) -> tuple[list[str], int]:
    """Photos below `source` as sorted posix paths, and how many other files there are; hidden ones do not count."""
    named = set[str]() if table is None else {row.image.replace("\\", "/").rpartition("/")[2] for row in table.rows}
    photos: list[str] = []
    others = 0
    for parent, folders, files in os.walk(source):
        own = folder.resolve()
        folders[:] = [name for name in folders if not name.startswith(".") and (Path(parent) / name).resolve() != own]
        for name in files:
            path = Path(parent) / name
            suffix = path.suffix.lower()
            if name.startswith(".") or suffix in TABLE_SUFFIXES:
                continue
            if suffix in PHOTO_SUFFIXES or suffix in RAW_SUFFIXES or name in named:
                photos.append(path.relative_to(source).as_posix())
            else:
                others += 1
    return sorted(photos), others
