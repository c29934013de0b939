"""Layers that weather is drawn with: clouds, and a scatter of drops or flakes.

They are drawn on a canvas whose short side has CANVAS_SIDE pixels and then brought to the photo's size, so that a drop
covers the same share of a small photo as of a large one.
"""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.signal import oaconvolve

from dualgeo.study.corruption.picture import Floats

CANVAS_SIDE = 128
OCTAVES = (3, 6, 12, 24)
"""Random values along the short side in each octave of a cloud."""


def canvas_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the canvas of a photo: its shape, the short side CANVAS_SIDE."""
    scale = CANVAS_SIDE / min(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def fitted(layer: Floats, height: int, width: int, how: Image.Resampling = Image.Resampling.BOX) -> Floats:
    """A layer at the photo's size, (height, width, 1)."""
    image = Image.fromarray(layer.astype(np.float32), "F")
    return np.asarray(image.resize((width, height), how), np.float64)[:, :, None]


def clouds(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Smooth random density in 0..1, (height, width, 1): random values on four grids, each twice as fine and half as
    strong as the one before.
    """
    scale = 1 / min(height, width)
    total = np.zeros((height, width, 1))
    for octave, values in enumerate(OCTAVES):
        grid = rng.standard_normal((round(height * scale * values) + 1, round(width * scale * values) + 1))
        total += fitted(grid, height, width, Image.Resampling.BICUBIC) * 0.5**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-9)


def scatter(
    height: int, width: int, share: float, size: float, length: float, angle: float, rng: np.random.Generator
) -> Floats:
    """Random drops in 0..1, (height, width, 1): `share` of the canvas' pixels start one.

    Each is `size` canvas pixels thick (a standard deviation) and `length` long, falling at `angle` degrees from the
    vertical. Which pixels start a drop is drawn once: a larger share adds drops and moves none.
    """
    rows, columns = canvas_size(height, width)
    drawn = rng.random((rows, columns))
    strength = 0.5 + 0.5 * rng.random((rows, columns))
    seeds = np.where(drawn < share, strength, 0.0)
    soft = gaussian_filter(seeds, size, mode="wrap") * 2 * np.pi * size**2
    streaks = oaconvolve(soft, line_kernel(length, angle + 90.0), mode="same") * max(1.0, length / 3)
    return fitted(np.clip(streaks, 0.0, 1.0), height, width)


def line_kernel(length: float, angle: float) -> Floats:
    """A line through the middle of a square that sums to 1; `length` pixels, `angle` degrees from the horizontal."""
    reach = max(1, int(np.ceil(length / 2)))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    turn = np.deg2rad(angle)
    along = columns * np.cos(turn) - rows * np.sin(turn)
    across = columns * np.sin(turn) + rows * np.cos(turn)
    # Soft by one pixel at its ends and sides, so that it lengthens smoothly.
    inside = np.clip(length / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return inside / inside.sum()


def disc_kernel(radius: float) -> Floats:
    """A disc that sums to 1, its rim soft by one pixel."""
    reach = max(1, int(np.ceil(radius)))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    inside = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)
    return inside / inside.sum()
