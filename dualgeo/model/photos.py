"""The cached views of many photos, handed to a model batch by batch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from dualgeo.errors import DualGeoError
from dualgeo.model.fusion import PhotoViews
from dualgeo.views.cache import FeatureTable, Masks, ids_by_shard, read_features, read_masks


@dataclass(frozen=True)
class CachedPhotos:
    """A photo table beside its cached views, row for row."""

    table: pd.DataFrame
    """Rows of photos.parquet."""
    latlon: npt.NDArray[np.float64]
    """Degrees (N, 2)."""
    features: FeatureTable
    masks: Masks
    rows: npt.NDArray[np.int64]
    """Row of each photo within `features` and `masks`."""

    def __len__(self) -> int:
        return len(self.rows)

    def views(self, which: npt.NDArray[np.int64]) -> PhotoViews:
        """The views of the photos at positions `which`, features as stored (float16)."""
        rows = self.rows[which]
        return PhotoViews(
            torch.from_numpy(self.features.embedding[rows]),
            torch.from_numpy(self.features.tokens[rows]),
            torch.from_numpy(self.masks[rows]),
        )

    def part(self, splits: list[str]) -> "CachedPhotos":
        """The photos of the named splits, in table order; DualGeoError when there is none."""
        kept = np.flatnonzero(self.table["split"].isin(splits).to_numpy())
        if len(kept) == 0:
            raise DualGeoError(f"The dataset has no {' or '.join(splits)} photos; ingest more photos.")
        return CachedPhotos(
            self.table.iloc[kept].reset_index(drop=True), self.latlon[kept], self.features, self.masks, self.rows[kept]
        )


def open_cached_photos(photos: pd.DataFrame, masks: Path, features: Path) -> CachedPhotos:
    """Open the caches of a whole photo table (as `read_photos` returns it).

    Raises DualGeoError when a cache lacks a photo of the table.
    """
    shards = ids_by_shard(photos)
    _, mask_rows = read_masks(masks, shards)
    return CachedPhotos(
        table=photos,
        latlon=photos[["lat", "lon"]].to_numpy(np.float64),
        features=read_features(features, shards),
        masks=mask_rows,
        rows=np.arange(len(photos)),
    )
