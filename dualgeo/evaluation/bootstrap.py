"""Resampling photographers: means of whole clusters drawn with replacement."""

import numpy as np

from dualgeo.evaluation.clusters import Clusters, cluster_sums
from dualgeo.geo.sphere import Floats

_COUNTS_AT_A_TIME = 4_000_000
_ALIKE_DIGITS = 9


def bootstrap_means(values: Floats, clusters: Clusters, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of `values` (n, m) in `resamples` draws of whole clusters with replacement: (resamples, m).

    Clusters with the same size and the same sums are interchangeable, so a draw is a multinomial count of each kind of
    cluster, and its mean a ratio of two products. Hits at a few thresholds make few kinds: thousands of photographers
    become tens, which is where the speed comes from; the distribution of the draws is unchanged.
    """
    sums, sizes = cluster_sums(values, clusters), clusters.sizes
    kinds, times = _kinds(np.column_stack([sizes, sums]))
    step = max(1, _COUNTS_AT_A_TIME // len(times))
    means = np.empty((resamples, values.shape[1]))
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = rng.multinomial(clusters.count, times / clusters.count, size=stop - start).astype(np.float64)
        means[start:stop] = (drawn @ kinds[:, 1:]) / (drawn @ kinds[:, 0])[:, None]
    return means


def bootstrap_variance(values: Floats, clusters: Clusters, resamples: int, seed: int) -> Floats:
    """Variance (m,) of the mean of each column of `values` (n, m) over draws of whole clusters; two clusters at least.

    With k clusters the draws vary (k - 1) / k as much as new photographers would; that is made good.
    """
    draws = bootstrap_means(values, clusters, resamples, np.random.default_rng(seed))
    return draws.var(axis=0) * clusters.count / (clusters.count - 1)


def _kinds(rows: Floats) -> tuple[Floats, Floats]:
    """Distinct rows in the order in which they first appear, and how often each occurs.

    Rounding must not make kinds. The order must not depend on signs, so that B minus A gets the draws of A minus B.
    """
    rounded = np.round(rows, _ALIKE_DIGITS)
    order = np.lexsort(rounded.T)  # stable: the first of its kind comes first
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (np.diff(rounded[order], axis=0) != 0).any(axis=1)
    starts = np.flatnonzero(new)
    times = np.diff(np.append(starts, len(rows)))
    appearance = np.argsort(order[starts])
    return rows[order[starts[appearance]]], times[appearance].astype(np.float64)
