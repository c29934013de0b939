"""Intervals: known values, and that photographers, not photos, are the units."""

import numpy as np
import pandas as pd
import pytest

from dualgeo.evaluation.intervals import (
    BOOTSTRAP,
    WILSON,
    bootstrap_means,
    clusters_of,
    each_alone,
    share_intervals,
    wilson,
)


# From the worked examples of Newcombe (1998), method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_known_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)


def test_wilson_ends() -> None:
    assert wilson(0, 10, 0.95)[0] == 0.0
    assert wilson(10, 10, 0.95)[1] == 1.0
    assert wilson(0, 0, 0.95) == (0.0, 1.0)


def test_bootstrap_of_singles_is_about_wilson() -> None:
    values = (np.arange(400) < 120).astype(float)[:, None]
    singles = clusters_of(pd.Series([f"p{row}" for row in range(400)]))
    low, high = share_intervals(values, singles, 0.95, 4000, 0)
    assert (low[0], high[0]) == pytest.approx(wilson(120, 400, 0.95), abs=0.01)


def test_photos_that_agree_within_a_photographer_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    photographer = np.repeat(np.arange(40), 10)
    values = np.repeat((rng.random(40) < 0.4).astype(float), 10)[:, None]
    clustered = share_intervals(values, clusters_of(pd.Series(photographer.astype(str))), 0.95, 2000, 0)
    photos = clusters_of(pd.Series(np.arange(400).astype(str)))
    naive = share_intervals(values, photos, 0.95, 2000, 0)
    ratio = (clustered[1] - clustered[0]) / (naive[1] - naive[0])
    assert ratio[0] == pytest.approx(np.sqrt(10), rel=0.15)


def test_bootstrap_intervals_cover_the_truth_about_as_often_as_stated() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    clusters = clusters_of(pd.Series(np.repeat(np.arange(60), 5).astype(str)))
    for trial in range(200):
        chance = np.repeat(rng.beta(2, 3, 60), 5)
        values = (rng.random(300) < chance).astype(float)[:, None]
        low, high = share_intervals(values, clusters, 0.95, 500, trial)
        covered += bool(low[0] <= 0.4 <= high[0])
    assert 0.90 <= covered / 200 <= 0.99


def test_which_interval_is_used() -> None:
    assert clusters_of(pd.Series(["a", "a", "b"])).method == BOOTSTRAP
    assert clusters_of(pd.Series(["a", "a", "a"])).method == WILSON
    assert clusters_of(pd.Series([None, None, None], dtype=object)).method == WILSON
    mixed = clusters_of(pd.Series(["a", None, "a", None], dtype=object))
    assert (mixed.count, mixed.method) == (3, BOOTSTRAP)
    assert mixed.code[0] == mixed.code[2] != mixed.code[1]


def test_a_photographer_named_like_a_row_is_still_a_photographer() -> None:
    assert clusters_of(pd.Series(["row 1", None], dtype=object)).count == 2


def test_all_misses_never_claim_certainty() -> None:
    clusters = clusters_of(pd.Series(np.repeat(np.arange(20), 5).astype(str)))
    values = np.column_stack([np.zeros(100), np.ones(100)])
    low, high = share_intervals(values, clusters, 0.95, 500, 0)
    assert (low[0], high[0]) == pytest.approx(wilson(0, 20, 0.95))
    assert (low[1], high[1]) == pytest.approx(wilson(20, 20, 0.95))


def test_bootstrap_is_repeatable_and_unbiased() -> None:
    rng = np.random.default_rng(3)
    values = rng.random((200, 2))
    clusters = clusters_of(pd.Series(rng.integers(0, 50, 200).astype(str)))
    draws = bootstrap_means(values, clusters, 3000, np.random.default_rng(5))
    np.testing.assert_array_equal(draws, bootstrap_means(values, clusters, 3000, np.random.default_rng(5)))
    np.testing.assert_allclose(draws.mean(axis=0), values.mean(axis=0), atol=0.005)


def test_each_alone_is_everyone_for_themselves() -> None:
    assert each_alone(3).code.tolist() == [0, 1, 2]
