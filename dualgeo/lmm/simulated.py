"""Models that are none: they are told the truth, or guess. For studies and tests only; no provider has this name.

A simulated model shows what verification does with answers of a known quality, and what a real model of that quality
would bring. How often a real model is as good, it cannot show.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats, destination
from dualgeo.lmm.generated import Generated

GUESS_RADIUS_KM = 10_000.0
"""What a guess says of itself: nothing is known."""


@dataclass(frozen=True)
class SimulatedModel:
    """Answers with the truth, moved by an isotropic Gaussian, or with a place of the gallery."""

    sigma_km: float
    """Standard deviation of the answer's error along each of two directions."""
    knows: float = 1.0
    """Probability that it knows a photo; else it answers at random, as densely as the gallery lies."""

    @property
    def name(self) -> str:
        """How tables call it."""
        if self.knows == 0:
            return "answers at random"
        share = "" if self.knows == 1 else f"{100 * self.knows:g} % "
        return f"knows {share}to {self.sigma_km:g} km"

    def expected(self, threshold_km: float) -> float:
        """Share of what it knows that lies within `threshold_km`: the Rayleigh distribution of the error's length.

        Random answers add the share of gallery photos that lie so near by chance.
        """
        return self.knows * (1 - math.exp(-(threshold_km**2) / (2 * self.sigma_km**2)))

    def answer(self, photo_ids: Sequence[str], lat: Floats, lon: Floats, gallery: Floats, seed: int) -> Generated:
        """One coordinate (B, 1) for each photo, whose truth is `lat`, `lon` (B,) in degrees.

        `gallery` (N, 2): degrees of the gallery photos. An answer depends on `seed` and the photo's id alone, and two
        models of other sigma or share that both know a photo err in one direction.
        """
        known, length, bearing, place = uniforms(photo_ids, seed).T
        distance = self.sigma_km * np.sqrt(-2 * np.log1p(-length))
        near_lat, near_lon = destination(lat, lon, 360 * bearing, distance)
        guess = gallery[np.minimum((place * len(gallery)).astype(np.int64), len(gallery) - 1)]
        knows = known < self.knows
        radius = np.where(knows, self.sigma_km * math.sqrt(2 * math.log(10)), GUESS_RADIUS_KM)
        answers = (np.where(knows, near_lat, guess[:, 0]), np.where(knows, near_lon, guess[:, 1]), radius)
        return Generated(*(values[:, None] for values in answers))


def uniforms(photo_ids: Sequence[str], seed: int) -> npt.NDArray[np.float64]:
    """Four numbers in [0, 1) for each photo (B, 4), from a digest of seed and id: no order of photos changes them."""
    digests = b"".join(hashlib.sha256(f"{seed}/{photo_id}".encode()).digest() for photo_id in photo_ids)
    words = np.frombuffer(digests, dtype="<u8").reshape(-1, 4)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
