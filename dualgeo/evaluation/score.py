"""Score the predictions of one cell: a table of errors, and the figures of each query set."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.baseline import no_skill_shares
from dualgeo.evaluation.calibration import radius_columns, radius_figures
from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.figures import DIGITS as DIGITS
from dualgeo.evaluation.figures import accuracies, percent, rounded
from dualgeo.evaluation.figures import threshold_key as threshold_key
from dualgeo.evaluation.filtered import ERROR, filtered_counts, with_filtered
from dualgeo.evaluation.located import PLACE_COLUMNS, located
from dualgeo.evaluation.metrics import geoscore, hits, mean_km, median_km, null_island, quantile_km
from dualgeo.evaluation.oracle_at import oracle_at
from dualgeo.evaluation.places import place_shares
from dualgeo.evaluation.ranked import Candidates, candidates_of
from dualgeo.evaluation.recall_area import GRID_KM2, area_at, areas_of, recall
from dualgeo.evaluation.risk_coverage import risk_coverage, risk_coverage_curves
from dualgeo.evaluation.strata import set_strata
from dualgeo.evaluation.variance import design_effect
from dualgeo.evaluation.with_model import model_figures, with_model
from dualgeo.geo.sphere import Distance, Floats, geodesic_km
from dualgeo.params import ScoreParams


@dataclass(frozen=True)
class Scored:
    """What the score stage writes; each by query set, in the layout of docs/predictions.md."""

    metrics: dict[str, dict[str, object]]
    queries: pd.DataFrame
    """One row for each query, sorted by (query_set, query_id)."""
    strata: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    """Empty for validation photos, as `curves` is: nothing is claimed about them."""
    curves: dict[str, dict[str, object]] = field(default_factory=dict)


def score(
    predictions: pd.DataFrame,
    candidates: pd.DataFrame | None,
    photos: pd.DataFrame,
    params: ScoreParams,
    split: Literal["query", "validation"] = "query",
    distance: Distance = geodesic_km,
    filtered: pd.DataFrame | None = None,
) -> Scored:
    """Score every photo of `split`; choices are made on "validation", claims on "query".

    `predictions` and `candidates` as the refine stage writes them; None for a system that gives no candidates. `photos`
    is the photo table, with or without a gallery. A query without a prediction is a failure, never left out.
    `distance` measures errors. `filtered`: predictions of a search without the photos that give queries away, where
    there was one. Raises DualGeoError for two predictions of one query.
    """
    queries, given = _errors(predictions, candidates, photos, split, distance)
    gallery = photos[photos["split"] == "gallery"]
    queries = located(queries, gallery if len(gallery) else None)
    if filtered is not None:
        queries = with_filtered(queries, filtered, distance)
    metrics: dict[str, dict[str, object]] = {}
    strata: dict[str, dict[str, dict[str, object]]] = {}
    curves: dict[str, dict[str, object]] = {}
    for name, rows in queries.groupby("query_set", sort=True):
        own = given.rows(rows.index.to_numpy(np.int64)) if given else None
        areas = set_areas(rows, own, params)
        metrics[str(name)] = set_metrics(rows, gallery, params, own, distance, areas)
        if split == "query":
            strata[str(name)] = set_strata(rows, params)
            curves[str(name)] = set_curves(rows, params, areas)
    return Scored(metrics, queries, strata, curves)


def query_errors(
    predictions: pd.DataFrame,
    candidates: pd.DataFrame | None,
    photos: pd.DataFrame,
    split: str = "query",
    distance: Distance = geodesic_km,
) -> pd.DataFrame:
    """The per-query table: truth, answer, and three errors in km (NaN for a failure)."""
    return _errors(predictions, candidates, photos, split, distance)[0]


def _errors(
    predictions: pd.DataFrame, candidates: pd.DataFrame | None, photos: pd.DataFrame, split: str, distance: Distance
) -> tuple[pd.DataFrame, Candidates | None]:
    truth = photos[photos["split"] == split].sort_values(["dataset", "photo_id"], ignore_index=True)
    twice = predictions["query_id"].duplicated()
    if twice.any():
        name = predictions.loc[twice, "query_id"].iloc[0]
        raise DualGeoError(f"The predictions answer {name} twice; run `dvc repro refine` again.")
    answers = predictions.set_index("query_id").reindex(pd.Index(truth["photo_id"]))
    lat, lon = truth["lat"].to_numpy(np.float64), truth["lon"].to_numpy(np.float64)
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
            "error_km": distance(lat, lon, predicted_lat, predicted_lon),
        }
    )
    given = candidates_of(candidates, frame, distance) if candidates is not None else None
    nothing = np.full(len(frame), np.nan)
    frame["retrieved_error_km"] = given.retrieved.first_km if given else nothing
    frame["oracle_error_km"] = given.retrieved.best_km if given else nothing
    for column in (*radius_columns(predictions), *predictions.columns.intersection(["confidence"])):
        frame[column] = answers[column].to_numpy(np.float64)
    frame["status"] = answers["status"].fillna("no prediction").to_numpy()
    return with_model(frame, answers, distance), given


def set_metrics(
    rows: pd.DataFrame,
    gallery: pd.DataFrame | None,
    params: ScoreParams,
    candidates: Candidates | None = None,
    distance: Distance = geodesic_km,
    areas: dict[str, Floats] | None = None,
) -> dict[str, object]:
    """The figures of one query set, n >= 1, in the layout of docs/predictions.md.

    `rows`: the per-query table (query_errors; PLACE_COLUMNS are added where they are not there yet). Blocks that need
    what is not given are left out: no_skill without a gallery (lat, lon), oracle and oracle_at without candidates,
    radius and risk_coverage where no radius is stated, filtered without a filtered search, lmm where none was asked.
    """
    rows = rows if set(PLACE_COLUMNS) <= set(rows.columns) else located(rows, gallery)
    clusters, errors = clusters_of(rows["photographer"]), rows["error_km"].to_numpy(np.float64)
    keys = [threshold_key(km) for km in params.thresholds_km]
    areas = set_areas(rows, candidates, params) if areas is None else areas
    radius = radius_figures(rows, params)
    effect = design_effect(hits(errors, params.thresholds_km), clusters)
    figures: dict[str, object] = {
        "queries": len(rows),
        "failed": int(np.isnan(errors).sum()),
        "photographers": clusters.count if clusters.known else None,
        "null_island": null_island(rows["predicted_lat"], rows["predicted_lon"]),
        "acc": accuracies(errors, clusters, params),
        "design_effect": {key: rounded(float(value)) for key, value in zip(keys, effect, strict=True)},
        "median_km": rounded(median_km(errors)),
        "mean_km": rounded(mean_km(errors)),
        "p90_km": rounded(quantile_km(errors, 0.9)),
        "geoscore": rounded(float(geoscore(errors).mean())),
        "places": place_shares(rows, params),
        "radius": radius,
        "radius_coverage": {level: figure["coverage"] for level, figure in radius.items()},
        "recall_area": {name: rounded(area_at(area)) for name, area in areas.items()},
        "interval": clusters.method,
    }
    if candidates is not None:
        for name, column in (("acc_retrieved", "retrieved_error_km"), ("oracle", "oracle_error_km")):
            figures[name] = accuracies(rows[column].to_numpy(np.float64), clusters, params)
        figures["oracle_at"] = oracle_at(candidates.retrieved, params.thresholds_km)
    if gallery is not None and len(gallery):
        floor = no_skill_shares(
            gallery["lat"], gallery["lon"], rows["lat"], rows["lon"], params.thresholds_km, distance
        )
        figures["no_skill"] = {key: percent(share) for key, share in zip(keys, floor, strict=True)}
    if ERROR in rows:
        figures["filtered"] = {**filtered_counts(rows), "acc": accuracies(rows[ERROR].to_numpy(), clusters, params)}
    asked = model_figures(rows, params)
    figures |= {"lmm": asked} if asked else {}
    surest = risk_coverage(rows, params)
    return figures | ({"risk_coverage": surest} if surest else {})


def set_areas(rows: pd.DataFrame, candidates: Candidates | None, params: ScoreParams) -> dict[str, Floats]:
    """Area in km^2 searched until the truth is found, by way of searching: what recall_area is made of."""
    final = candidates.final if candidates else None
    return areas_of(rows["error_km"].to_numpy(np.float64), final, params.thresholds_km)


def set_curves(rows: pd.DataFrame, params: ScoreParams, areas: dict[str, Floats]) -> dict[str, object]:
    """Curves of one query set: recall versus area, risk versus coverage; percent, km, km^2."""
    recalls = {name: [percent(float(share)) for share in recall(area)] for name, area in areas.items()}
    curves: dict[str, object] = {"recall_area": {"area_km2": [rounded(float(a)) for a in GRID_KM2], "recall": recalls}}
    surest = risk_coverage_curves(rows, params)
    return curves | ({"risk_coverage": surest} if surest else {})
