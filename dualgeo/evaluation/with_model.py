"""What a large multimodal model changed: the answers to the queries that were put to it, with and without it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.evaluation.compare import Difference, compare
from dualgeo.evaluation.figures import rounded, threshold_key
from dualgeo.evaluation.metrics import hits, median_km
from dualgeo.geo.sphere import Distance, Floats
from dualgeo.params import ScoreParams

ERROR = "without_lmm_error_km"
COLUMNS = ("source", "lmm_outcome", ERROR)
NOT_ASKED = "not asked"
UNCHANGED_KM = 0.001
"""Answers that moved by less than a metre stayed."""


def with_model(queries: pd.DataFrame, predictions: pd.DataFrame, distance: Distance) -> pd.DataFrame:
    """`queries` (the per-query table) with COLUMNS, where `predictions` say what stands without a model.

    `predictions`: row for row. Those of another system know nothing of a model: no column is added.
    """
    if "without_lmm_lat" not in predictions:
        return queries
    truth = (queries[name].to_numpy(np.float64) for name in ("lat", "lon"))
    alone = (predictions[f"without_lmm_{name}"].to_numpy(np.float64) for name in ("lat", "lon"))
    said = {name: pd.Series(predictions[name].to_numpy(), queries.index, dtype="str") for name in COLUMNS[:2]}
    return queries.assign(**said, **{ERROR: distance(*truth, *alone)})


def asked_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a per-query table that were put to a model, answered or not."""
    if "lmm_outcome" not in rows:
        return rows.iloc[:0]
    return rows[rows["lmm_outcome"].notna() & (rows["lmm_outcome"] != NOT_ASKED)]


def model_figures(rows: pd.DataFrame, params: ScoreParams) -> dict[str, object]:
    """The `lmm` block of one query set, in the layout of docs/predictions.md; empty where no model was asked."""
    asked = asked_rows(rows)
    if asked.empty:
        return {}
    after, before = (asked[name].to_numpy(np.float64) for name in ("error_km", ERROR))
    nearer, farther = _moved(after, before)
    outcomes = rows["lmm_outcome"].dropna().value_counts()
    own = (asked["source"] == "lmm").to_numpy()
    change = (after - before)[own & np.isfinite(after) & np.isfinite(before)]
    return {
        "asked": len(asked),
        "answered": int((asked["lmm_outcome"] == "answered").sum()),
        "outcomes": {str(name): int(count) for name, count in sorted(outcomes.items())},
        "chosen": int(own.sum()),
        "nearer": int(nearer.sum()),
        "farther": int(farther.sum()),
        "median_km": rounded(median_km(after)),
        "without_median_km": rounded(median_km(before)),
        "median_change_km": rounded(float(np.median(change))) if len(change) else None,
        "acc": _changes(asked, after, before, params),
    }


def _moved(after: Floats, before: Floats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which answers came nearer to the truth and which went farther from it; no answer is the farthest."""
    new, old = (np.where(np.isnan(errors), np.inf, errors) for errors in (after, before))
    return new < old - UNCHANGED_KM, new > old + UNCHANGED_KM


def _changes(asked: pd.DataFrame, after: Floats, before: Floats, params: ScoreParams) -> dict[str, dict[str, object]]:
    table = asked[["query_set", "query_id", "photographer", "error_km"]]
    (differences,) = compare([table], [table.assign(error_km=before)], params).values()
    found: dict[str, dict[str, object]] = {}
    for km, new, old in zip(
        params.thresholds_km, *(hits(e, params.thresholds_km).T for e in (after, before)), strict=True
    ):
        counts = {"helped": new > old, "hurt": new < old, "unchanged": new == old}
        shares: dict[str, object] = {"value": _percent(new), "without": _percent(old)}
        shares |= {name: int(np.count_nonzero(which)) for name, which in counts.items()}
        found[threshold_key(km)] = shares | _tested(differences[threshold_key(km)])
    return found


def _percent(hit: Floats) -> float | None:
    return rounded(100 * float(np.mean(hit)))


def _tested(difference: Difference) -> dict[str, object]:
    points = {name: float(getattr(difference, name)) for name in ("points", "low", "high")}
    # Six digits of a p value are more than anyone reads and fewer than differ between machines.
    values = {name: getattr(difference, name) for name in ("p", "p_holm", "mcnemar_p")}
    return {**points, **{name: None if p is None else float(f"{p:.6g}") for name, p in values.items()}}
