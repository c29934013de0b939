"""Made-up benchmarks whose truth is known: what the statistics are tried on before they are believed."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from dualgeo.evaluation.clusters import Clusters
from dualgeo.geo.sphere import Floats

LAYOUTS = ("one each", "two each", "geometric", "IM2GPS3k-like")
SHARES = (0.02, 0.1, 0.3, 0.6, 0.9)


@dataclass(frozen=True)
class Difficulty:
    """Why a system fails on a photo: variances of independent normal parts, summed to how hard the photo is for it."""

    photographer: float = 0.0
    photo: float = 1.0
    system_photographer: float = 0.0
    """Photographers who suit one system and not the other."""
    system_photo: float = 0.0
    seed: float = 0.0
    """Seeds of a system that are good or bad on everything."""
    chance: float = 0.0
    """What a seed gets right on one photo and not on the next."""

    @property
    def total(self) -> float:
        """Variance of how hard one photo is for one run."""
        common = self.photographer + self.photo + self.system_photographer + self.system_photo
        return common + self.seed + self.chance


def photographers(layout: str, count: int, rng: np.random.Generator) -> Clusters:
    """`count` photographers with photos as in one of LAYOUTS.

    "geometric": five photos on average; "IM2GPS3k-like": log-normal, median 7, mean 16, and a few with a hundred.
    """
    sizes = {
        "one each": lambda: np.ones(count, np.int64),
        "two each": lambda: np.full(count, 2),
        "geometric": lambda: rng.geometric(0.2, count),
        "IM2GPS3k-like": lambda: np.ceil(rng.lognormal(1.9, 1.3, count)).astype(np.int64),
    }[layout]()
    return Clusters(np.repeat(np.arange(count), sizes), count, True)


def simulated_hits(
    clusters: Clusters,
    seeds: list[int],
    difficulty: Difficulty,
    rng: np.random.Generator,
    shares: npt.ArrayLike = SHARES,
    advantage: float = 0.0,
) -> list[Floats]:
    """Hits of each system: (seeds, n, m) of 0.0 or 1.0, nested as thresholds are.

    Over all photographers and seeds every system hits `shares` (m,) of photos, but for the first, which finds every
    photo easier by `advantage` standard deviations; `true_shares` says how many it hits then.
    """
    code, count, photos = clusters.code, clusters.count, len(clusters.code)

    def normal(variance: float, *shape: int) -> Floats:
        return np.sqrt(variance) * rng.normal(size=shape)

    limits = np.array([NormalDist().inv_cdf(float(share)) for share in np.asarray(shares)])
    common = normal(difficulty.photographer, count)[code] + normal(difficulty.photo, photos)
    systems: list[Floats] = []
    for number, runs in enumerate(seeds):
        own = common + normal(difficulty.system_photographer, count)[code] + normal(difficulty.system_photo, photos)
        hard = own + normal(difficulty.seed, runs, 1) + normal(difficulty.chance, runs, photos)
        ease = advantage if number == 0 else 0.0
        systems.append((hard[:, :, None] / np.sqrt(difficulty.total) - ease <= limits).astype(np.float64))
    return systems


def true_shares(shares: npt.ArrayLike, advantage: float) -> Floats:
    """What the first system hits in the long run: (m,)."""
    normal = NormalDist()
    return np.array([normal.cdf(normal.inv_cdf(float(share)) + advantage) for share in np.asarray(shares)])
