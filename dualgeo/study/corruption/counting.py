"""Weights and operations a photo, of the frozen views and of a trained system."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.study.corruption.cost import Cost
from dualgeo.views.image_encoder import ImageEncoder
from dualgeo.views.segmenter import Segmenter


def segmenter_cost(segmenter: Segmenter) -> Cost:
    """The frozen segmentation view."""
    photo = _blank(segmenter.preprocessing.size)
    return Cost(segmenter.parameters, _flops(lambda: segmenter.segment([photo])), 0)


def encoder_cost(encoder: ImageEncoder) -> Cost:
    """The frozen image view."""
    photo = _blank(encoder.preprocessing.size)
    return Cost(encoder.parameters, _flops(lambda: encoder.encode([photo])), 0)


def system_cost(system: GeoSystem, photos: CachedPhotos, dimensions: int) -> Cost:
    """The trained part: weights of the photo encoder, and its operations on the first of `photos`."""
    device = next(system.parameters()).device
    views = photos.views(np.zeros(1, np.int64)).to(device)
    parameters = sum(weights.numel() for weights in system.photo.parameters())
    return Cost(parameters, _flops(lambda: system.photo(views)), dimensions)


def _flops(work: Callable[[], object]) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def _blank(side: int) -> Image.Image:
    return Image.new("RGB", (side, side))
