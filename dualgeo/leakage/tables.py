"""One side of the comparison from a table, a benchmark's name or a dataset folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from dualgeo.datasets.table import plain_name
from dualgeo.errors import DualGeoError
from dualgeo.leakage.dataset import Role, folder_photos
from dualgeo.leakage.embeddings import read_embeddings
from dualgeo.leakage.phash import written_hashes
from dualgeo.leakage.photos import Photos, text
from dualgeo.leakage.times import times_of
from dualgeo.scoring.benchmarks import BENCHMARKS, benchmark_table
from dualgeo.scoring.columns import ColumnNames, recognise
from dualgeo.scoring.coordinates import read_coordinates
from dualgeo.scoring.source import Columns, Source

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

SHA256 = ("sha256", "sha256sum", "sha256hash")
PHASH = ("phash", "perceptualhash", "imagehash")
# Some tables write a photo's key before the Flickr id of its author: 1125_78841376@N00.
FLICKR = r"^.*_(\d+@N\d\d)$"

AS_USUAL = ColumnNames(option=None)


@dataclass(frozen=True)
class Side:
    """The photos of one argument, and what of its source could not be used, in sentences."""

    photos: Photos
    notes: list[str] = field(default_factory=list[str])


def read_side(
    what: str,
    role: Role,
    root: Path,
    embeddings: Path | None = None,
    benchmarks: Path | None = None,
    names: ColumnNames = AS_USUAL,
) -> Side:
    """Read GALLERY or QUERIES: a CSV or Parquet path, im2gps, im2gps3k, yfcc4k, yfcc26k, or a dataset folder.

    A folder gives its gallery photos as GALLERY and the others as QUERIES, hashes of its images and, where
    `root`/cache/features belongs to it, their embeddings. Raises DualGeoError when there is no such thing or it has
    no coordinates.
    """
    path = Path(what)
    if path.is_dir():
        side = Side(*folder_photos(path, role, root / "cache" / "features"))
    else:
        benchmark = BENCHMARKS.get(what)
        side = _table(what, benchmark_table(benchmark, root, benchmarks) if benchmark else path, names)
    if side.photos.count == 0:
        raise DualGeoError(f"{what} has no photo to compare as {role}.")
    if embeddings is None:
        return side
    return replace(side, photos=replace(side.photos, embedding=read_embeddings(embeddings, side.photos)))


def _table(name: str, path: Path, names: ColumnNames) -> Side:
    source = Source(path)
    found = recognise(path, source.header, "truth", names, require_id=False)
    roles = {role: place for role, place in vars(found).items() if place is not None}
    roles |= {role: place for role, place in _further(source.header).items() if place is not None}
    wanted = sorted(set(roles.values()))
    read = source.read(wanted)
    column = {role: wanted.index(place) for role, place in roles.items()}
    positions = read_coordinates(read, column["lat"], column["lon"])

    def words(role: str) -> Any | None:
        return text(read.values[column[role]]) if role in column else None

    photographer, sha256, phash, time = (words(role) for role in ("photographer", "sha256", "phash", "time"))
    photos = Photos(
        name=name,
        count=len(read.row),
        photo_id=words("id"),
        photographer=None if photographer is None else pc.replace_substring_regex(photographer, FLICKR, r"\1"),
        sha256=None if sha256 is None else pc.utf8_lower(sha256),
        hashes=None
        if phash is None
        else written_hashes(phash, lambda row: f"{path}, {source.place(int(read.row[row]))}"),
        lat=positions.lat,
        lon=positions.lon,
        times=None if time is None else times_of(time),
        query_set=words("query_set"),
    )
    return Side(photos, _notes(name, read, positions.refused, photos))


def _further(header: Sequence[str]) -> dict[str, int | None]:
    plain = [plain_name(column) for column in header]
    named = {"sha256": SHA256, "phash": PHASH}
    return {role: next((plain.index(name) for name in names if name in plain), None) for role, names in named.items()}


def _notes(name: str, read: Columns, refused: dict[int, str], photos: Photos) -> list[str]:
    notes: list[str] = []
    if read.refused:
        notes.append(f"{name}: left out {len(read.refused)} of its rows, the first {read.refused[0]}.")
    if refused:
        row = min(refused)
        notes.append(
            f"{name}: an impossible coordinate in {len(refused)} of {photos.count:,} rows, the first: {refused[row]}."
        )
    empty = photos.count - int(photos.located.sum()) - len(refused)
    if empty:
        notes.append(f"{name}: no coordinate in {empty} of {photos.count:,} rows.")
    return notes
