"""One line for a variant: the mean over its seeds, how much seeds differ, and how far the mean could be off."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.clusters import Clusters
from dualgeo.evaluation.figures import DIGITS, threshold_key
from dualgeo.evaluation.intervals import share_intervals, spread_intervals, wilson_bounds
from dualgeo.evaluation.tables import SetHits, aligned_hits
from dualgeo.evaluation.variance import design_effect, two_level_spread
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of a variant on one query set at one threshold, in percent."""

    mean: float
    sd: float | None
    """Sample standard deviation over seeds; None for a single seed."""
    low: float
    high: float
    """Interval of the mean over other photographers and, where there are several seeds, other seeds."""
    seeds: int
    queries: int
    interval: str
    design_effect: float | None
    """How many times the variance exceeds that of as many independent photos; None where it cannot be told."""
    wilson_low: float
    wilson_high: float
    """The naive look: Wilson's interval, as if every photo were independent and seeds did not matter."""
    units: int
    """Photographers, one for each photo whose photographer is unknown."""


def summarise(runs: list[pd.DataFrame], params: ScoreParams) -> dict[str, dict[str, Accuracy]]:
    """Accuracy by query set and threshold key from the per-query tables of a variant, one for each seed.

    Raises DualGeoError when the tables are not about the same queries.
    """
    sets = aligned_hits(runs, params.thresholds_km)
    return {name: _accuracies(found, params) for name, found in sets.items()}


def accuracy_intervals(hits: Floats, clusters: Clusters, params: ScoreParams) -> tuple[Floats, Floats]:
    """Interval (m,), (m,) of the mean of `hits` (seeds, n, m), as shares."""
    mean = hits.mean(axis=0)
    if len(hits) == 1:
        return share_intervals(mean, clusters, params.confidence, params.resamples, params.seed)
    units = clusters.resampled()
    spread = two_level_spread(mean, [hits], units, params.resamples, params.seed)
    return spread_intervals(mean.mean(axis=0), spread, units.count, params.confidence)


def _accuracies(found: SetHits, params: ScoreParams) -> dict[str, Accuracy]:
    seeds, queries, _ = found.hits.shape
    by_seed = found.hits.mean(axis=1)
    mean = by_seed.mean(axis=0)
    low, high = accuracy_intervals(found.hits, found.clusters, params)
    naive_low, naive_high = wilson_bounds(mean, queries, params.confidence)
    effect = design_effect(found.hits.mean(axis=0), found.clusters)
    return {
        threshold_key(threshold): Accuracy(
            mean=_percent(mean[column]),
            sd=_percent(float(np.std(by_seed[:, column], ddof=1))) if seeds > 1 else None,
            low=_percent(low[column]),
            high=_percent(high[column]),
            seeds=seeds,
            queries=queries,
            interval=found.clusters.method,
            design_effect=None if np.isnan(effect[column]) else round(float(effect[column]), DIGITS),
            wilson_low=_percent(naive_low[column]),
            wilson_high=_percent(naive_high[column]),
            units=found.clusters.count,
        )
        for column, threshold in enumerate(params.thresholds_km)
    }


def _percent(share: float) -> float:
    return round(100 * float(share), DIGITS)
