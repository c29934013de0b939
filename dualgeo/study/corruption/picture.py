"""What every corruption works with: a picture as floats, light as the eye and as the sensor sees it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""A picture is (H, W, 3), R, G, B in 0..1 as stored (sRGB); a layer is (H, W)."""
REFERENCE_SIDE = 224
"""Side at which image encoders look at photos: a sensor's noise is stated for it."""
SEVERITIES = 5
_GAMMA = 2.2
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def graded(severity: int, values: Sequence[float]) -> float:
    """The value of a severity from 1 to 5; ValueError for another one."""
    if not 1 <= severity <= SEVERITIES:
        raise ValueError(f"a severity is 1 to {SEVERITIES}, not {severity}")
    return values[severity - 1]


def decoded(picture: Floats) -> Floats:
    """Linear light from stored values (gamma 2.2)."""
    return np.maximum(picture, 0.0) ** _GAMMA


def encoded(linear: Floats) -> Floats:
    """Stored values from linear light, within 0..1."""
    return np.clip(linear, 0.0, 1.0) ** (1 / _GAMMA)


def grey(picture: Floats) -> Floats:
    """Luminance of each pixel, (H, W, 1)."""
    return (picture @ _LUMINANCE)[:, :, None]


def blend(picture: Floats, colour: float | Floats, share: float | Floats) -> Floats:
    """`share` of `colour` over the picture; both may be layers (H, W, 1)."""
    return picture * (1 - share) + colour * share
