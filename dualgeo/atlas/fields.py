"""Smooth random fields on the sphere: how appearance varies from continent to street.

A field is a sum of cosines of 3-D unit vectors, so it has no seam at 180 degrees and no pole. Its wavelength says how
far one must travel for it to change.
"""

import math

import numpy as np
from numpy.typing import NDArray

EARTH_KM = 6371.0088
WAVES = 7


class Fields:
    """A bundle of independent fields of given wavelengths (km), evaluated together."""

    def __init__(self, seed: int, wavelengths_km: list[float]) -> None:
        rng = np.random.default_rng([seed, 23])
        directions = rng.standard_normal((len(wavelengths_km), WAVES, 3))
        directions /= np.sqrt((directions**2).sum(axis=2, keepdims=True))
        spread = rng.uniform(0.7, 1.3, (len(wavelengths_km), WAVES, 1))
        scale = 2 * math.pi * EARTH_KM / np.asarray(wavelengths_km)[:, None, None]
        self._waves: NDArray[np.float64] = directions * spread * scale
        self._phases: NDArray[np.float64] = rng.uniform(0, 2 * math.pi, (len(wavelengths_km), WAVES))

    def at(self, lat: float, lon: float) -> list[float]:
        """One value in 0..1 for each field, roughly uniform over the Earth, rounded to 1e-5 so that every CPU
        agrees.
        """
        phi, lam = math.radians(lat), math.radians(lon)
        x, y, z = math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)
        waves = self._waves
        # Written out rather than as a matrix product: the order of additions is then the same everywhere.
        angle = waves[:, :, 0] * x + waves[:, :, 1] * y + waves[:, :, 2] * z + self._phases
        cosines = np.cos(angle)
        total = cosines[:, 0].copy()
        for wave in range(1, WAVES):
            total += cosines[:, wave]
        # A sum of cosines of random phase is nearly normal with variance WAVES / 2; its distribution function spreads
        # it evenly.
        return [round(0.5 * (1 + math.erf(float(value) / math.sqrt(WAVES))), 5) for value in total]
