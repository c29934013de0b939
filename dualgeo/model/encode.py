"""Photos to the vectors that the index holds: parts of unit length, weighted and joined."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from dualgeo.model.fusion import PhotoViews, fuse
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.params import IndexParams
from dualgeo.progress import progress

Vectors = npt.NDArray[np.float32]
BATCH = 256


def parts_of(system: GeoSystem, params: IndexParams) -> list[tuple[str, float]]:
    """The parts and weights a variant's rows are made of; segmentation alone never borrows the raw image embedding."""
    chosen = list(zip(params.parts, params.weights, strict=True))
    if system.config.variant == "segmentation":
        return [("fused", 1.0)]
    return [(part, weight) for part, weight in chosen]


@torch.inference_mode()
def encode(system: GeoSystem, views: PhotoViews, parts: Sequence[tuple[str, float]]) -> Vectors:
    """Unit rows (B, sum of part sizes), float32: so that an inner product of rows is a weighted mean of cosines."""
    views = views.to(next(system.parameters()).device)
    made: list[torch.Tensor] = []
    for part, weight in parts:
        vector = fuse(system.photo(views)) if part == "fused" else F.normalize(views.embedding, dim=-1)
        made.append(vector * weight**0.5)
    total = sum(weight for _, weight in parts) ** 0.5
    return (torch.cat(made, dim=-1) / total).cpu().numpy().astype(np.float32)


def encode_photos(system: GeoSystem, photos: CachedPhotos, parts: Sequence[tuple[str, float]], label: str) -> Vectors:
    """Rows of all `photos` in their order, computed batch by batch (N, dimensions)."""
    starts = range(0, len(photos), BATCH)
    everything = np.arange(len(photos))
    rows = [
        encode(system, photos.views(everything[start : start + BATCH]), parts)
        for start in progress(starts, len(starts), label)
    ]
    return np.concatenate(rows)
