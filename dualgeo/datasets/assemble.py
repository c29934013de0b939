"""From photos read to a dataset on disk: which are kept, what they are called, how they are split, the shards."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import SPLITS, write_photos
from dualgeo.datasets.exif import NO_POSITION
from dualgeo.datasets.intake import Taken
from dualgeo.datasets.matching import Rejected
from dualgeo.datasets.quarantine import write_quarantine
from dualgeo.datasets.shards import ShardWriter
from dualgeo.datasets.splits import assign, groups, places
from dualgeo.datasets.table import Row
from dualgeo.errors import DualGeoError
from dualgeo.files import folder_written_whole
from dualgeo.geo.sphere import haversine_km

DISAGREEMENT_KM = 1.0
ID_LENGTH = 60
NO_ROW = Row(0, "")


class Options(Protocol):
    """What assembling needs of the ingest options."""

    @property
    def name(self) -> str: ...
    @property
    def validation_share(self) -> float: ...
    @property
    def query_share(self) -> float: ...
    @property
    def min_separation_m(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def photos_per_shard(self) -> int: ...


@dataclass(frozen=True)
class Accepted:
    """A photo that becomes a row; `lat`, `lon` in degrees."""

    taken: Taken
    row: Row
    image: Path
    sha256: str
    lat: float
    lon: float
    accuracy_m: float | None
    licence: str | None
    notes: tuple[str, ...]


def accept(
    taken: Sequence[Taken], rows: Mapping[str, Row], use_table: bool, licence: str | None
) -> tuple[list[Accepted], list[Rejected]]:
    """Keep the photos that can be read and have a position; of files with the same bytes the first, or none where
    their positions contradict each other.
    """
    accepted: list[Accepted] = []
    rejected: list[Rejected] = []
    copies: dict[str, list[Accepted]] = defaultdict(list)
    for photo in taken:
        result = _judged(photo, rows.get(photo.file, NO_ROW), use_table, licence)
        if isinstance(result, str):
            rejected.append((photo.file, result))
        else:
            copies[result.sha256].append(result)
    for first, *others in copies.values():
        apart = [float(haversine_km(first.lat, first.lon, other.lat, other.lon)) for other in others]
        if max(apart, default=0) > DISAGREEMENT_KM:
            # At least one of the positions is wrong, and nothing says which.
            elsewhere = others[int(np.argmax(apart))].taken.file
            rejected.append((first.taken.file, f"same bytes as {elsewhere}, {max(apart):.0f} km away"))
            rejected.extend(
                (other.taken.file, f"same bytes as {first.taken.file} and not the same position") for other in others
            )
            continue
        accepted.append(first)
        rejected.extend((other.taken.file, f"same bytes as {first.taken.file}") for other in others)
    return accepted, rejected


def _judged(photo: Taken, row: Row, use_table: bool, licence: str | None) -> Accepted | str:
    if photo.image is None or photo.sha256 is None:
        return photo.problem or "cannot be read"
    facts = photo.facts
    lat, lon = (row.lat, row.lon) if use_table else (facts.lat, facts.lon)
    if lat is None or lon is None:
        return (row.problem if use_table else facts.problem) or NO_POSITION
    notes = [] if photo.note is None else [photo.note]
    if use_table and facts.lat is not None and facts.lon is not None:
        apart = float(haversine_km(lat, lon, facts.lat, facts.lon))
        if apart > DISAGREEMENT_KM:
            notes.append(
                f"the table's position is used; its EXIF says {facts.lat:.5f}, {facts.lon:.5f}, {apart:.0f} km away"
            )
    accuracy = row.accuracy_m if use_table else facts.accuracy_m
    return Accepted(photo, row, photo.image, photo.sha256, lat, lon, accuracy, row.licence or licence, tuple(notes))


def assemble(
    photos: Sequence[Accepted], rejected: Sequence[Rejected], folder: Path, options: Options
) -> dict[str, int]:
    """Write the dataset, whole or not at all, and return the number of photos by split."""
    frame = _frame(photos, options)
    with folder_written_whole(folder) as temporary:
        with ShardWriter(temporary / "shards", options.photos_per_shard) as writer:
            frame["shard"] = [
                writer.add(photo_id, {"jpg": image.read_bytes()})
                for photo_id, image in zip(frame["photo_id"], frame.pop("image"), strict=True)
            ]
        write_photos(temporary, frame)
        write_quarantine(temporary, rejected)
    counts = Counter(frame["split"])
    return {split: counts[split] for split in SPLITS}


def _frame(photos: Sequence[Accepted], options: Options) -> pd.DataFrame:
    """One row a photo, sorted by id, so that shards are filled in the order of the table."""
    frame = pd.DataFrame(
        {
            "photo_id": photo_ids(photos),
            "lat": [photo.lat for photo in photos],
            "lon": [photo.lon for photo in photos],
            "photographer": [photo.row.photographer or photo.taken.facts.photographer for photo in photos],
            "accuracy_m": np.array([photo.accuracy_m for photo in photos], np.float64),
            "taken_at": [photo.row.taken_at or photo.taken.facts.taken_at for photo in photos],
            "licence": [photo.licence for photo in photos],
            "source_url": [photo.row.source_url for photo in photos],
            "sha256": [photo.sha256 for photo in photos],
            "country": [photo.row.country for photo in photos],
            "image": [photo.image for photo in photos],
            "table_split": [photo.row.split for photo in photos],
            "condition": None,
            "city": None,
        },
        dtype=object,
    ).sort_values("photo_id", ignore_index=True)
    frame = frame.astype({"lat": np.float64, "lon": np.float64, "accuracy_m": np.float64})
    place = places(frame["lat"].to_numpy(), frame["lon"].to_numpy(), options.min_separation_m)
    frame["place"] = [f"place-{label:05d}" for label in place]
    given = list(frame.pop("table_split"))
    if all(split is not None for split in given):
        frame["split"] = _complete(given)
    else:
        group = groups(place, list(frame["photographer"]))
        frame["split"] = assign(group, options.validation_share, options.query_share, options.seed)
    own = options.name
    frame["dataset"] = [own if split == "query" else f"{own}-{split}" for split in frame["split"]]
    return frame


def _complete(given: list[str]) -> list[str]:
    for split in SPLITS:
        if split not in given:
            raise DualGeoError(
                f"The table's split column leaves no usable {split} photo; add one or remove the column."
            )
    return given


def photo_ids(photos: Sequence[Accepted]) -> list[str]:
    """File stems in A-Z a-z 0-9 _ -; where several agree (upper and lower case apart), each gets part of its digest."""
    stems = [_plain(PurePosixPath(photo.taken.file).stem) for photo in photos]
    count = Counter(stem.lower() for stem in stems)
    return [
        stem if count[stem.lower()] == 1 else f"{stem}-{photo.sha256[:10]}"
        for stem, photo in zip(stems, photos, strict=True)
    ]


def _plain(stem: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", ascii_only).strip("-")[:ID_LENGTH] or "photo"
