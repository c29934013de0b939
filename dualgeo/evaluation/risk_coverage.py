"""Whether a system knows when it is right: accuracy of the queries it is surest of, against how many those are.

Risk-coverage curves and the area under them (Geifman and El-Yaniv 2017), and its excess over the best ordering
(Geifman, Uziel and El-Yaniv 2019).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.evaluation.calibration import radius_columns
from dualgeo.evaluation.figures import percent, rounded, threshold_key
from dualgeo.evaluation.metrics import hits, median_km
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams

SHARES = tuple(step / 20 for step in range(1, 21))
"""Where curves are drawn: shares of all queries that are answered."""
SUMMARY_SHARES = (0.25, 0.5, 0.75)


def confidence_of(rows: pd.DataFrame) -> tuple[str, Floats] | None:
    """The column that states confidence, and confidence (n,), higher = surer, -inf for a query without an answer.

    A column `confidence` where there is one, else the radius of the smallest stated coverage, negated: larger ones
    are more often cut off at half the Earth's circumference. None where nothing is stated.
    """
    for name, sign in [("confidence", 1.0), *((column, -1.0) for column in radius_columns(rows))]:
        if name in rows and rows[name].notna().any():
            stated = sign * rows[name].to_numpy(np.float64)
            return name, np.where(np.isnan(stated) | rows["error_km"].isna(), -np.inf, stated)
    return None


def accuracy_of_surest(hit: Floats, confidence: npt.ArrayLike) -> Floats:
    """Mean of `hit` (n,) over the k surest queries for k = 1..n; queries that tie come in random order, on average."""
    # Ties as runs of the sorted order; within a run every query counts as the run's mean.
    _, run = np.unique(-np.asarray(confidence, np.float64), return_inverse=True)
    means = np.bincount(run, weights=hit) / np.bincount(run)
    ordered = means[np.sort(run)]
    return np.cumsum(ordered) / np.arange(1, len(hit) + 1)


def aurc(hit: Floats, confidence: npt.ArrayLike) -> float:
    """Area under the risk-coverage curve: mean over k = 1..n of the share of misses among the k surest; n >= 1."""
    return float((1 - accuracy_of_surest(hit, confidence)).mean())


def risk_coverage(rows: pd.DataFrame, params: ScoreParams) -> dict[str, object] | None:
    """Summary for one query set; None where no confidence is stated.

    `confidence` (the column), `answered`, `aurc` and `excess` by threshold key in percent, and `acc` and `median_km` of
    the surest quarter, half and three quarters.
    """
    stated = confidence_of(rows)
    if stated is None:
        return None
    name, confidence = stated
    within = hits(rows["error_km"], params.thresholds_km)
    keys = [threshold_key(km) for km in params.thresholds_km]
    areas = [aurc(hit, confidence) for hit in within.T]
    excess = [area - aurc(hit, hit) for area, hit in zip(areas, within.T, strict=True)]
    curves = _curves(rows, confidence, params, SUMMARY_SHARES)
    return {
        "confidence": name,
        "answered": int(np.isfinite(confidence).sum()),
        "aurc": dict(zip(keys, map(percent, areas), strict=True)),
        "excess": dict(zip(keys, map(percent, excess), strict=True)),
        "acc": {f"{share:g}": {key: curves.acc[key][at] for key in keys} for at, share in enumerate(SUMMARY_SHARES)},
        "median_km": {f"{share:g}": curves.median_km[at] for at, share in enumerate(SUMMARY_SHARES)},
    }


def risk_coverage_curves(rows: pd.DataFrame, params: ScoreParams) -> dict[str, object] | None:
    """Curves for one query set at SHARES; None where no confidence is stated.

    `acc`, and `best`, what the best ordering would have, in percent by threshold key; `median_km`.
    """
    stated = confidence_of(rows)
    if stated is None:
        return None
    name, confidence = stated
    curves = _curves(rows, confidence, params, SHARES)
    within = hits(rows["error_km"], params.thresholds_km)
    best = {
        threshold_key(km): _at(accuracy_of_surest(hit, hit), SHARES)
        for km, hit in zip(params.thresholds_km, within.T, strict=True)
    }
    return {"confidence": name, "share": list(SHARES), "acc": curves.acc, "best": best, "median_km": curves.median_km}


@dataclass(frozen=True)
class _Curves:
    acc: dict[str, list[float | None]]
    """Percent by threshold key, at each share."""
    median_km: list[float | None]


def _curves(rows: pd.DataFrame, confidence: Floats, params: ScoreParams, shares: tuple[float, ...]) -> _Curves:
    errors = rows["error_km"].to_numpy(np.float64)
    acc = {
        threshold_key(km): _at(accuracy_of_surest(hit, confidence), shares)
        for km, hit in zip(params.thresholds_km, hits(errors, params.thresholds_km).T, strict=True)
    }
    # Queries as sure as the last one that is answered belong to it: a median cannot be split among ties.
    floor = np.sort(confidence)[::-1][[_count(share, len(errors)) - 1 for share in shares]]
    return _Curves(acc, [rounded(median_km(errors[confidence >= least])) for least in floor])


def _at(accuracy: Floats, shares: tuple[float, ...]) -> list[float | None]:
    return [percent(float(accuracy[_count(share, len(accuracy)) - 1])) for share in shares]


def _count(share: float, queries: int) -> int:
    """How many queries a share is: at least one, rounded up."""
    return max(1, int(np.ceil(share * queries - 1e-9)))
