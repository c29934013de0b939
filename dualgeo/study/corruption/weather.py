"""Corruptions of weather, drawn over a photo whose depth is not known."""

import numpy as np

from dualgeo.study.corruption.layers import clouds, scatter
from dualgeo.study.corruption.picture import Floats, blend, graded, grey

FOG_GREY = 0.80
SNOW_WHITE = 0.95
RAIN_GREY = 0.62
NEAR = 0.15
"""Depth of the lowest row, where that of the middle of a photo is 1: streets and fields come closer downwards."""


def fog(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """Light that fog scatters into the way: Koschmieder's law, exp(-thickness), over a plausible depth.

    The depth is that of a plain seen from eye height: it falls from the middle of the photo to its lower edge.
    """
    thickness = graded(severity, (0.5, 0.9, 1.4, 2.0, 2.8))
    height, width = picture.shape[:2]
    return _veiled(picture, thickness, FOG_GREY, clouds(height, width, rng))


def rain(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """Streaks of drops, all at one slant, before a greyer and dimmer scene."""
    height, width = picture.shape[:2]
    share = graded(severity, (0.007, 0.012, 0.019, 0.027, 0.037))
    length = graded(severity, (8.0, 10.5, 14.0, 17.5, 22.0))
    slant = rng.uniform(-25.0, 25.0)
    veiled = _veiled(picture, graded(severity, (0.15, 0.25, 0.4, 0.6, 0.85)), RAIN_GREY, clouds(height, width, rng))
    dim = veiled * graded(severity, (0.95, 0.9, 0.84, 0.78, 0.72))
    streaks = scatter(height, width, share, 0.5, length, slant, rng)
    return blend(dim, 0.85, graded(severity, (0.35, 0.42, 0.5, 0.58, 0.65)) * streaks)


def snow(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """Falling flakes, near large ones and far small ones, before a scene that snow in the air whitens."""
    height, width = picture.shape[:2]
    share = graded(severity, (0.003, 0.006, 0.010, 0.016, 0.024))
    slant = rng.uniform(-35.0, 35.0)
    veiled = _veiled(picture, graded(severity, (0.2, 0.4, 0.65, 0.95, 1.3)), SNOW_WHITE, clouds(height, width, rng))
    far = scatter(height, width, 2.5 * share, 0.6, 1.5, slant, rng)
    near = scatter(height, width, 0.4 * share, 1.3, 3.5, slant, rng)
    return blend(blend(veiled, SNOW_WHITE, 0.85 * far), SNOW_WHITE, 0.9 * near)


def _veiled(picture: Floats, thickness: float, brightness: float, density: Floats) -> Floats:
    """Scattered light of a grey `brightness` over paler colours; `density` (H, W, 1) makes it uneven."""
    rows = np.linspace(0.0, 1.0, picture.shape[0])[:, None, None]
    depth = np.where(rows < 0.5, 1.0, 1.0 - (1.0 - NEAR) * (rows - 0.5) / 0.5)
    left = np.exp(-thickness * depth * (0.65 + 0.7 * density))
    pale = blend(picture, grey(picture), min(0.6, 0.25 * thickness))
    return blend(pale, brightness, 1 - left)
