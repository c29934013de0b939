"""One side of the comparison from a dataset folder: its table, its images and their cached features."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import photos_path, read_photos
from dualgeo.errors import DualGeoError
from dualgeo.leakage.embeddings import RowsAt
from dualgeo.leakage.phash import shard_hashes
from dualgeo.leakage.photos import Embeddings, Photos, text
from dualgeo.leakage.times import times_of
from dualgeo.views.cache import ids_by_shard, read_features

Role = Literal["GALLERY", "QUERIES"]
SPLITS: dict[Role, tuple[str, ...]] = {"GALLERY": ("gallery",), "QUERIES": ("validation", "query")}


def dataset_photos(table: pd.DataFrame, folder: Path, features: Embeddings | None, role: Role, name: str) -> Photos:
    """Photos of one role in a dataset's photo table; `features` are those of the whole table, row for row."""
    rows = np.flatnonzero(table["split"].isin(SPLITS[role]).to_numpy())
    mine = table.iloc[rows]
    ids = [str(photo_id) for photo_id in mine["photo_id"]]
    return Photos(
        name=name,
        count=len(mine),
        photo_id=text(mine["photo_id"]),
        photographer=text(mine["photographer"]),
        sha256=text(mine["sha256"]),
        hashes=shard_hashes(folder, sorted(set(mine["shard"])), ids),
        embedding=None if features is None else RowsAt(features, rows),
        lat=mine["lat"].to_numpy(np.float64),
        lon=mine["lon"].to_numpy(np.float64),
        times=times_of(text(mine["taken_at"])),
        query_set=text(mine["dataset"]),
    )


def folder_photos(folder: Path, role: Role, cache: Path) -> tuple[Photos, list[str]]:
    """Photos of one role in a dataset folder, and what could not be used, in sentences; `cache` may be another's."""
    if not photos_path(folder).exists():
        raise DualGeoError(f"{folder} holds no photos.parquet; name a dataset folder (data/atlas) or a table.")
    table = read_photos(folder)
    notes: list[str] = []
    features: Embeddings | None = None
    try:
        features = read_features(cache, ids_by_shard(table)).embedding
    except DualGeoError as error:
        notes.append(f"No embeddings of {folder} are at hand: {error}")
    photos = dataset_photos(table, folder, features, role, f"{folder} ({role.lower()})")
    if photos.hashes is not None and not photos.hashes.known.all():
        notes.append(f"{folder}: no hash of {int((~photos.hashes.known).sum())} images, which cannot be read.")
    return photos, notes
