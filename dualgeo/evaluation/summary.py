"""One line for a variant: the mean over its seeds, how much seeds differ, and how far the mean could be off."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.intervals import share_intervals
from dualgeo.evaluation.score import DIGITS, threshold_key
from dualgeo.evaluation.tables import aligned_hits
from dualgeo.params import ScoreParams


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of a variant on one query set at one threshold, in percent."""

    mean: float
    sd: float | None
    """Sample standard deviation over seeds; None for a single seed."""
    low: float
    high: float
    """Interval of the mean over the queries, photographers resampled; it does not hold the spread of seeds."""
    seeds: int
    queries: int
    interval: str


def summarise(runs: list[pd.DataFrame], params: ScoreParams) -> dict[str, dict[str, Accuracy]]:
    """Accuracy by query set and threshold key from the per-query tables of a variant, one for each seed.

    Raises DualGeoError when the tables are not about the same queries.
    """
    answer: dict[str, dict[str, Accuracy]] = {}
    for name, found in aligned_hits(runs, params.thresholds_km).items():
        by_seed = 100 * found.hits.mean(axis=1)
        low, high = share_intervals(
            found.hits.mean(axis=0), found.clusters, params.confidence, params.resamples, params.seed
        )
        answer[name] = {
            threshold_key(threshold): Accuracy(
                mean=round(float(by_seed[:, column].mean()), DIGITS),
                sd=round(float(np.std(by_seed[:, column], ddof=1)), DIGITS) if len(runs) > 1 else None,
                low=round(100 * float(low[column]), DIGITS),
                high=round(100 * float(high[column]), DIGITS),
                seeds=len(runs),
                queries=found.hits.shape[1],
                interval=found.clusters.method,
            )
            for column, threshold in enumerate(params.thresholds_km)
        }
    return answer
