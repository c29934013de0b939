"""Batches of photos and masks as a camera might have taken them: other crop, other exposure, some noise. No flips."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

MIN_SIDE = 0.8
"""Side of the smallest crop, as a share of the photo's."""


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of R, G, B in 0..1 that the model's input is brought to."""

    mean: Sequence[float]
    std: Sequence[float]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, S, S) float32 in 0..1 -> the same, normalised."""
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return (images - mean) / std


def augment(
    images: torch.Tensor, masks: torch.Tensor, mask_side: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Crop, expose and add noise.

    images: (N, S, S, 3) uint8 -> (N, 3, S, S) float32 in 0..1. masks: (N, S, S) uint8 -> (N, mask_side, mask_side)
    int64, the id at the centre of each cell of the same crop.
    """
    count, side = images.shape[0], images.shape[1]
    theta = _random_crops(count, generator)
    pictures = images.permute(0, 3, 1, 2).float() / 255
    grid = functional.affine_grid(theta, [count, 3, side, side], align_corners=False)
    pictures = functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)
    cells = functional.affine_grid(theta, [count, 1, mask_side, mask_side], align_corners=False)
    labels = functional.grid_sample(
        masks[:, None].float(), cells, mode="nearest", padding_mode="border", align_corners=False
    )
    return _expose(pictures, generator), labels[:, 0].round().long()


def _random_crops(count: int, generator: torch.Generator) -> torch.Tensor:
    scale = MIN_SIDE + (1 - MIN_SIDE) * torch.rand(count, generator=generator)
    shift = (2 * torch.rand(count, 2, generator=generator) - 1) * (1 - scale)[:, None]
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = scale
    theta[:, :, 2] = shift
    return theta


def _expose(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    count = len(pictures)
    gain = torch.exp(0.12 * torch.randn(count, 1, 1, 1, generator=generator))
    tint = torch.exp(0.03 * torch.randn(count, 3, 1, 1, generator=generator))
    noise = 0.02 * torch.rand(count, 1, 1, 1, generator=generator) * torch.randn(pictures.shape, generator=generator)
    return (pictures * gain * tint + noise).clamp(0, 1)
