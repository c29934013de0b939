"""How certain a mean is when queries come in clusters and systems in seeds: variances and degrees of freedom."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from dualgeo.evaluation.bootstrap import bootstrap_variance
from dualgeo.evaluation.clusters import Clusters, cluster_sums
from dualgeo.geo.sphere import Floats

SKEW_ALLOWANCE = 1.5
"""Sample kurtosis is too low for the skewed sums of rare hits; found with benchmarks/interval_coverage.py."""


@dataclass(frozen=True)
class Spread:
    """Variance (m,) of the means of m columns, and the degrees of freedom (m,) that it was estimated with."""

    variance: Floats
    freedom: Floats

    @property
    def error(self) -> Floats:
        """Standard error (m,)."""
        return np.sqrt(self.variance)

    def quantile(self, probability: float) -> Floats:
        """Student's t quantile (m,) for these degrees of freedom."""
        return np.asarray(stdtrit(self.freedom, probability), np.float64)


def query_spread(values: Floats, clusters: Clusters, resamples: int, seed: int) -> Spread:
    """Spread of the mean of each column of `values` (n, m) over clusters of queries: a cluster bootstrap.

    Degrees of freedom: those of k units with kurtosis K, 2 k / (K - 1), less an allowance for skew; and no more than
    the effective number of clusters, (sum of sizes)^2 / sum of sizes^2 (Kish 1965), less one. So a few photographers
    with many photos, or a few who carry all the hits, count as few. Zero variance where there is a single cluster.
    """
    count, columns = clusters.count, values.shape[1]
    if count < 2:
        return Spread(np.zeros(columns), np.ones(columns))
    off = cluster_sums(values - values.mean(axis=0), clusters)
    squares = (off**2).sum(axis=0)
    kurtosis = np.divide(count * (off**4).sum(axis=0), squares**2, out=np.ones(columns), where=squares > 1e-18)
    freedom = 2 * count / SKEW_ALLOWANCE / np.maximum(kurtosis - 1, 1e-9)
    effective = len(values) ** 2 / float((clusters.sizes**2).sum())
    variance = bootstrap_variance(values, clusters, resamples, seed)
    return Spread(np.where(squares > 1e-18, variance, 0.0), np.clip(freedom, 1.0, max(1.0, effective - 1)))


def seed_spread(values: Floats) -> Spread:
    """Spread of the mean over seeds of `values` (seeds, n, m); zero for one seed, from which it cannot be known."""
    seeds, _, columns = values.shape
    if seeds < 2:
        return Spread(np.zeros(columns), np.ones(columns))
    return Spread(values.mean(axis=1).var(axis=0, ddof=1) / seeds, np.full(columns, seeds - 1.0))


def two_level_spread(mean: Floats, sides: list[Floats], clusters: Clusters, resamples: int, seed: int) -> Spread:
    """Spread of `mean` (n, m) over queries and over the seeds of each of `sides` (seeds, n, m), which are crossed.

    The variances are added. What one seed gets right on a query and another does not is in both of them, which errs on
    the safe side. Degrees of freedom by Satterthwaite (1946): with three seeds that differ much, about two a side.
    """
    parts = [query_spread(mean, clusters, resamples, seed), *(seed_spread(side) for side in sides)]
    variance = np.sum([part.variance for part in parts], axis=0)
    weight = np.sum([part.variance**2 / part.freedom for part in parts], axis=0)
    return Spread(variance, np.divide(variance**2, weight, out=np.ones_like(variance), where=weight > 0))


def design_effect(values: Floats, clusters: Clusters) -> Floats:
    """How many times the variance of a mean exceeds that of as many independent photos (Kish 1965): (m,).

    `values` (n, m). The variance is the linearised one of a ratio of cluster sums (Cochran 1977, 6.4). NaN where it
    cannot be told: no photographer is known, or a single one, or the column is constant.
    """
    count, photos = clusters.count, len(values)
    if clusters.count < 2 or not clusters.known:
        return np.full(values.shape[1], np.nan)
    off = values - values.mean(axis=0)
    naive = (off**2).sum(axis=0) / (photos - 1) / photos
    robust = (cluster_sums(off, clusters) ** 2).sum(axis=0) * count / (count - 1) / photos**2
    return np.divide(robust, naive, out=np.full(values.shape[1], np.nan), where=naive > 1e-18)
