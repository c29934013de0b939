"""How far a share could be off: Wilson's interval, and a bootstrap that resamples photographers.

Photos of one photographer resemble each other, so resampling photos states too much certainty; photographers are the
independent units.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.geo.sphere import Floats

BOOTSTRAP = "cluster bootstrap over photographers"
WILSON = "Wilson"
_RESAMPLES_AT_A_TIME = 256


@dataclass(frozen=True)
class Clusters:
    """Which queries belong together: `code` (n,) in 0..count-1, and whether a photographer was known at all."""

    code: npt.NDArray[np.int64]
    count: int
    known: bool

    @property
    def method(self) -> str:
        """The interval that fits: a bootstrap needs known photographers, and two of them."""
        return BOOTSTRAP if self.known and self.count >= 2 else WILSON


def clusters_of(photographers: "pd.Series[str]") -> Clusters:
    """Group queries by photographer; a query whose photographer is unknown stands for itself."""
    known = photographers.notna().to_numpy(dtype=bool)
    keys = [f"photographer {name}" if known[row] else f"row {row}" for row, name in enumerate(photographers)]
    distinct, code = np.unique(np.array(keys, dtype=str), return_inverse=True)
    return Clusters(code.astype(np.int64), len(distinct), bool(known.any()))


def each_alone(count: int) -> Clusters:
    """Every query for itself."""
    return Clusters(np.arange(count), count, False)


def wilson(successes: float, trials: float, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); trials = 0 gives (0, 1)."""
    if trials <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)))
    whole = 1 + z * z / trials
    # At the ends the exact bounds are 0 and 1; rounding must not put them a hair inside.
    low = 0.0 if successes <= 0 else (middle - spread) / whole
    high = 1.0 if successes >= trials else (middle + spread) / whole
    return max(0.0, low), min(1.0, high)


def bootstrap_means(values: Floats, clusters: Clusters, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of `values` (n, m) in `resamples` draws of whole clusters with replacement: (resamples, m).

    A draw gives each cluster a count (multinomial); a mean is then a ratio of two products with per-cluster sums.
    """
    sums = np.zeros((clusters.count, values.shape[1]))
    np.add.at(sums, clusters.code, values)
    sizes = np.bincount(clusters.code, minlength=clusters.count).astype(np.float64)
    chances = np.full(clusters.count, 1 / clusters.count)
    means = np.empty((resamples, values.shape[1]))
    for start in range(0, resamples, _RESAMPLES_AT_A_TIME):
        stop = min(start + _RESAMPLES_AT_A_TIME, resamples)
        drawn = rng.multinomial(clusters.count, chances, size=stop - start).astype(np.float64)
        means[start:stop] = (drawn @ sums) / (drawn @ sizes)[:, None]
    return means


def percentile_interval(draws: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Lower and upper bound (m,) of bootstrap draws (resamples, m)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def share_intervals(
    values: Floats, clusters: Clusters, confidence: float, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Interval (m,), (m,) of the mean of each column of `values` (n, m), all within 0..1, by `clusters.method`.

    A column of only misses or only hits has no spread to resample; it gets Wilson's interval with one trial for each
    cluster, so that certainty is never claimed.
    """
    shares = values.mean(axis=0)
    trials = clusters.count if clusters.method == BOOTSTRAP else len(values)
    bounds = np.array([wilson(share * trials, trials, confidence) for share in shares])
    low, high = bounds[:, 0], bounds[:, 1]
    if clusters.method == BOOTSTRAP:
        draws = bootstrap_means(values, clusters, resamples, np.random.default_rng(seed))
        below, above = percentile_interval(draws, confidence)
        spread = (shares > 0) & (shares < 1)
        low, high = np.where(spread, below, low), np.where(spread, above, high)
    return low, high
