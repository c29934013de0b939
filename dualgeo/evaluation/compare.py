"""Whether one system beats another: paired on the same queries, over photographers and over seeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.figures import DIGITS, threshold_key
from dualgeo.evaluation.significance import detectable, difference_intervals, holm, mcnemar_exact, t_test
from dualgeo.evaluation.tables import SetHits, aligned_hits
from dualgeo.evaluation.variance import design_effect, two_level_spread
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams


@dataclass(frozen=True)
class Difference:
    """Accuracy of A minus accuracy of B on one query set at one threshold, in percentage points."""

    points: float
    low: float
    high: float
    queries: int
    units: int
    """What was resampled: photographers, or photos where fewer than two photographers are known."""
    p: float
    """Two-sided p value, over photographers and seeds; it and the interval come from the same t test."""
    p_holm: float
    """The same after Holm's correction over the thresholds of this query set: what decides."""
    mcnemar_p: float | None
    """Exact McNemar, as if photos were independent; None unless each side is one run."""
    detectable: float
    """Smallest true difference in points that one test at this confidence finds with 80 % power."""
    design_effect: float | None
    """How many times the variance exceeds that of as many independent photos; None where it cannot be told."""
    seeds_a: int
    seeds_b: int
    """A side with one seed is taken as that one trained system: how its seeds would differ is not known."""
    confidence: float

    @property
    def decided(self) -> bool:
        """Whether a difference was shown, all thresholds of the query set allowed for."""
        return self.p_holm <= 1 - self.confidence

    def words(self, a: str, b: str, threshold_km: float) -> str:
        """The outcome in one sentence without a full stop; its p is Holm's."""
        where = f"at {threshold_km:g} km"
        numbers = (
            f"{100 * self.confidence:g} % interval {_tenths(self.low)} to {_tenths(self.high)}, {p_words(self.p_holm)}"
        )
        which = "better" if self.points > 0 else "worse"
        if self.decided:
            return f"{a} is {abs(self.points):.1f} points {which} than {b} {where} ({numbers})"
        unsure = (
            f"no difference between {a} and {b} {where} could be shown ({_tenths(self.points, '+')} points, {numbers}"
        )
        if self.p <= 1 - self.confidence:
            unsure += " with the other thresholds allowed for"
        return f"{unsure}); smaller than {self.detectable:.1f} points could not have been"


def _tenths(points: float, sign: str = "-") -> str:
    """One decimal; what rounds to nothing has no sign of its own."""
    return f"{round(points, 1) + 0.0:{sign}.1f}"


def p_words(p: float) -> str:
    """A p value to two digits, and no smaller than can be meant: "p = 0.021", "p < 0.0001"."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def compare(
    a: list[pd.DataFrame], b: list[pd.DataFrame], params: ScoreParams, same_seeds: bool = False
) -> dict[str, dict[str, Difference]]:
    """Differences by query set and threshold key, A minus B.

    `a`, `b`: per-query tables (scores/<cell>/queries.parquet), one for each seed; the numbers of seeds may differ.
    `same_seeds`: both are the same trained systems in the same order, with and without something; what differs between
    seeds then counts once, in their differences. How interval, p and power are made is in docs/statistics.md. Raises
    DualGeoError when the tables are not about the same queries.
    """
    sets = aligned_hits([*a, *b], params.thresholds_km)
    return {name: _differences(found, len(a), params, same_seeds) for name, found in sets.items()}


@dataclass(frozen=True)
class Tested:
    """Outcome of comparing two systems at m thresholds, as shares and p values (m,)."""

    mean: Floats
    low: Floats
    high: Floats
    p: Floats
    p_holm: Floats
    detectable: Floats


def tested(found: SetHits, seeds: int, params: ScoreParams, same_seeds: bool = False) -> Tested:
    """Compare the first `seeds` runs with the others; `same_seeds`: pair by pair."""
    sides = [found.hits[:seeds], found.hits[seeds:]]
    gap = sides[0].mean(axis=0) - sides[1].mean(axis=0)
    sides = [sides[0] - sides[1]] if same_seeds else sides
    mean, units = gap.mean(axis=0), found.clusters.resampled()
    spread = two_level_spread(gap, sides, units, params.resamples, params.seed)
    low, high = difference_intervals(mean, spread, units.count, params.confidence)
    p = t_test(mean, spread, units.count)
    return Tested(mean, low, high, p, holm(p), detectable(spread, units.count, params.confidence))


def _differences(found: SetHits, seeds: int, params: ScoreParams, same_seeds: bool) -> dict[str, Difference]:
    mine, other = found.hits[:seeds], found.hits[seeds:]
    outcome = tested(found, seeds, params, same_seeds)
    effect = design_effect(mine.mean(axis=0) - other.mean(axis=0), found.clusters)
    one_each = len(mine) == len(other) == 1
    return {
        threshold_key(threshold): Difference(
            points=_points(outcome.mean[column]),
            low=_points(outcome.low[column]),
            high=_points(outcome.high[column]),
            queries=found.hits.shape[1],
            units=found.clusters.resampled().count,
            p=float(outcome.p[column]),
            p_holm=float(outcome.p_holm[column]),
            mcnemar_p=mcnemar_exact(mine[0, :, column], other[0, :, column]) if one_each else None,
            detectable=_points(outcome.detectable[column]),
            design_effect=None if np.isnan(effect[column]) else round(float(effect[column]), DIGITS),
            seeds_a=len(mine),
            seeds_b=len(other),
            confidence=params.confidence,
        )
        for column, threshold in enumerate(params.thresholds_km)
    }


def _points(share: float) -> float:
    return round(100 * float(share), DIGITS)
