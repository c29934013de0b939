"""Tests between two systems on the same queries, and what they could have found."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, gammaincinv, stdtr

from dualgeo.evaluation.variance import Spread
from dualgeo.geo.sphere import Floats

POWER = 0.8


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down correction (Holm 1979) of p values (m,): corrected p values in the same order, at most 1.

    Rejecting where the corrected p is at most alpha keeps the chance of any false rejection among the m at alpha,
    however the tests depend on each other.
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def mcnemar_exact(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Two-sided exact p value of McNemar's test that two systems hit equally often.

    `a`, `b`: hits (n,) of two runs on the same queries, 0 or 1. Among the queries that only one of them hits, each is
    as likely to win under the null; 1.0 where they never differ. It takes every photo as independent, so for photos
    that share photographers it is too sure.
    """
    first, second = np.asarray(a, np.float64) > 0.5, np.asarray(b, np.float64) > 0.5
    only_a, only_b = int((first & ~second).sum()), int((~first & second).sum())
    if only_a + only_b == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def t_test(mean: Floats, spread: Spread, units: int) -> Floats:
    """Two-sided p values (m,) that a true mean is zero.

    Where all of `units` clusters differ alike there is no spread to divide by; the p value is then that of the sign
    test, 2 / 2^units, and 1 where nothing differs.
    """
    signs = np.where(mean != 0, min(1.0, 2.0 ** (1 - units)), 1.0)
    ratio = np.divide(np.abs(mean), spread.error, out=np.zeros_like(mean), where=spread.variance > 0)
    return np.where(spread.variance > 0, 2 * stdtr(spread.freedom, -ratio), signs)


def difference_intervals(mean: Floats, spread: Spread, units: int, confidence: float) -> tuple[Floats, Floats]:
    """Interval (m,), (m,) of a difference of shares: those true differences that `t_test` would not reject.

    Without any spread it reaches as far as Wilson's interval of no event in `units` trials.
    """
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    half = np.where(spread.variance > 0, spread.quantile((1 + confidence) / 2) * spread.error, z2 / (units + z2))
    return np.clip(mean - half, -1.0, 1.0), np.clip(mean + half, -1.0, 1.0)


def detectable(spread: Spread, units: int, confidence: float) -> Floats:
    """Smallest true difference of shares (m,) that one test finds with 80 % power (Bloom 1995), at most 1.

    Without any spread: the least that the sign test decides, k clusters all in one direction, seen with 80 % power
    when clusters differ at that rate.
    """
    needed = math.ceil(1 - math.log2(1 - confidence))
    without = float(gammaincinv(needed, POWER)) / units
    found = spread.error * (spread.quantile((1 + confidence) / 2) + spread.quantile(POWER))
    return np.minimum(np.where(spread.variance > 0, found, without), 1.0)
