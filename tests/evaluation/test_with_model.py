"""The figures of what a model changed: over the queries it was asked about, counted, and tested as systems are."""

import numpy as np
import pandas as pd
import pytest

from dualgeo.evaluation.compare import compare
from dualgeo.evaluation.score import Scored, score
from dualgeo.evaluation.with_model import asked_rows, model_figures
from dualgeo.geo.sphere import destination
from dualgeo.refinement.refine import refine
from tests.evaluation.made_rows import PARAMS, rows
from tests.refinement.made_tables import candidate_table, photo_table
from tests.refinement.test_rerank import refine_params

PHOTOS = photo_table(validation=20, queries=120)
CANDIDATES = candidate_table(PHOTOS)


@pytest.fixture(scope="module")
def alone() -> pd.DataFrame:
    """Predictions that no model had a part in."""
    return refine(CANDIDATES, PHOTOS, refine_params()).predictions


@pytest.fixture(scope="module")
def predictions(alone: pd.DataFrame) -> pd.DataFrame:
    """The same after a model was asked about two queries in three and believed where it answered: 3 km off."""
    truth = PHOTOS.set_index("photo_id").loc[alone["query_id"]]
    number = np.arange(len(alone))
    outcome = np.select(
        [number % 3 == 0, number % 7 == 0, number % 11 == 0], [None, "refused", "not asked"], "answered"
    )
    lat, lon = destination(truth["lat"], truth["lon"], 90.0, 3.0)
    own = outcome == "answered"
    return alone.assign(
        lat=np.where(own, lat, alone["lat"]),
        lon=np.where(own, lon, alone["lon"]),
        source=np.where(own, "lmm", "retrieval"),
        lmm_outcome=pd.Series(outcome, dtype="str"),
    )


def scored(predictions: pd.DataFrame) -> Scored:
    return score(predictions, CANDIDATES, PHOTOS, PARAMS)


def test_the_per_query_table_says_whose_answer_it_is_and_what_would_stand_without(
    alone: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    after, before = scored(predictions).queries, scored(alone).queries
    np.testing.assert_array_equal(after["without_lmm_error_km"], before["error_km"])
    own = after["source"] == "lmm"
    np.testing.assert_allclose(after.loc[own, "error_km"], 3.0, rtol=0.01)
    np.testing.assert_array_equal(after.loc[~own, "error_km"], after.loc[~own, "without_lmm_error_km"])
    assert (before["source"] == "retrieval").all() and before["lmm_outcome"].isna().all()


def test_figures_are_of_the_queries_that_the_model_was_asked_about(predictions: pd.DataFrame) -> None:
    result = scored(predictions)
    for name, own in result.queries.groupby("query_set"):
        figures = result.metrics[str(name)]["lmm"]
        assert isinstance(figures, dict)
        asked = own[own["lmm_outcome"].isin(["answered", "refused"])]
        assert 0 < len(asked) < len(own) and figures["asked"] == len(asked) == len(asked_rows(own))
        assert figures["answered"] == figures["chosen"] == (own["lmm_outcome"] == "answered").sum()
        assert set(figures["outcomes"]) == {"answered", "refused", "not asked"}
        assert sum(figures["outcomes"].values()) == own["lmm_outcome"].notna().sum()
        change = (asked["error_km"] - asked["without_lmm_error_km"])[asked["source"] == "lmm"]
        assert figures["nearer"] == (change < -0.001).sum() and figures["farther"] == (change > 0.001).sum()
        assert figures["median_change_km"] == pytest.approx(change.median(), abs=1e-3)
        assert figures["median_km"] < figures["without_median_km"]


def test_each_threshold_has_the_counts_and_the_statistics_of_a_comparison(predictions: pd.DataFrame) -> None:
    result = scored(predictions)
    asked = asked_rows(result.queries)
    before = asked.assign(error_km=asked["without_lmm_error_km"])
    for name, differences in compare([asked], [before], PARAMS).items():
        figures = result.metrics[name]["lmm"]
        assert isinstance(figures, dict)
        for key, difference in differences.items():
            shown = figures["acc"][key]
            assert (shown["points"], shown["low"], shown["high"]) == (
                difference.points,
                difference.low,
                difference.high,
            )
            assert shown["p_holm"] == pytest.approx(difference.p_holm, rel=1e-5)
            assert shown["mcnemar_p"] == pytest.approx(difference.mcnemar_p, rel=1e-5)
            assert shown["helped"] + shown["hurt"] + shown["unchanged"] == figures["asked"]
            points = 100 * (shown["helped"] - shown["hurt"]) / figures["asked"]
            assert shown["points"] == pytest.approx(points, abs=1e-3)
            assert shown["value"] - shown["without"] == pytest.approx(points, abs=1e-3)
        assert figures["acc"]["25"]["helped"] > 0 and figures["acc"]["25"]["hurt"] == 0


def test_where_no_model_was_asked_nothing_is_said_of_one(alone: pd.DataFrame, predictions: pd.DataFrame) -> None:
    assert all("lmm" not in figures for figures in scored(alone).metrics.values())
    theirs = alone.drop(columns=["source", "lmm_outcome", "without_lmm_lat", "without_lmm_lon"])
    foreign = scored(theirs)
    assert "source" not in foreign.queries and "without_lmm_error_km" not in foreign.queries
    assert foreign.metrics == scored(alone).metrics
    unreached = predictions.assign(lmm_outcome="not asked")
    assert all("lmm" not in figures for figures in scored(unreached).metrics.values())


def test_a_missing_answer_is_farther_than_any_and_counts() -> None:
    table = rows([np.nan, 5.0, np.nan, 5.0], query_set="made", source="lmm", lmm_outcome="answered")
    figures = model_figures(table.assign(without_lmm_error_km=[5.0, np.nan, np.nan, 5.0005]), PARAMS)
    assert (figures["nearer"], figures["farther"], figures["asked"]) == (1, 1, 4)
    acc = figures["acc"]
    assert isinstance(acc, dict)
    assert {key: acc["25"][key] for key in ("helped", "hurt", "unchanged")} == {"helped": 1, "hurt": 1, "unchanged": 2}
    none = table.assign(without_lmm_error_km=np.nan)
    assert model_figures(none, PARAMS)["without_median_km"] is None
    assert model_figures(none.assign(error_km=np.nan), PARAMS)["median_change_km"] is None
