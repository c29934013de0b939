"""Whether radii hold, and whether the surest queries are the good ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualgeo.evaluation.calibration import radius_figures
from dualgeo.evaluation.risk_coverage import (
    accuracy_of_surest,
    aurc,
    confidence_of,
    risk_coverage,
    risk_coverage_curves,
)
from tests.evaluation.made_rows import PARAMS, rows

BITS = st.lists(st.booleans(), min_size=1, max_size=40)


def test_coverage_and_sharpness() -> None:
    table = rows(
        [1.0, 10.0, np.nan, 3.0], radius_km_90=[2.0, 20.0, np.nan, 1.0], radius_km_50=[1.0, 1.0, np.nan, np.nan]
    )
    found = radius_figures(table, PARAMS)
    assert list(found) == ["0.5", "0.9"]
    assert (found["0.9"]["coverage"], found["0.9"]["median_km"], found["0.9"]["queries"]) == (66.6667, 2.0, 3)
    assert (found["0.5"]["coverage"], found["0.5"]["queries"]) == (50.0, 2)
    assert found["0.9"]["low"] < 66.6667 < found["0.9"]["high"]


def test_no_radius_is_null_not_zero() -> None:
    found = radius_figures(rows([1.0], radius_km_50=[np.nan]), PARAMS)
    assert found["0.5"] == {"coverage": None, "low": None, "high": None, "median_km": None, "queries": 0}
    assert radius_figures(rows([1.0]), PARAMS) == {}


@given(st.lists(st.floats(0, 20004), min_size=1, max_size=30))
def test_a_radius_of_half_the_earth_always_holds(errors: list[float]) -> None:
    found = radius_figures(rows(errors, radius_km_90=[20015.1] * len(errors)), PARAMS)
    assert found["0.9"]["coverage"] == 100.0


def test_aurc_of_a_known_order() -> None:
    # Surest first: hit, miss, hit, miss -> risks 0, 1/2, 1/3, 1/2.
    assert aurc(np.array([1.0, 0.0, 1.0, 0.0]), [4, 3, 2, 1]) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    # The best order: 0, 0, 1/3, 1/2; the worst: 1, 1, 2/3, 1/2.
    assert aurc(np.array([1.0, 0.0, 1.0, 0.0]), [1, 0, 1, 0]) == pytest.approx((1 / 3 + 1 / 2) / 4)
    assert aurc(np.array([1.0, 0.0, 1.0, 0.0]), [0, 1, 0, 1]) == pytest.approx((1 + 1 + 2 / 3 + 1 / 2) / 4)


def test_ties_count_as_the_mean_of_all_orders() -> None:
    rng = np.random.default_rng(0)
    hit = (rng.random(12) < 0.6).astype(float)
    confidence = rng.integers(0, 4, 12)
    orders = [aurc(hit, confidence + rng.uniform(0, 0.5, 12)) for _ in range(4000)]
    assert aurc(hit, confidence) == pytest.approx(np.mean(orders), abs=0.005)


@given(BITS)
def test_a_perfect_confidence_is_the_best_order(bits: list[bool]) -> None:
    errors = np.where(bits, 10.0, 5000.0)
    found = risk_coverage(rows(list(errors), confidence=-errors), PARAMS)
    assert found is not None and set(found["excess"].values()) == {0.0}


@given(BITS, st.randoms(use_true_random=False))
def test_no_order_is_better_and_all_end_at_the_whole(bits: list[bool], random: object) -> None:
    hit = np.array(bits, np.float64)
    confidence = [random.random() for _ in bits]
    assert aurc(hit, confidence) >= aurc(hit, hit) - 1e-12
    assert accuracy_of_surest(hit, confidence)[-1] == pytest.approx(hit.mean())


def test_confidence_is_the_smallest_radius_unless_stated() -> None:
    table = rows([1.0, 2.0, np.nan], radius_km_90=[3.0, 4.0, 5.0], radius_km_50=[2.0, 1.0, 7.0])
    name, confidence = confidence_of(table)
    assert name == "radius_km_50" and confidence.tolist() == [-2.0, -1.0, -np.inf]
    assert confidence_of(table.assign(confidence=[0.1, 0.9, 0.5]))[0] == "confidence"
    assert confidence_of(rows([1.0])) is None and risk_coverage(rows([1.0]), PARAMS) is None
    assert (
        confidence_of(rows([1.0], radius_km_50=[np.nan])) is None and risk_coverage_curves(rows([1.0]), PARAMS) is None
    )


def test_summary_and_curves_of_a_known_table() -> None:
    errors = [5.0, 5.0, 500.0, np.nan]
    table = rows(errors, radius_km_50=[1.0, 2.0, 3.0, np.nan])
    found = risk_coverage(table, PARAMS)
    assert found["answered"] == 3
    assert found["acc"]["0.25"]["25"] == found["acc"]["0.5"]["25"] == 100.0
    assert found["acc"]["0.75"]["25"] == 66.6667
    assert found["median_km"] == {"0.25": 5.0, "0.5": 5.0, "0.75": 5.0}
    curves = risk_coverage_curves(table, PARAMS)
    assert curves["share"][0] == 0.05 and curves["share"][-1] == 1.0
    assert curves["acc"]["25"][-1] == curves["best"]["25"][-1] == 50.0
    assert curves["acc"]["25"] == curves["best"]["25"]  # the order is perfect at 25 km
    assert curves["median_km"][-1] == 252.5
