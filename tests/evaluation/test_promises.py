"""The promises of docs/statistics.md in miniature: coverage and false alarms on simulated benchmarks.

The bounds are the promise plus or minus what 400 (300) simulations can be off by; seeds are fixed. The full studies are
benchmarks/interval_coverage.py and benchmarks/comparison_type1.py.
"""

import numpy as np
import pytest

from benchmarks import comparison_type1, interval_coverage
from dualgeo.evaluation.simulation import SHARES, Difficulty, photographers, simulated_hits, true_shares


@pytest.mark.parametrize(
    "setting",
    [
        interval_coverage.Setting("geometric", 50, 0.3),
        interval_coverage.Setting("IM2GPS3k-like", 100, 0.1),
        interval_coverage.Setting("two each", 165, 0.3, 3, 0.01),
    ],
    ids=str,
)
def test_intervals_hold_the_truth_as_often_as_they_say(setting: interval_coverage.Setting) -> None:
    held = interval_coverage.measured(setting, 300, 200).held
    # Five shares of 300 simulations each: 93 to 97 %, and 1.5 % for chance.
    assert 91.5 <= held["dualgeo"].mean() <= 98.5
    assert held["dualgeo"].min() >= 90


@pytest.mark.parametrize(
    "setting",
    [
        comparison_type1.Setting("geometric", 60, (1, 1)),
        comparison_type1.Setting("two each", 100, (3, 3), 0.01),
    ],
    ids=str,
)
def test_equal_systems_are_seldom_told_apart(setting: comparison_type1.Setting) -> None:
    found = comparison_type1.simulations(setting, 400, 150)
    outcome = comparison_type1.outcome(found)
    # 5 % of 400 with a standard error of 1.1 %.
    assert outcome.family <= 0.075
    assert 0.005 <= outcome.one_test <= 0.07
    power = comparison_type1.power(setting, outcome.detectable, 200, 150)
    assert 0.65 <= power <= 0.95


def test_photos_of_one_photographer_fool_mcnemar_and_not_the_verdict() -> None:
    setting = comparison_type1.Setting("IM2GPS3k-like", 100, (1, 1))
    outcome = comparison_type1.outcome(comparison_type1.simulations(setting, 200, 150))
    assert outcome.family <= 0.08 < 0.3 < outcome.mcnemar


def test_simulated_systems_hit_what_they_should() -> None:
    rng = np.random.default_rng(0)
    clusters = photographers("geometric", 4000, rng)
    difficulty = Difficulty(0.2, 0.4, 0.1, 0.1, 0.0, 0.2)
    better, plain = simulated_hits(clusters, [2, 1], difficulty, rng, advantage=0.3)
    np.testing.assert_allclose(plain.mean(axis=(0, 1)), SHARES, atol=0.02)
    np.testing.assert_allclose(better.mean(axis=(0, 1)), true_shares(SHARES, 0.3), atol=0.02)
    assert (np.diff(better, axis=2) >= 0).all() and better.shape == (2, len(clusters.code), 5)
