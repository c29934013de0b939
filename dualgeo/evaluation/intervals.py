"""How far a share could be off: Wilson's interval, and the same with the effective number of photos.

Photos of one photographer resemble each other, so treating them as independent states too much certainty;
photographers are the independent units. How well the intervals keep their promise is in docs/statistics.md.
"""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from dualgeo.evaluation.clusters import WILSON, Clusters
from dualgeo.evaluation.variance import Spread, query_spread
from dualgeo.geo.sphere import Floats


def wilson(successes: float, trials: float, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); trials = 0 gives (0, 1)."""
    share = np.array([successes / trials if trials > 0 else 0.0])
    low, high = wilson_bounds(share, np.array([max(trials, 0.0)]), confidence)
    return float(low[0]), float(high[0])


def wilson_bounds(shares: Floats, trials: npt.ArrayLike, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's score interval (m,), (m,) of `shares` (m,) seen in `trials` (m,) or one number of them."""
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    count = np.broadcast_to(np.asarray(trials, np.float64), shares.shape)
    whole = count + z2
    middle = (count * shares + z2 / 2) / whole
    half = np.sqrt(z2 * (count * shares * (1 - shares) + z2 / 4)) / whole
    # At the ends the exact bounds are 0 and 1; rounding must not put them a hair inside.
    low = np.where(shares <= 0, 0.0, np.clip(middle - half, 0.0, 1.0))
    high = np.where(shares >= 1, 1.0, np.clip(middle + half, 0.0, 1.0))
    return np.where(count > 0, low, 0.0), np.where(count > 0, high, 1.0)


def share_intervals(
    values: Floats, clusters: Clusters, confidence: float, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Interval (m,), (m,) of the mean of each column of `values` (n, m), all within 0..1, by `clusters.method`."""
    shares = values.mean(axis=0)
    if clusters.method == WILSON:
        return wilson_bounds(shares, len(values), confidence)
    return spread_intervals(shares, query_spread(values, clusters, resamples, seed), clusters.count, confidence)


def spread_intervals(shares: Floats, spread: Spread, units: int, confidence: float) -> tuple[Floats, Floats]:
    """Wilson's interval (m,), (m,) of `shares` (m,) for the number of independent photos that `spread` amounts to.

    That number is share (1 - share) / variance, and less by (z / t)^2 for few degrees of freedom (Korn and Graubard
    1998; Franco et al. 2019, with Wilson's interval). A share without any spread, of only misses or only hits, gets one
    trial for each of `units`, so that certainty is never claimed.
    """
    probability = (1 + confidence) / 2
    z = NormalDist().inv_cdf(probability)
    trials = np.full(shares.shape, float(units))
    independent = shares * (1 - shares) * (z / spread.quantile(probability)) ** 2
    np.divide(independent, spread.variance, out=trials, where=(spread.variance > 0) & (independent > 0))
    return wilson_bounds(shares, trials, confidence)
