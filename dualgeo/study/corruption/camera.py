"""Corruptions of the camera: focus, shake, and what saving too small a file costs."""

import io

import numpy as np
from PIL import Image
from scipy.signal import oaconvolve

from dualgeo.study.corruption.layers import disc_kernel, line_kernel
from dualgeo.study.corruption.picture import Floats, decoded, encoded, graded


def defocus(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """A disc of confusion of 0.8 to 4.5 % of the short side (its radius), in linear light."""
    share = graded(severity, (0.008, 0.014, 0.022, 0.032, 0.045))
    return _convolved(picture, disc_kernel(share * min(picture.shape[:2])))


def motion(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """A shake along a straight line of 3 to 17 % of the short side, in any direction, in linear light."""
    share = graded(severity, (0.03, 0.05, 0.08, 0.12, 0.17))
    return _convolved(picture, line_kernel(share * min(picture.shape[:2]), rng.uniform(0.0, 180.0)))


def jpeg(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """JPEG at quality 40 down to 5. Its blocks have 8 pixels whatever the photo's size, so small photos lose more."""
    quality = int(graded(severity, (40, 25, 15, 10, 5)))
    buffer = io.BytesIO()
    Image.fromarray(np.rint(255 * picture).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"), np.float64) / 255


def _convolved(picture: Floats, kernel: Floats) -> Floats:
    reach = kernel.shape[0] // 2
    # Mirrored beyond the edges: black borders would tell an encoder more than the blur does.
    padded = np.pad(decoded(picture), ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    blurred = oaconvolve(padded, kernel[:, :, None], mode="valid", axes=(0, 1))
    return encoded(blurred)
