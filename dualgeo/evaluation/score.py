"""Score the predictions of one cell: a table of errors, and the figures of each query set."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.baseline import no_skill_shares
from dualgeo.evaluation.intervals import Clusters, clusters_of, share_intervals
from dualgeo.evaluation.metrics import geoscore, hits, mean_km, median_km, quantile_km, radius_coverage
from dualgeo.geo.sphere import Floats, geodesic_km
from dualgeo.params import ScoreParams

DIGITS = 4
RADIUS_PREFIX = "radius_km_"


@dataclass(frozen=True)
class Scored:
    """What the score stage writes."""

    metrics: dict[str, dict[str, object]]
    """By query set; the layout is described in docs/predictions.md."""
    queries: pd.DataFrame
    """One row for each query, sorted by (query_set, query_id)."""


def score(
    predictions: pd.DataFrame,
    candidates: pd.DataFrame,
    photos: pd.DataFrame,
    params: ScoreParams,
    split: Literal["query", "validation"] = "query",
) -> Scored:
    """Score every photo of `split`; choices are made on "validation", claims on "query".

    `predictions` and `candidates` as the refine stage writes them; `photos` is the photo table. A query without a
    prediction is a failure, never left out. Raises DualGeoError for two predictions of one query.
    """
    queries = query_errors(predictions, candidates, photos, split)
    gallery = photos[photos["split"] == "gallery"]
    metrics = {
        str(name): _set_metrics(rows.reset_index(drop=True), gallery, params)
        for name, rows in queries.groupby("query_set", sort=True)
    }
    return Scored(metrics, queries)


def query_errors(
    predictions: pd.DataFrame, candidates: pd.DataFrame, photos: pd.DataFrame, split: str = "query"
) -> pd.DataFrame:
    """The per-query table: truth, answer, and three errors in km (NaN for a failure)."""
    truth = photos[photos["split"] == split].sort_values(["dataset", "photo_id"], ignore_index=True)
    twice = predictions["query_id"].duplicated()
    if twice.any():
        name = predictions.loc[twice, "query_id"].iloc[0]
        raise DualGeoError(f"The predictions answer {name} twice; run `dvc repro refine` again.")
    answers = predictions.set_index("query_id").reindex(pd.Index(truth["photo_id"]))
    lat, lon = truth["lat"].to_numpy(np.float64), truth["lon"].to_numpy(np.float64)
    retrieved, oracle = _candidate_errors(candidates, truth)
    predicted_lat, predicted_lon = (answers[name].to_numpy(np.float64) for name in ("lat", "lon"))
    frame = pd.DataFrame(
        {
            "query_id": truth["photo_id"],
            "query_set": truth["dataset"],
            "photographer": truth["photographer"],
            "lat": lat,
            "lon": lon,
            "predicted_lat": predicted_lat,
            "predicted_lon": predicted_lon,
            "error_km": geodesic_km(lat, lon, predicted_lat, predicted_lon),
            "retrieved_error_km": retrieved,
            "oracle_error_km": oracle,
        }
    )
    for column in _radius_columns(predictions):
        frame[column] = answers[column].to_numpy(np.float64)
    frame["status"] = answers["status"].fillna("no prediction").to_numpy()
    return frame


def _candidate_errors(candidates: pd.DataFrame, truth: pd.DataFrame) -> tuple[Floats, Floats]:
    """Error of the first retrieved and of the best candidate of each query (n,), NaN without candidates."""
    row = pd.Index(truth["photo_id"]).get_indexer(pd.Index(candidates["query_id"]))
    lat, lon = truth["lat"].to_numpy(np.float64), truth["lon"].to_numpy(np.float64)
    asked = candidates[row >= 0]
    row = row[row >= 0]
    errors = geodesic_km(lat[row], lon[row], asked["lat"].to_numpy(np.float64), asked["lon"].to_numpy(np.float64))
    best = np.full(len(truth), np.inf)
    np.minimum.at(best, row, np.where(np.isnan(errors), np.inf, errors))
    first = np.full(len(truth), np.nan)
    top = asked["rank"].to_numpy() == 0
    first[row[top]] = errors[top]
    return first, np.where(np.isinf(best), np.nan, best)


def _set_metrics(rows: pd.DataFrame, gallery: pd.DataFrame, params: ScoreParams) -> dict[str, object]:
    clusters = clusters_of(rows["photographer"])
    errors = rows["error_km"].to_numpy(np.float64)
    lat, lon = rows["lat"], rows["lon"]
    floor = no_skill_shares(gallery["lat"], gallery["lon"], lat, lon, params.thresholds_km)
    keys = [threshold_key(threshold) for threshold in params.thresholds_km]
    return {
        "queries": len(rows),
        "failed": int(np.isnan(errors).sum()),
        "photographers": clusters.count if clusters.known else None,
        "acc": _shares(errors, clusters, params),
        "acc_retrieved": _shares(rows["retrieved_error_km"].to_numpy(np.float64), clusters, params),
        "oracle": _shares(rows["oracle_error_km"].to_numpy(np.float64), clusters, params),
        "median_km": _rounded(median_km(errors)),
        "mean_km": _rounded(mean_km(errors)),
        "p90_km": _rounded(quantile_km(errors, 0.9)),
        "geoscore": _rounded(float(geoscore(errors).mean())),
        "no_skill": {key: _percent(share) for key, share in zip(keys, floor, strict=True)},
        "radius_coverage": {
            f"{float(column.removeprefix(RADIUS_PREFIX)) / 100:g}": _percent(
                radius_coverage(errors, rows[column].to_numpy(np.float64))
            )
            for column in _radius_columns(rows)
        },
        "interval": clusters.method,
    }


def _shares(error_km: Floats, clusters: Clusters, params: ScoreParams) -> dict[str, dict[str, float | None]]:
    """Percent of all queries within each threshold, with an interval."""
    within = hits(error_km, params.thresholds_km)
    low, high = share_intervals(within, clusters, params.confidence, params.resamples, params.seed)
    return {
        threshold_key(threshold): {
            "value": _percent(float(within[:, column].mean())),
            "low": _percent(float(low[column])),
            "high": _percent(float(high[column])),
        }
        for column, threshold in enumerate(params.thresholds_km)
    }


def threshold_key(threshold_km: float) -> str:
    """How a threshold is spelled in metrics.json: 25.0 -> "25"."""
    return f"{threshold_km:g}"


def _radius_columns(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if str(name).startswith(RADIUS_PREFIX)]


def _percent(share: float | None) -> float | None:
    return None if share is None else _rounded(100 * share)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
