"""How figures are spelled in metrics.json: percent with an interval, rounded."""

import numpy as np

from dualgeo.evaluation.clusters import Clusters
from dualgeo.evaluation.intervals import share_intervals
from dualgeo.evaluation.metrics import hits
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams

DIGITS = 4

Share = dict[str, float | None]
"""`value`, `low`, `high` in percent."""


def threshold_key(threshold_km: float) -> str:
    """How a threshold is spelled in metrics.json: 25.0 -> "25"."""
    return f"{threshold_km:g}"


def rounded(value: float | None) -> float | None:
    """Rounded to DIGITS; None stays None, and what is not finite becomes None."""
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)


def percent(share: float | None) -> float | None:
    """A share as a percentage."""
    return None if share is None else rounded(100 * share)


def accuracies(error_km: Floats, clusters: Clusters, params: ScoreParams) -> dict[str, Share]:
    """By threshold key, the percentage of all errors (n,) within it, a failure (NaN) as a miss, with an interval."""
    shares = shares_of(hits(error_km, params.thresholds_km), clusters, params)
    return {threshold_key(km): share for km, share in zip(params.thresholds_km, shares, strict=True)}


def shares_of(values: Floats, clusters: Clusters, params: ScoreParams) -> list[Share]:
    """Mean of each column of `values` (n, m), 0.0 or 1.0, in percent with an interval; n >= 1."""
    low, high = share_intervals(values, clusters, params.confidence, params.resamples, params.seed)
    return [
        {"value": percent(float(mean)), "low": percent(float(below)), "high": percent(float(above))}
        for mean, below, above in zip(values.mean(axis=0), low, high, strict=True)
    ]
