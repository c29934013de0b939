"""Variances by hand, and how many units they rest on."""

import numpy as np
import pytest

from dualgeo.evaluation.clusters import Clusters, each_alone
from dualgeo.evaluation.variance import design_effect, query_spread, seed_spread, two_level_spread


def known(code: np.ndarray) -> Clusters:
    return Clusters(code, int(code.max()) + 1, True)


def test_design_effect_by_hand() -> None:
    # Three photographers with hits 1 1, 0 0 and 1 0. As photos: sum of squares 1.5 / (5 * 6) = 0.05. As photographers:
    # sums off the mean 1, -1, 0, so 2 * 3 / 2 / 6^2 = 1 / 12.
    hits = np.array([1.0, 1, 0, 0, 1, 0])[:, None]
    assert design_effect(hits, known(np.array([0, 0, 1, 1, 2, 2]))) == pytest.approx([5 / 3])


def test_design_effect_of_single_photos_is_one() -> None:
    hits = np.column_stack([np.arange(40) < 13, np.arange(40) < 30]).astype(float)
    assert design_effect(hits, known(np.arange(40))) == pytest.approx([1, 1])


def test_design_effect_that_cannot_be_told() -> None:
    hits = np.column_stack([np.zeros(10), np.ones(10), np.arange(10) < 4]).astype(float)
    pairs = known(np.arange(10) // 2)
    assert np.isnan(design_effect(hits, pairs)).tolist() == [True, True, False]
    assert np.isnan(design_effect(hits, known(np.zeros(10, int)))).all()
    assert np.isnan(design_effect(hits, each_alone(10))).all()


def test_degrees_of_freedom_count_who_carries_the_figure() -> None:
    even = query_spread((np.arange(100) % 2).astype(float)[:, None], known(np.arange(100)), 200, 0)
    assert even.freedom[0] == 99
    rare = query_spread((np.arange(100) < 3).astype(float)[:, None], known(np.arange(100)), 200, 0)
    assert 3 < rare.freedom[0] < 6
    one_giant = known(np.concatenate([np.zeros(100, int), np.arange(1, 50)]))
    giant = query_spread(np.random.default_rng(0).random((149, 1)), one_giant, 200, 0)
    assert giant.freedom[0] < 2


def test_seeds_by_hand() -> None:
    # Three seeds that hit 40, 50 and 60 %: variance of the mean 0.01 / 3, two degrees of freedom.
    hits = np.stack([(np.arange(10) < count).astype(float) for count in (4, 5, 6)])[:, :, None]
    spread = seed_spread(hits)
    assert spread.variance == pytest.approx([0.01 / 3]) and spread.freedom.tolist() == [2]
    assert seed_spread(hits[:1]).variance.tolist() == [0]


def test_both_levels_are_added_with_satterthwaite() -> None:
    hits = np.stack([(np.arange(1000) % 10 < count).astype(float) for count in (4, 5, 6)])[:, :, None]
    clusters, mean = known(np.arange(1000)), hits.mean(axis=0)
    queries, seeds = query_spread(mean, clusters, 500, 0), seed_spread(hits)
    both = two_level_spread(mean, [hits], clusters, 500, 0)
    assert both.variance == pytest.approx(queries.variance + seeds.variance)
    by_hand = both.variance**2 / (queries.variance**2 / queries.freedom + seeds.variance**2 / 2)
    assert both.freedom == pytest.approx(by_hand) and 2 < both.freedom[0] < 3
    alone = two_level_spread(mean, [hits[:1], hits[1:2]], clusters, 500, 0)
    assert alone.variance == pytest.approx(queries.variance) and alone.freedom == pytest.approx(queries.freedom)
