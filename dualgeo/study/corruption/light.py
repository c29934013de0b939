"""Corruptions of light: too little of it, or of the wrong colour."""

import numpy as np

from dualgeo.study.corruption.picture import REFERENCE_SIDE, Floats, blend, decoded, encoded, graded, grey

FULL_WELL = 900.0
"""Photo-electrons that white gives a pixel of a photo with the reference side."""
READ_NOISE = 4.0
"""Electrons (standard deviation) that reading a pixel adds."""


def low_light(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """Up to five stops less light, with the shot and read noise that so little light leaves, and paler colours.

    A sensor of the same size is assumed: twice the pixels along a side get a quarter of the electrons each.
    """
    stops = graded(severity, (1.0, 2.0, 3.0, 4.0, 5.0))
    side = min(picture.shape[:2])
    electrons = FULL_WELL * (REFERENCE_SIDE / side) ** 2
    noise = READ_NOISE * REFERENCE_SIDE / side
    arriving = np.clip(decoded(picture), 0, 1) * 2.0**-stops * electrons
    counted = rng.poisson(arriving) + noise * rng.standard_normal(picture.shape)
    # The camera lifts the exposure by a third of what is missing, noise and all.
    lifted = encoded(counted / electrons * 2.0 ** (stops / 3))
    return blend(lifted, grey(lifted), 0.08 * severity)


def colour_cast(picture: Floats, severity: int, rng: np.random.Generator) -> Floats:
    """A wrong white balance: channels are scaled in linear light, in a random direction, brightness kept."""
    strength = graded(severity, (0.12, 0.22, 0.36, 0.54, 0.75))
    direction = rng.standard_normal(3)
    direction -= direction.mean()
    gains = np.exp(strength * direction / max(float(np.abs(direction).max()), 1e-9))
    linear = decoded(picture)
    cast = linear * gains
    brightness = grey(linear).mean() / max(float(grey(cast).mean()), 1e-9)
    return encoded(cast * brightness)
