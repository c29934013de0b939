"""Tests, corrections and intervals against statsmodels, an independent implementation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.intervals import wilson_bounds
from dualgeo.evaluation.significance import detectable, holm, mcnemar_exact
from dualgeo.evaluation.variance import Spread, design_effect


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=80), st.integers(0, 1000))
def test_mcnemar_equals_statsmodels(hits: list[bool], seed: int) -> None:
    a = np.array(hits, float)
    b = np.where(np.random.default_rng(seed).random(len(a)) < 0.4, 1 - a, a)
    table = [[np.sum((a == x) & (b == y)) for y in (1, 0)] for x in (1, 0)]
    assert mcnemar_exact(a, b) == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-9)
    assert mcnemar_exact(a, b) == mcnemar_exact(b, a)


def test_mcnemar_by_hand() -> None:
    # Six queries only A hits, one only B: 2 * (1 + 7) / 2^7.
    a, b = np.array([1] * 6 + [0] + [1] * 5), np.array([0] * 6 + [1] + [1] * 5)
    assert mcnemar_exact(a, b) == pytest.approx(0.125)


@pytest.mark.parametrize("tests", [1, 2, 5, 12])
def test_holm_equals_statsmodels(tests: int) -> None:
    p = np.random.default_rng(tests).random(tests).round(1) ** 2  # with ties
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005, 0.5]).tolist() == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.5])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_equals_statsmodels(trials: int, share: float, confidence: float) -> None:
    successes = round(trials * share)
    low, high = wilson_bounds(np.array([successes / trials]), trials, confidence)
    expected = proportion_confint(successes, trials, alpha=1 - confidence, method="wilson")
    assert (low[0], high[0]) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_design_effect_is_the_ratio_of_statsmodels_variances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    who, hits = rng.integers(0, 12, 60), (rng.random(60) < 0.4).astype(float)
    model = OLS(hits, np.ones(60))
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": who}).bse[0]
    found = design_effect(hits[:, None], clusters_of(pd.Series(who.astype(str))))
    assert found[0] == pytest.approx((robust / model.fit().bse[0]) ** 2)


@pytest.mark.parametrize("units", [10, 40, 400])
def test_detectable_is_found_with_the_promised_power(units: int) -> None:
    spread = Spread(np.array([0.25 / units]), np.array([units - 1.0]))  # standard deviation 0.5
    least = detectable(spread, units, 0.95)[0]
    assert TTestPower().power(least / 0.5, units, 0.05) == pytest.approx(0.8, abs=0.02)
