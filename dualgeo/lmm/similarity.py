"""How well a photo fits coordinates: the cosine between its aligned vectors and those of our location encoder."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from dualgeo.geo.sphere import Floats
from dualgeo.model.fusion import PhotoViews
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem

Similarity = Callable[[Floats, Floats], Floats]
"""Coordinates (B, m), degrees, latitudes first, one row a photo -> cosines (B, m), NaN where a coordinate is."""
BATCH = 4096
"""Coordinates encoded at a time."""


class ImageGps:
    """Image-GPS similarity of some photos, as G3 verifies with (arXiv 2405.14702): the mean over a photo's views."""

    def __init__(self, system: GeoSystem, photo: torch.Tensor) -> None:
        """`photo` (B, embedding): the mean of the unit vectors of each photo's views."""
        self.system, self.photo = system, photo

    @staticmethod
    @torch.inference_mode()
    def of_views(system: GeoSystem, views: PhotoViews) -> "ImageGps":
        """New photos, from their views."""
        return ImageGps(system, torch.stack(system.photo(views.to(next(system.parameters()).device))).mean(dim=0))

    @staticmethod
    def of(system: GeoSystem, photos: CachedPhotos, batch: int = 256) -> "ImageGps":
        """Photos of a dataset, row for row, from their cached views."""
        everything = np.arange(len(photos))
        parts = [
            ImageGps.of_views(system, photos.views(everything[start : start + batch])).photo
            for start in range(0, len(photos), batch)
        ]
        return ImageGps(system, torch.cat(parts))

    def rows(self, which: npt.NDArray[np.int64]) -> "ImageGps":
        """The photos at the positions `which`, in that order."""
        return ImageGps(self.system, self.photo[torch.from_numpy(which.copy())])

    @torch.inference_mode()
    def __call__(self, lat: Floats, lon: Floats) -> Floats:
        """Cosines (B, m), rounded to 6 decimals so that equal places are equal whatever batch they were in."""
        if len(lat) != len(self.photo) or lat.shape != lon.shape:
            raise ValueError(f"coordinates {lat.shape} and {lon.shape} must have {len(self.photo)} rows")
        cosines = np.full(lat.shape, np.nan)
        row, column = np.nonzero(np.isfinite(lat) & np.isfinite(lon))
        places = torch.from_numpy(np.stack([lat[row, column], lon[row, column]], axis=-1)).to(self.photo.device)
        photo = torch.from_numpy(row)
        for start in range(0, len(row), BATCH):
            part = slice(start, start + BATCH)
            vectors = F.normalize(self.system.location(places[part]).float(), dim=-1)
            found = (vectors * self.photo[photo[part].to(self.photo.device)]).sum(dim=-1)
            cosines[row[part], column[part]] = found.cpu().numpy()
        return np.asarray(np.round(cosines, 6), np.float64)
