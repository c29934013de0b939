"""Corrupted copies of query photos, laid out as a dataset: photos.parquet beside tar shards.

A photo keeps its id under every condition; the query set (`atlas/fog-3`) tells its copies apart.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pandas as pd
from PIL import Image

from dualgeo.datasets.contract import read_photos, shard_path, write_photos
from dualgeo.datasets.shards import photo_image, read_shard, write_shard
from dualgeo.errors import DualGeoError
from dualgeo.params import StudyParams
from dualgeo.progress import progress
from dualgeo.study.corruption.conditions import Condition, chosen_queries, conditions_of
from dualgeo.study.corruption.kinds import corrupt

JPEG_QUALITY = 95
"""What copies are stored at, colours at full resolution: the file must add next to nothing to the corruption."""
PHOTOS_AT_A_TIME = 64
Copy = tuple[str, bytes]
"""A photo's id and its JPEG."""


def draw_corrupted(dataset: Path, out: Path, params: StudyParams) -> None:
    """Bring <out>/shards and <out>/photos.parquet up to date; equal params and photos give equal bytes.

    Raises DualGeoError when the dataset lacks a query set that params name, or a photo.
    """
    queries = chosen_queries(read_photos(dataset), params)
    conditions = conditions_of(params)
    tables: list[pd.DataFrame] = []
    shards = list(queries.groupby("shard", sort=True))
    work = [(condition, str(shard), rows) for condition in conditions for shard, rows in shards]
    for condition, shard, rows in progress(work, len(work), "corrupt: shards"):
        path = shard_path(out, condition.shard(shard))
        digests: dict[str, str] = {}
        wanted = set(rows["photo_id"])
        copies = _copies(shard_path(dataset, shard), wanted, condition, params.seed)
        write_shard(path, _members(copies, digests))
        if missing := wanted - set(digests):
            raise DualGeoError(f"shard {shard} lacks photo {min(missing)}; make the dataset again.")
        tables.append(_table(rows, condition, shard, digests))
    write_photos(out, pd.concat(tables))
    kept = {shard_path(out, condition.shard(shard)) for condition, shard, _ in work}
    for file in (out / "shards").iterdir():
        if file not in kept:
            file.unlink()


def _members(copies: Iterator[Copy], digests: dict[str, str]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """As `write_shard` wants them; their SHA-256 go to `digests`."""
    for photo_id, content in copies:
        digests[photo_id] = hashlib.sha256(content).hexdigest()
        yield photo_id, {"jpg": content}


def _copies(tar: Path, wanted: set[str], condition: Condition, seed: int) -> Iterator[Copy]:
    def copy(photo: tuple[str, bytes]) -> Copy:
        photo_id, content = photo
        return photo_id, corrupted_jpeg(content, condition, seed, photo_id)

    photos = ((photo_id, files["jpg"]) for photo_id, files in read_shard(tar) if photo_id in wanted)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        while some := list(islice(photos, PHOTOS_AT_A_TIME)):
            yield from pool.map(copy, some)


def corrupted_jpeg(content: bytes, condition: Condition, seed: int, photo_id: str) -> bytes:
    """The corrupted copy of a stored photo, as JPEG; a photo that cannot be read raises DualGeoError naming it."""
    try:
        image = photo_image(content)
    except DualGeoError as error:
        raise DualGeoError(f"photo {photo_id}: {error}") from None
    return _jpeg(corrupt(image, condition.corruption, condition.severity, seed, photo_id))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _table(rows: pd.DataFrame, condition: Condition, shard: str, digests: dict[str, str]) -> pd.DataFrame:
    return rows.assign(
        dataset=[condition.query_set(str(name)) for name in rows["dataset"]],
        shard=condition.shard(shard),
        condition=condition.name,
        sha256=[digests[str(photo_id)] for photo_id in rows["photo_id"]],
    )
