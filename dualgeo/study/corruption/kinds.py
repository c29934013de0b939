"""The corruptions by name, and how one is applied to a photo.

Severities run from 1 (a good camera would hide it) to 5 (a person has trouble to see the place); the idea of graded
corruptions is Hendrycks and Dietterich's (ICLR 2019). Theirs and its ports state sizes in pixels of 224 px photos and
draw from global random numbers; here sizes are shares of the photo and every photo draws its own.
"""

import hashlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from dualgeo.study.corruption.camera import defocus, jpeg, motion
from dualgeo.study.corruption.light import colour_cast, low_light
from dualgeo.study.corruption.picture import SEVERITIES, Floats
from dualgeo.study.corruption.weather import fog, rain, snow

Corruption = Callable[[Floats, int, np.random.Generator], Floats]
"""A picture (H, W, 3) of sRGB in 0..1, a severity and the photo's own random numbers -> the same shape."""
CORRUPTIONS: dict[str, Corruption] = {
    "low-light": low_light,
    "fog": fog,
    "rain": rain,
    "snow": snow,
    "defocus": defocus,
    "motion": motion,
    "jpeg": jpeg,
    "colour-cast": colour_cast,
}


def corrupt(image: Image.Image, corruption: str, severity: int, seed: int, photo_id: str) -> Image.Image:
    """The corrupted copy of an RGB photo, of its size; severity 0 is the photo itself.

    The random numbers depend on seed, photo and corruption but not on severity: a stronger rain has the drops of the
    weaker one and more. Raises ValueError for a severity outside 0..5, KeyError for an unknown corruption.
    """
    if severity == 0:
        return image.copy()
    if not 1 <= severity <= SEVERITIES:
        raise ValueError(f"a severity is 0 to {SEVERITIES}, not {severity}")
    picture = np.asarray(image.convert("RGB"), np.float64) / 255
    made = CORRUPTIONS[corruption](picture, severity, _random(seed, photo_id, corruption))
    return Image.fromarray(np.rint(255 * np.clip(made, 0.0, 1.0)).astype(np.uint8))


def _random(seed: int, photo_id: str, corruption: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {corruption} {photo_id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
