"""Resampling photographers: the quick way draws from the same distribution as the plain one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bootstrap import made, one_by_one
from dualgeo.evaluation.bootstrap import bootstrap_means, bootstrap_variance
from dualgeo.evaluation.clusters import Clusters, each_alone


@pytest.mark.parametrize("layout", ["singletons", "as YFCC4k", "as IM2GPS3k"])
def test_kinds_draw_like_one_photographer_at_a_time(layout: str) -> None:
    values, clusters = made(400, layout, np.random.default_rng(0))
    quick = bootstrap_means(values, clusters, 4000, np.random.default_rng(1))
    plain = one_by_one(values, clusters, 4000, np.random.default_rng(2))
    np.testing.assert_allclose(quick.mean(axis=0), plain.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(quick.std(axis=0), plain.std(axis=0), rtol=0.06)
    tails = [0.025, 0.5, 0.975]
    np.testing.assert_allclose(np.quantile(quick, tails, axis=0), np.quantile(plain, tails, axis=0), atol=0.008)
    # Nested thresholds stay nested in every draw.
    assert (np.diff(quick, axis=1) >= -1e-12).all()


def test_with_single_photos_it_is_the_plain_bootstrap() -> None:
    values = (np.arange(300) < 60).astype(float)[:, None]
    photographers = Clusters(np.random.default_rng(0).permutation(300), 300, True)
    draws = bootstrap_means(values, photographers, 5000, np.random.default_rng(1))
    np.testing.assert_array_equal(draws, bootstrap_means(values, each_alone(300), 5000, np.random.default_rng(1)))
    # A plain bootstrap mean is binomial: (300, 0.2) / 300.
    assert draws.mean() == pytest.approx(0.2, abs=0.002)
    assert draws.var() == pytest.approx(0.2 * 0.8 / 300, rel=0.08)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_repeatable_and_blind_to_sign_and_rounding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clusters = Clusters(np.append(np.arange(12), rng.integers(0, 12, 50)), 12, True)
    values = rng.integers(0, 4, (62, 2)) / 3
    draws = bootstrap_means(values, clusters, 50, np.random.default_rng(seed))
    np.testing.assert_array_equal(draws, bootstrap_means(values, clusters, 50, np.random.default_rng(seed)))
    np.testing.assert_allclose(draws, -bootstrap_means(-values, clusters, 50, np.random.default_rng(seed)), atol=1e-9)
    noisy = values + 1e-15 * rng.normal(size=values.shape)
    np.testing.assert_allclose(draws, bootstrap_means(noisy, clusters, 50, np.random.default_rng(seed)), atol=1e-9)


def test_variance_makes_good_that_few_clusters_vary_too_little() -> None:
    values = np.array([0.0, 1.0])[:, None]
    assert bootstrap_variance(values, each_alone(2), 40_000, 0)[0] == pytest.approx(0.25, rel=0.03)  # s^2 / n = 0.5 / 2
