"""The table of photos with the columns that expectations judge but the table itself does not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.neighbors import BallTree

from dualgeo.datasets.contract import read_photos
from dualgeo.datasets.quarantine import read_quarantine
from dualgeo.geo.sphere import EARTH_RADIUS_KM
from dualgeo.validation.readable import stored_images

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DatasetFacts:
    """`photos`: the contract's columns and

    - image_problem (str or null): why the stored image is unusable
    - gallery_distance_m (float, null for gallery rows): great-circle distance to the nearest gallery photo
    - place_splits, photographer_splits (float, null where unknown): in how many splits the row's place, photographer is
    - unknown_place (float or null): 1 for a position of exactly (0, 0)
    - licence_text (str): the licence, empty where there is none

    `images`: photos stored in shards; `quarantined`: (file, reason) left out before.
    """

    photos: pd.DataFrame
    images: int
    quarantined: list[tuple[str, str]]

    @property
    def quarantined_share(self) -> float:
        return len(self.quarantined) / max(1, len(self.quarantined) + len(self.photos))


def gather(folder: Path, threads: int) -> DatasetFacts:
    """Read a dataset folder, its shards included. Raises DualGeoError when its table cannot be read."""
    photos = read_photos(folder)
    listed = {path.stem for path in (folder / "shards").glob("*.tar")}
    stored = stored_images(folder, sorted(listed | set(photos["shard"])), threads)
    photos["image_problem"] = _image_problems(photos, stored)
    photos["gallery_distance_m"] = gallery_distance_m(photos)
    for column in ("place", "photographer"):
        photos[f"{column}_splits"] = photos.groupby(column)["split"].transform("nunique").astype(np.float64)
    photos["unknown_place"] = np.where((photos["lat"] == 0) & (photos["lon"] == 0), 1.0, np.nan)
    photos["licence_text"] = photos["licence"].fillna("")
    return DatasetFacts(photos, sum(map(len, stored.values())), read_quarantine(folder))


def _image_problems(photos: pd.DataFrame, stored: Mapping[str, Sequence[tuple[str, str | None]]]) -> list[str | None]:
    found = {shard: dict(images) for shard, images in stored.items()}
    return [
        found[shard].get(photo_id, "no image in its shard, or the shard is damaged")
        for shard, photo_id in zip(photos["shard"], photos["photo_id"], strict=True)
    ]


def gallery_distance_m(photos: pd.DataFrame) -> Floats:
    """Metres from each validation or query photo to the nearest gallery photo; NaN for others and without positions."""
    points = np.radians(photos[["lat", "lon"]].to_numpy(np.float64))
    known = np.isfinite(points).all(axis=1)
    in_gallery = (photos["split"] == "gallery").to_numpy(np.bool_)
    gallery, others = in_gallery & known, ~in_gallery & known
    distance = np.full(len(photos), np.nan)
    if gallery.any() and others.any():
        tree = BallTree(points[gallery], metric="haversine")
        distance[others] = tree.query(points[others], k=1)[0][:, 0] * EARTH_RADIUS_KM * 1000
    return distance
