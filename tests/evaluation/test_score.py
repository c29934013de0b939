"""Scoring a cell, comparing systems, averaging seeds."""

import json

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.compare import compare
from dualgeo.evaluation.score import score
from dualgeo.evaluation.summary import summarise
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


def test_metrics_have_the_documented_layout(photos: pd.DataFrame) -> None:
    metrics = scored(photos).metrics
    assert set(metrics) == {"made", "made-night"}
    one = metrics["made"]
    assert set(one) == {
        "queries",
        "failed",
        "photographers",
        "acc",
        "acc_retrieved",
        "oracle",
        "median_km",
        "mean_km",
        "p90_km",
        "geoscore",
        "no_skill",
        "radius_coverage",
        "interval",
    }
    assert one["queries"] == 30 and one["failed"] == 0
    assert set(one["radius_coverage"]) == {"0.5", "0.9"}
    assert one["interval"] == "cluster bootstrap over photographers"
    assert set(one["no_skill"]) == set(one["acc"]) == {"1", "25", "200", "750", "2500"}
    json.dumps(metrics, allow_nan=False)


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


def per_query(hit: np.ndarray, photographers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "query_id": [f"q{row:04d}" for row in range(len(hit))],
            "query_set": "made",
            "photographer": photographers.astype(str),
            "error_km": np.where(hit, 10.0, 5000.0),
        }
    )


def test_a_real_difference_is_found_and_none_is_not() -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(60), 5)
    base = [per_query(rng.random(300) < 0.5, who) for _ in range(3)]
    better = [run.assign(error_km=np.where(rng.random(300) < 0.3, 10.0, run["error_km"])) for run in base]
    difference = compare(better, base, PARAMS)["made"]["25"]
    assert difference.decided and 8 < difference.low < difference.points < difference.high < 25
    assert (difference.queries, difference.units) == (300, 60)
    same = compare(base, [run.sample(frac=1, random_state=1) for run in base], PARAMS)["made"]["25"]
    assert (same.points, same.low, same.high, same.decided) == (0, 0, 0, False)
    opposite = compare(base, better, PARAMS)["made"]["25"]
    assert opposite.points == -difference.points


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(2)
    who = np.arange(400)
    base = rng.random(400) < 0.5
    other = np.where(rng.random(400) < 0.05, ~base, base)
    paired = compare([per_query(other, who)], [per_query(base, who)], PARAMS)["made"]["25"]
    unpaired = summarise([per_query(base, who)], PARAMS)["made"]["25"]
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_one_photographer_leaves_photos_as_units() -> None:
    who = np.zeros(50)
    hit = np.arange(50) < 30
    difference = compare([per_query(hit, who)], [per_query(np.roll(hit, 7), who)], PARAMS)["made"]["25"]
    assert difference.units == 50 and difference.low < difference.high


def test_runs_on_other_queries_are_refused() -> None:
    runs = [per_query(np.ones(4, bool), np.arange(4)), per_query(np.ones(5, bool), np.arange(5))]
    with pytest.raises(DualGeoError, match="not about the same queries"):
        compare(runs[:1], runs[1:], PARAMS)
    with pytest.raises(DualGeoError, match="no scored runs"):
        summarise([], PARAMS)


def test_summary_over_seeds() -> None:
    who = np.arange(100)
    runs = [per_query(np.arange(100) < count, who) for count in (40, 50, 60)]
    accuracy = summarise(runs, PARAMS)["made"]["25"]
    assert (accuracy.mean, accuracy.sd, accuracy.seeds, accuracy.queries) == (50.0, 10.0, 3, 100)
    assert accuracy.low < 50 < accuracy.high
    assert summarise(runs[:1], PARAMS)["made"]["25"].sd is None
