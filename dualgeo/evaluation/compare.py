"""Whether one system beats another: paired on the same queries, seeds averaged, photographers resampled."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.intervals import bootstrap_means, each_alone, percentile_interval
from dualgeo.evaluation.score import DIGITS, threshold_key
from dualgeo.evaluation.tables import aligned_hits
from dualgeo.params import ScoreParams


@dataclass(frozen=True)
class Difference:
    """Accuracy of A minus accuracy of B on one query set at one threshold, in percentage points."""

    points: float
    low: float
    high: float
    queries: int
    units: int
    """What was resampled: photographers, or photos where fewer than two photographers are known."""

    @property
    def decided(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def compare(a: list[pd.DataFrame], b: list[pd.DataFrame], params: ScoreParams) -> dict[str, dict[str, Difference]]:
    """Differences by query set and threshold key, A minus B.

    `a`, `b`: per-query tables (scores/<cell>/queries.parquet), one for each seed; the numbers of seeds may differ. A
    query's hit is averaged over seeds first, so that the interval is about queries; the spread of seeds is in
    `summarise`. The interval is a percentile bootstrap over photographers (over photos where fewer than two
    photographers are known). Raises DualGeoError when the tables are not about the same queries.
    """
    sets = aligned_hits([*a, *b], params.thresholds_km)
    answer: dict[str, dict[str, Difference]] = {}
    for name, found in sets.items():
        gap = found.hits[: len(a)].mean(axis=0) - found.hits[len(a) :].mean(axis=0)
        # A single photographer cannot be resampled; the photos are then the only units there are.
        clusters = found.clusters if found.clusters.count > 1 else each_alone(len(gap))
        draws = bootstrap_means(gap, clusters, params.resamples, np.random.default_rng(params.seed))
        low, high = percentile_interval(draws, params.confidence)
        mean = gap.mean(axis=0)
        answer[name] = {
            threshold_key(threshold): Difference(
                *(round(100 * float(values[column]), DIGITS) for values in (mean, low, high)),
                queries=len(gap),
                units=clusters.count,
            )
            for column, threshold in enumerate(params.thresholds_km)
        }
    return answer
