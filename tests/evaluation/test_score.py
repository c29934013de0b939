"""Scoring a cell."""

import json

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.score import query_errors, score, set_metrics
from dualgeo.geo.sphere import geodesic_km
from dualgeo.params import ScoreParams
from dualgeo.refinement.refine import refine
from tests.refinement.made_tables import candidate_table, photo_table
from tests.refinement.test_rerank import refine_params

PARAMS = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=400, seed=0)


def scored(photos: pd.DataFrame, seed: int = 0):
    refined = refine(candidate_table(photos, seed=seed), photos, refine_params())
    return score(refined.predictions, refined.candidates, photos, PARAMS)


@pytest.fixture(scope="module")
def photos() -> pd.DataFrame:
    return photo_table(validation=25, queries=60)


THRESHOLDS = {"1", "25", "200", "750", "2500"}
ALWAYS = {
    "queries",
    "failed",
    "photographers",
    "null_island",
    "acc",
    "design_effect",
    "median_km",
    "mean_km",
    "p90_km",
    "geoscore",
    "places",
    "radius",
    "radius_coverage",
    "recall_area",
    "interval",
}


def test_metrics_have_the_documented_layout(photos: pd.DataFrame) -> None:
    metrics = scored(photos).metrics
    assert set(metrics) == {"made", "made-night"}
    one = metrics["made"]
    assert set(one) == ALWAYS | {"acc_retrieved", "oracle", "oracle_at", "no_skill", "risk_coverage"}
    assert one["queries"] == 30 and one["failed"] == 0
    assert set(one["radius_coverage"]) == set(one["radius"]) == {"0.5", "0.9"}
    assert one["radius"]["0.9"]["coverage"] == one["radius_coverage"]["0.9"]
    assert one["interval"] == "cluster bootstrap over photographers"
    assert set(one["no_skill"]) == set(one["acc"]) == set(one["design_effect"]) == THRESHOLDS
    assert set(one["oracle_at"]) == {"1", "5", "10"} and set(one["oracle_at"]["5"]) == THRESHOLDS
    assert set(one["places"]) == {"country", "region", "city"}
    assert set(one["recall_area"]) == {"answer", *(f"candidates_{key}" for key in THRESHOLDS)}
    assert set(one["risk_coverage"]["aurc"]) == set(one["risk_coverage"]["excess"]) == THRESHOLDS
    json.dumps(metrics, allow_nan=False)


def test_strata_and_curves_have_the_documented_layout(photos: pd.DataFrame) -> None:
    result = scored(photos)
    assert set(result.strata) == set(result.curves) == {"made", "made-night"}
    strata = result.strata["made"]
    assert set(strata) == {"continent", "climate", "settlement", "gallery_density"}
    for kind in strata.values():
        assert sum(stratum["queries"] for stratum in kind.values()) == 30
        assert all(set(stratum) == {"queries", "acc", "median_km"} for stratum in kind.values())
    curves = result.curves["made"]
    assert set(curves) == {"recall_area", "risk_coverage"}
    grid = curves["recall_area"]["area_km2"]
    for name, recall in curves["recall_area"]["recall"].items():
        assert len(recall) == len(grid) and recall == sorted(recall)
        half = result.metrics["made"]["recall_area"][name]
        assert (half is None) == (recall[-1] < 50)
        if half is not None:
            assert recall[next(i for i, area in enumerate(grid) if area >= half)] >= 50
    assert all(len(curves["risk_coverage"]["acc"][key]) == 20 for key in THRESHOLDS)
    json.dumps([result.strata, result.curves], allow_nan=False)


def test_the_parts_of_the_metrics_agree(photos: pd.DataFrame) -> None:
    """One and the same thing is one and the same number wherever it is said."""
    for one in scored(photos).metrics.values():
        for key in THRESHOLDS:
            assert one["oracle_at"]["1"][key] == one["acc_retrieved"][key]["value"]
            assert one["oracle_at"]["10"][key] == one["oracle"][key]["value"]
    result = scored(photos)
    for name, one in result.metrics.items():
        curves = result.curves[name]
        for key in THRESHOLDS:
            assert curves["recall_area"]["recall"][f"candidates_{key}"][-1] == one["oracle"][key]["value"]
            assert curves["risk_coverage"]["acc"][key][-1] == one["acc"][key]["value"]


def test_what_a_system_does_not_give_is_left_out(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos), photos, refine_params())
    answers = refined.predictions.drop(columns=["radius_km_50", "radius_km_90"])
    result = score(answers, None, photos[photos["split"] != "gallery"], PARAMS)
    one = result.metrics["made"]
    assert set(one) == ALWAYS
    assert one["radius"] == {} and set(one["recall_area"]) == {"answer"}
    assert set(result.strata["made"]) == {"continent", "climate", "settlement"}
    assert set(result.curves["made"]) == {"recall_area"}
    whole = scored(photos).metrics["made"]
    for name in ("acc", "places", "median_km", "geoscore"):
        assert one[name] == whole[name]


def test_metrics_of_a_bare_table_of_errors(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos), photos, refine_params())
    rows = query_errors(refined.predictions, refined.candidates, photos)
    rows = rows[rows["query_set"] == "made-night"].reset_index(drop=True)
    one, whole = set_metrics(rows, None, PARAMS), scored(photos).metrics["made-night"]
    assert {name: one[name] for name in ("acc", "places", "radius", "risk_coverage")} == {
        name: whole[name] for name in ("acc", "places", "radius", "risk_coverage")
    }


def test_answers_at_null_island_are_counted(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos), photos, refine_params())
    asked = photos[photos["split"] == "query"]
    lost = asked.loc[asked["dataset"] == "made", "photo_id"].iloc[:3]
    answers = refined.predictions.copy()
    answers.loc[answers["query_id"].isin(lost), ["lat", "lon"]] = [[0.0, 0.0], [0.009, -0.009], [0.0, 0.011]]
    metrics = score(answers, refined.candidates, photos, PARAMS).metrics
    assert (metrics["made"]["null_island"], metrics["made-night"]["null_island"]) == (2, 0)


def test_accuracy_is_what_the_table_says(photos: pd.DataFrame) -> None:
    result = scored(photos)
    for name, rows in result.queries.groupby("query_set"):
        errors = geodesic_km(rows["lat"], rows["lon"], rows["predicted_lat"], rows["predicted_lon"])
        np.testing.assert_array_equal(errors, rows["error_km"])
        for key, value in result.metrics[name]["acc"].items():
            assert value["value"] == pytest.approx(100 * (errors <= float(key)).mean(), abs=1e-4)
            assert value["low"] <= value["value"] <= value["high"]


def test_the_oracle_is_never_worse(photos: pd.DataFrame) -> None:
    result = scored(photos)
    assert (result.queries["oracle_error_km"] <= result.queries["error_km"]).all()
    assert (result.queries["oracle_error_km"] <= result.queries["retrieved_error_km"]).all()
    for metrics in result.metrics.values():
        for key in metrics["acc"]:
            assert metrics["oracle"][key]["value"] >= metrics["acc"][key]["value"]


def test_failures_stay_in_the_denominator(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos), photos, refine_params())
    before = score(refined.predictions, refined.candidates, photos, PARAMS)
    queries = before.queries[before.queries["query_set"] == "made"]
    lost = queries.sort_values("error_km")["query_id"].iloc[:3]  # three good answers
    after = score(refined.predictions[~refined.predictions["query_id"].isin(lost)], refined.candidates, photos, PARAMS)
    assert after.metrics["made"]["queries"] == 30
    assert after.metrics["made"]["failed"] == 3
    gone = before.metrics["made"]["acc"]["2500"]["value"] - after.metrics["made"]["acc"]["2500"]["value"]
    assert gone == pytest.approx(10.0)
    rows = after.queries.set_index("query_id").loc[lost]
    assert rows["error_km"].isna().all() and (rows["status"] == "no prediction").all()
    assert after.metrics["made"]["geoscore"] < before.metrics["made"]["geoscore"]


def test_nothing_answered_is_null_not_zero(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos).iloc[:0], photos, refine_params())
    metrics = score(refined.predictions, refined.candidates, photos, PARAMS).metrics["made"]
    assert (metrics["failed"], metrics["geoscore"]) == (30, 0.0)
    assert metrics["median_km"] is metrics["mean_km"] is metrics["p90_km"] is None
    assert metrics["acc"]["2500"]["value"] == 0.0 < metrics["acc"]["2500"]["high"]


def test_photos_of_unknown_photographers_get_wilson(photos: pd.DataFrame) -> None:
    unknown = photos.assign(photographer=pd.Series([None] * len(photos), dtype=object))
    metrics = scored(unknown).metrics["made"]
    assert metrics["interval"] == "Wilson" and metrics["photographers"] is None


def test_two_answers_to_one_query_are_refused(photos: pd.DataFrame) -> None:
    refined = refine(candidate_table(photos), photos, refine_params())
    doubled = pd.concat([refined.predictions, refined.predictions.tail(1)])
    with pytest.raises(DualGeoError, match="twice"):
        score(doubled, refined.candidates, photos, PARAMS)
