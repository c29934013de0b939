"""How good the stand-ins are on cities they never saw, for each condition."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dualgeo.atlas.view import CONDITIONS
from dualgeo.standins.data import Photos, StandinData
from dualgeo.views.image_encoder import Float, load_image_encoder
from dualgeo.views.preprocessing import Pixels
from dualgeo.views.quality import Confusion, nearest
from dualgeo.views.segmenter import load_segmenter

BATCH = 64


def measure_clip(data: StandinData, folder: Path) -> dict[str, object]:
    """Share of held-out queries whose nearest gallery photo, by cosine of raw embeddings, shows their own city.

    Cities lie at least 60 km apart and spread over 5 km, so that share is Acc@25km.
    """
    encoder = load_image_encoder(str(folder), device="cpu")

    def embed(pixels: Sequence[Pixels]) -> Float:
        return encoder.encode_pixels(pixels).embedding

    gallery, queries = _unit(_in_batches(embed, data.gallery)), _unit(_in_batches(embed, data.queries))
    nearest_row = (queries @ gallery.T).argmax(1)
    right = data.gallery.city[nearest_row] == data.queries.city
    return {
        "cities": len(np.unique(data.gallery.city)),
        "gallery_photos": len(data.gallery),
        "acc_25km": {name: float(right[data.queries.condition == c].mean()) for c, name in enumerate(CONDITIONS)},
    }


def measure_segformer(data: StandinData, folder: Path) -> dict[str, object]:
    """mIoU and pixel accuracy on the held-out queries, overall and for each condition (see `Confusion.summary`)."""
    segmenter = load_segmenter(str(folder), device="cpu")
    predicted = _in_batches(segmenter.segment_pixels, data.queries)
    overall, by_condition = Confusion(), {name: Confusion() for name in CONDITIONS}
    for truth, mask, condition in zip(data.queries.masks, predicted, data.queries.condition, strict=True):
        truth = nearest(truth, *mask.shape)
        overall.add(truth, mask)
        by_condition[CONDITIONS[condition]].add(truth, mask)
    return {
        "overall": overall.summary(),
        "conditions": {name: confusion.summary() for name, confusion in by_condition.items()},
    }


def _in_batches(model: Callable[[Sequence[Pixels]], npt.NDArray[Any]], photos: Photos) -> npt.NDArray[Any]:
    # The photos are rendered at the models' input size, so their pixels need no preprocessing but the normalisation.
    return np.concatenate([model(list(photos.images[start : start + BATCH])) for start in range(0, len(photos), BATCH)])


def _unit(rows: Float) -> Float:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
