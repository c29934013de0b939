"""What is said about errors: a failure is a miss in every share, and is counted."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats

GEOSCORE_MAXIMUM = 5000.0
GEOSCORE_SCALE_KM = 1492.7
"""GeoScore as PIGEON defines it (arXiv 2307.05845): 5000 exp(-d / 1492.7 km)."""
NULL_ISLAND_DEGREES = 0.01
"""About 1.1 km. No land is within 500 km of (0, 0): an answer there is a default that was never filled in."""


def hits(error_km: npt.ArrayLike, thresholds_km: list[float]) -> Floats:
    """1.0 where an error (n,) is at most a threshold, else 0.0: (n, thresholds). NaN, a failure, is never within."""
    errors = np.asarray(error_km, np.float64)
    return (errors[:, None] <= np.asarray(thresholds_km, np.float64)).astype(np.float64)


def geoscore(error_km: npt.ArrayLike) -> Floats:
    """Points of each error (n,), 0..5000; a failure scores 0."""
    errors = np.asarray(error_km, np.float64)
    return np.where(np.isnan(errors), 0.0, GEOSCORE_MAXIMUM * np.exp(-np.nan_to_num(errors) / GEOSCORE_SCALE_KM))


def median_km(error_km: npt.ArrayLike) -> float | None:
    """Median over all queries, a failure as an infinite error; None where that is infinite, or without queries."""
    errors = np.asarray(error_km, np.float64)
    if errors.size == 0:
        return None
    ordered = np.sort(np.where(np.isnan(errors), np.inf, errors))
    low, high = ordered[(errors.size - 1) // 2], ordered[errors.size // 2]
    return float((low + high) / 2) if np.isfinite(high) else None


def mean_km(error_km: npt.ArrayLike) -> float | None:
    """Mean over the queries that have an answer; None where none has."""
    answered = _answered(error_km)
    return float(answered.mean()) if answered.size else None


def quantile_km(error_km: npt.ArrayLike, share: float) -> float | None:
    """Quantile (linear between neighbours) over the queries that have an answer; None where none has."""
    answered = _answered(error_km)
    return float(np.quantile(answered, share)) if answered.size else None


def null_island(lat: npt.ArrayLike, lon: npt.ArrayLike) -> int:
    """How many answers (degrees, (n,)) lie within NULL_ISLAND_DEGREES of (0, 0) both ways; NaN, a failure, does not."""
    near = [np.abs(np.asarray(values, np.float64)) < NULL_ISLAND_DEGREES for values in (lat, lon)]
    return int((near[0] & near[1]).sum())


def _answered(error_km: npt.ArrayLike) -> Floats:
    errors = np.asarray(error_km, np.float64)
    return errors[~np.isnan(errors)]
