"""The correction over all tests of the verdict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from dualgeo.evaluation.significance import holm
from dualgeo.study.findings.family import weighted_holm

P = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(p=P, weight=st.floats(0.1, 100))
def test_equal_weights_are_holms_correction(p: list[float], weight: float) -> None:
    np.testing.assert_allclose(weighted_holm(p, [weight] * len(p)), holm(p), rtol=1e-9, atol=1e-300)


@given(p=P, seed=st.integers(0, 1000))
def test_corrected_values_are_never_smaller_and_follow_their_test(p: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.uniform(0.5, 5, len(p))
    corrected = weighted_holm(p, weights)
    assert (corrected >= np.asarray(p) - 1e-12).all() and (corrected <= 1).all()
    order = random.permutation(len(p))
    np.testing.assert_allclose(weighted_holm(np.asarray(p)[order], weights[order]), corrected[order], atol=1e-12)


def test_a_hand_computed_family() -> None:
    # Weights 3, 1, 1, 1: ordered by p / w: 0.012/3 = 0.004, 0.01, 0.02, 0.5; remaining weights 6, 3, 2, 1.
    expected = [0.024, 0.03, 0.04, 0.5]
    np.testing.assert_allclose(weighted_holm([0.012, 0.01, 0.02, 0.5], [3, 1, 1, 1]), expected)


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_under_the_null_a_verdict_is_wrong_in_at_most_5_percent(shared: float) -> None:
    """30 conditions that may depend on each other, and all of them together: 4,000 studies without any effect."""
    random = np.random.default_rng(5)
    common = random.standard_normal((4000, 1))
    scores = shared**0.5 * common + (1 - shared) ** 0.5 * random.standard_normal((4000, 30))
    pooled = scores.mean(axis=1, keepdims=True) / (shared + (1 - shared) / 30) ** 0.5
    p = 2 * norm.sf(np.abs(np.hstack([pooled, scores])))
    weights = [30, *[1] * 30]
    wrong = np.mean([(weighted_holm(row, weights) <= 0.05).any() for row in p])
    assert 0.005 < wrong <= 0.056  # three standard errors of 4,000 draws above 5 % would be 6 %


def test_weights_must_be_positive_and_as_many_as_tests() -> None:
    for weights in ([1.0], [1.0, 0.0]):
        with pytest.raises(ValueError, match="positive weight"):
            weighted_holm([0.1, 0.2], weights)
