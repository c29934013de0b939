"""Candidates as matrices, and the best of the first k."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualgeo.evaluation.oracle_at import depths, oracle_at, oracle_km
from dualgeo.evaluation.ranked import Ranked, candidates_of
from dualgeo.geo.sphere import geodesic_km

THRESHOLDS = [1.0, 25.0, 200.0]


def by_error(errors: list[list[float]]) -> Ranked:
    matrix = np.array(errors, np.float64)
    return Ranked(np.zeros_like(matrix), np.zeros_like(matrix), matrix)


def test_known_answers() -> None:
    candidates = by_error([[30, 0.5], [np.nan, np.nan], [10, 10], [500, 150]])
    assert oracle_at(candidates, THRESHOLDS) == {
        "1": {"1": 0.0, "25": 25.0, "200": 50.0},
        "2": {"1": 25.0, "25": 50.0, "200": 75.0},
    }


def test_depths_end_at_what_there_is() -> None:
    assert depths(0) == []
    assert depths(1) == [1]
    assert depths(5) == [1, 5]
    assert depths(20) == [1, 5, 10, 20]
    assert depths(30) == [1, 5, 10, 20, 30]
    assert depths(1000) == [1, 5, 10, 20, 50, 100, 200, 500, 1000]


@given(st.lists(st.lists(st.floats(0, 20000) | st.just(np.nan), min_size=12, max_size=12), min_size=1, max_size=8))
def test_more_candidates_are_never_worse(errors: list[list[float]]) -> None:
    candidates = by_error(errors)
    found = oracle_at(candidates, THRESHOLDS)
    for key in ("1", "25", "200"):
        shares = [found[k][key] for k in ("1", "5", "10", "12")]
        assert shares == sorted(shares)
    np.testing.assert_array_equal(
        np.where(np.isinf(best := oracle_km(candidates)[:, -1]), np.nan, best), candidates.best_km
    )


def test_candidates_come_in_the_order_of_the_queries() -> None:
    queries = pd.DataFrame({"query_id": ["b", "a", "none"], "lat": [0.0, 10.0, 5.0], "lon": [179.9, 20.0, 5.0]})
    table = pd.DataFrame(
        {
            "query_id": ["a", "a", "b", "stranger"],
            "rank": [1, 0, 0, 0],
            "order": [0, 1, 0, 0],
            "lat": [10.0, 11.0, 0.0, 9.0],
            "lon": [20.0, 21.0, -179.9, 9.0],
        }
    )
    found = candidates_of(table, queries)
    np.testing.assert_array_equal(found.retrieved.lat, [[0.0, np.nan], [11.0, 10.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(found.final.lat, [[0.0, np.nan], [10.0, 11.0], [np.nan, np.nan]])
    np.testing.assert_allclose(
        found.retrieved.first_km, [geodesic_km(0, 179.9, 0, -179.9), geodesic_km(10, 20, 11, 21), np.nan]
    )
    np.testing.assert_allclose(found.retrieved.best_km, [22.2639, 0.0, np.nan], atol=1e-4)
    alone = found.retrieved.rows(np.array([1]))
    assert alone.error_km.shape == (1, 2) and alone.first_km[0] == pytest.approx(found.retrieved.first_km[1])


def test_no_candidates_at_all() -> None:
    queries = pd.DataFrame({"query_id": ["a"], "lat": [0.0], "lon": [0.0]})
    table = pd.DataFrame({"query_id": pd.Series(dtype=str), "rank": pd.Series(dtype=np.int64), "lat": [], "lon": []})
    found = candidates_of(table, queries).retrieved
    assert found.depth == 0 and oracle_at(found, THRESHOLDS) == {}
    assert np.isnan(found.first_km).all() and np.isnan(found.best_km).all()
