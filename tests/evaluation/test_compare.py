"""Comparing systems: what is decided, how sure it is, and what it says in words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.compare import Difference, compare
from dualgeo.evaluation.summary import summarise
from tests.evaluation.made_hits import ERROR_KM, PARAMS, per_query, table

KEYS = ["1", "25", "200", "750", "2500"]


def difference(a: list[pd.DataFrame], b: list[pd.DataFrame], key: str = "25") -> Difference:
    return compare(a, b, PARAMS)["made"][key]


def test_a_real_difference_is_found_and_none_is_not() -> None:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(60), 5)
    base = [per_query(rng.random(300) < 0.5, who) for _ in range(3)]
    better = [run.assign(error_km=np.where(rng.random(300) < 0.3, 10.0, run["error_km"])) for run in base]
    found = difference(better, base)
    assert found.decided and 5 < found.low < found.points < found.high < 28
    assert (found.queries, found.units, found.seeds_a, found.seeds_b) == (300, 60, 3, 3)
    same = difference(base, [run.sample(frac=1, random_state=1) for run in base])
    assert (same.points, same.p, same.decided) == (0, 1, False) and same.low < 0 < same.high


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3), st.integers(1, 40))
def test_the_other_way_round_says_the_same(seed: int, mine: int, theirs: int, photographers: int) -> None:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, photographers, 50)
    runs = [table(rng.choice(ERROR_KM, 50), who) for _ in range(mine + theirs)]
    there, back = compare(runs[:mine], runs[mine:], PARAMS)["made"], compare(runs[mine:], runs[:mine], PARAMS)["made"]
    for key in KEYS:
        one, other = there[key], back[key]
        assert (one.points, one.low, one.high) == pytest.approx((-other.points, -other.high, -other.low), abs=2e-4)
        assert (one.p, one.p_holm, one.detectable) == pytest.approx((other.p, other.p_holm, other.detectable), abs=2e-4)
        assert one.low <= one.points <= one.high and 0 <= one.p <= one.p_holm <= 1 and 0 <= one.detectable <= 100
        # Interval and p are one t test: zero is outside exactly where p is small.
        assert (one.low > 0 or one.high < 0) == (one.p < 0.05) or one.p == pytest.approx(0.05, abs=1e-3)


def test_single_photos_give_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    gap = rng.choice([-1, 0, 1], 80, p=[0.2, 0.3, 0.5])
    a, b = per_query(gap >= 0, np.arange(80)), per_query(gap <= 0, np.arange(80))
    found = compare([a], [b], PARAMS.model_copy(update={"resamples": 50_000}))["made"]["25"]
    reference = ttest_1samp(gap, 0)
    interval = reference.confidence_interval(0.95)
    assert found.points == pytest.approx(100 * gap.mean(), abs=1e-3)
    assert (found.low, found.high) == pytest.approx((100 * interval.low, 100 * interval.high), abs=0.4)
    assert found.p == pytest.approx(reference.pvalue, rel=0.15)


@pytest.mark.parametrize(("won", "lost"), [(5, 0), (6, 0), (8, 1), (12, 4), (40, 22)])
def test_p_is_near_that_of_flipping_the_signs_of_photographers(won: int, lost: int) -> None:
    """The permutation test needs no variance, no degrees of freedom and no normality."""
    gap = np.zeros(165)
    gap[:won], gap[won : won + lost] = 1, -1
    who = np.arange(165)
    p = difference([per_query(gap >= 0, who)], [per_query(gap <= 0, who)]).p
    flips = np.random.default_rng(0).choice([-1, 1], (200_000, won + lost)).sum(axis=1)
    assert p == pytest.approx(np.mean(np.abs(flips) >= won - lost), rel=0.6)


def test_photographers_who_agree_count_once() -> None:
    alone = np.arange(200)
    hit, other = np.arange(200) % 10 < 6, np.arange(200) % 10 < 5
    single = difference([per_query(hit, alone)], [per_query(other, alone)])
    together = difference(
        [per_query(np.repeat(hit[:20], 10), alone // 10)], [per_query(np.repeat(other[:20], 10), alone // 10)]
    )
    assert single.points == together.points == 10 and single.decided and not together.decided
    assert together.design_effect == pytest.approx(10, rel=0.1)
    assert single.mcnemar_p == together.mcnemar_p == pytest.approx(2 * 0.5**20)


def test_seeds_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    who, ease = np.arange(300), rng.random(300)
    steady = [per_query(ease < 0.5, who) for _ in range(3)]
    moody = [per_query(ease < share, who) for share in (0.4, 0.5, 0.6)]
    worse = [per_query(ease < 0.43, who)]
    sure, unsure = difference(steady, worse), difference(moody, worse)
    assert sure.points == pytest.approx(unsure.points, abs=1.5)
    assert sure.decided and not unsure.decided
    assert unsure.high - unsure.low > 4 * (sure.high - sure.low)
    # Three seeds leave two degrees of freedom: 4.3 standard errors of a mean over seeds, at least.
    by_seed = [100 * (run["error_km"] <= 25).mean() for run in moody]
    assert unsure.high - unsure.points > 0.9 * 4.303 * np.std(by_seed, ddof=1) / np.sqrt(3)


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(2)
    who = np.arange(400)
    base = rng.random(400) < 0.5
    other = np.where(rng.random(400) < 0.05, ~base, base)
    paired = difference([per_query(other, who)], [per_query(base, who)])
    unpaired = summarise([per_query(base, who)], PARAMS)["made"]["25"]
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_holm_is_over_the_thresholds_of_a_query_set() -> None:
    rng = np.random.default_rng(5)
    a, b = (
        table(rng.choice(ERROR_KM, 200, p=p), np.arange(200))
        for p in ([0.2, 0.3, 0.1, 0.1, 0.1, 0.2], [0.2, 0.1, 0.2, 0.2, 0.1, 0.2])
    )
    found = compare([a], [b], PARAMS)["made"]
    ordered = sorted(found.values(), key=lambda one: one.p)
    assert ordered[0].p_holm == pytest.approx(min(1, 5 * ordered[0].p))
    assert np.all(np.diff([one.p_holm for one in ordered]) >= 0)
    assert {one.decided for one in found.values()} == {True, False}


def test_one_photographer_leaves_photos_as_units() -> None:
    who, hit = np.zeros(50), np.arange(50) < 30
    found = difference([per_query(hit, who)], [per_query(np.roll(hit, 7), who)])
    assert found.units == 50 and found.low < found.high and found.design_effect is None


def test_one_query_decides_nothing() -> None:
    found = difference([per_query(np.array([True]), np.zeros(1))], [per_query(np.array([False]), np.zeros(1))])
    assert (found.points, found.p, found.decided, found.detectable) == (100, 1, False, 100)
    assert found.low < 25 and found.high == 100


def test_systems_that_never_differ_are_not_proven_equal() -> None:
    run = per_query(np.arange(100) < 40, np.arange(100) // 2)
    found = difference([run], [run])
    assert (found.points, found.p, found.mcnemar_p) == (0, 1, 1)
    assert found.low == -found.high and 100 / 50 < found.high < 100 * 4 / 50
    assert found.detectable == pytest.approx(100 * 7.906 / 50, abs=0.01)  # Poisson(7.906) is 6 or more in 80 %


def test_a_complete_win_is_decided() -> None:
    who = np.arange(40)
    found = difference([per_query(np.ones(40, bool), who)], [per_query(np.zeros(40, bool), who)])
    assert found.decided and found.points == 100 and found.low > 90


@pytest.mark.parametrize("photos", [10, 40])
def test_more_photographers_find_smaller_differences(photos: int) -> None:
    gap = np.tile([1, 1, 0, 0, -1], photos)
    few, many = (
        difference([per_query(g >= 0, np.arange(len(g)))], [per_query(g <= 0, np.arange(len(g)))])
        for g in (gap, np.tile(gap, 4))
    )
    assert few.detectable / many.detectable == pytest.approx(2, rel=0.1)
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.1)


def test_runs_on_other_queries_are_refused() -> None:
    runs = [per_query(np.ones(4, bool), np.arange(4)), per_query(np.ones(5, bool), np.arange(5))]
    with pytest.raises(DualGeoError, match="not about the same queries"):
        compare(runs[:1], runs[1:], PARAMS)


SHOWN = Difference(2.1, 0.4, 3.9, 300, 60, 0.004, 0.0204, 0.01, 2.9, 1.7, 3, 3, 0.95)


def test_words() -> None:
    assert SHOWN.words("dual", "image", 25) == (
        "dual is 2.1 points better than image at 25 km (95 % interval 0.4 to 3.9, p = 0.02)"
    )
    worse = replace(SHOWN, points=-2.1, low=-3.9, high=-0.4, p_holm=1e-9)
    assert worse.words("dual", "image", 25) == (
        "dual is 2.1 points worse than image at 25 km (95 % interval -3.9 to -0.4, p < 0.0001)"
    )
    unsure = replace(SHOWN, p_holm=0.08)
    assert unsure.words("dual", "image", 2500) == (
        "no difference between dual and image at 2500 km could be shown (+2.1 points, 95 % interval 0.4 to 3.9, "
        "p = 0.08 with the other thresholds allowed for); smaller than 2.9 points could not have been"
    )
    none = replace(SHOWN, points=-0.04, low=-2.0, high=2.0, p=0.9, p_holm=1.0)
    assert "could be shown (+0.0 points, 95 % interval -2.0 to 2.0, p = 1); smaller" in none.words("a", "b", 1)
