"""Intervals: known values, and that photographers, not photos, are the units."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.evaluation.clusters import BOOTSTRAP, WILSON, Clusters, clusters_of, each_alone
from dualgeo.evaluation.intervals import share_intervals, wilson


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


@pytest.mark.parametrize("hits", [20, 120, 200, 390])
def test_single_photos_get_about_wilson(hits: int) -> None:
    values = (np.arange(400) < hits).astype(float)[:, None]
    singles = clusters_of(pd.Series([f"p{row}" for row in range(400)]))
    low, high = share_intervals(values, singles, 0.95, 4000, 0)
    naive = wilson(hits, 400, 0.95)
    assert high[0] - low[0] == pytest.approx(naive[1] - naive[0], rel=0.15)
    assert (low[0], high[0]) == pytest.approx(naive, abs=0.01)


def test_photos_that_agree_within_a_photographer_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    photographer = np.repeat(np.arange(40), 10)
    values = np.repeat((rng.random(40) < 0.4).astype(float), 10)[:, None]
    clustered = share_intervals(values, clusters_of(pd.Series(photographer.astype(str))), 0.95, 2000, 0)
    # Ten photos that always agree are one photo.
    forty = share_intervals(values[::10], each_alone(40), 0.95, 2000, 0)
    assert (clustered[0][0], clustered[1][0]) == pytest.approx((forty[0][0], forty[1][0]), abs=0.02)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 60), st.floats(0.05, 0.95))
def test_intervals_shrink_with_more_photographers(seed: int, photographers: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(photographers), rng.geometric(0.3, photographers))
    values = (rng.random(len(code)) < share).astype(float)[:, None]
    widths: list[float] = []
    for copies in (1, 4, 16):
        more = np.concatenate([code + photographers * copy for copy in range(copies)])
        low, high = share_intervals(np.tile(values, (copies, 1)), Clusters(more, more.max() + 1, True), 0.95, 1000, 0)
        assert 0 <= low[0] <= values.mean() <= high[0] <= 1
        widths.append(float(high[0] - low[0]))
    assert widths[0] > widths[1] > widths[2]


def test_few_photographers_are_never_sure() -> None:
    # 40 of 100 photos; two photographers with 20 hits each agree exactly, and that proves nothing about a third.
    two = Clusters(np.arange(100) // 50, 2, True)
    agree = (np.arange(100) % 5 < 2).astype(float)[:, None]
    low, high = share_intervals(agree, two, 0.95, 500, 0)
    assert low[0] < 0.1 and high[0] > 0.8
    differ = (np.arange(100) < 40).astype(float)[:, None]
    low, high = share_intervals(differ, two, 0.95, 500, 0)
    assert low[0] < 0.05 and high[0] > 0.95


def test_which_interval_is_used() -> None:
    assert clusters_of(pd.Series(["a", "a", "b"])).method == BOOTSTRAP
    assert clusters_of(pd.Series(["a", "a", "a"])).method == WILSON
    assert clusters_of(pd.Series([None, None, None], dtype=object)).method == WILSON
    mixed = clusters_of(pd.Series(["a", None, "a", None], dtype=object))
    assert (mixed.count, mixed.method) == (3, BOOTSTRAP)
    assert mixed.code[0] == mixed.code[2] != mixed.code[1]
    assert mixed.sizes.tolist() == [2, 1, 1]


def test_a_photographer_named_like_a_row_is_still_a_photographer() -> None:
    assert clusters_of(pd.Series(["row 1", None], dtype=object)).count == 2


def test_all_misses_never_claim_certainty() -> None:
    clusters = clusters_of(pd.Series(np.repeat(np.arange(20), 5).astype(str)))
    values = np.column_stack([np.zeros(100), np.ones(100)])
    low, high = share_intervals(values, clusters, 0.95, 500, 0)
    assert (low[0], high[0]) == pytest.approx(wilson(0, 20, 0.95))
    assert (low[1], high[1]) == pytest.approx(wilson(20, 20, 0.95))


def test_each_alone_is_everyone_for_themselves() -> None:
    assert each_alone(3).code.tolist() == [0, 1, 2]
