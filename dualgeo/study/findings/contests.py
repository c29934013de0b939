"""Lead against baseline under every condition, and over all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from dualgeo.evaluation.compare import Difference, compare
from dualgeo.evaluation.score import threshold_key
from dualgeo.params import ScoreParams
from dualgeo.study.findings.family import weighted_holm
from dualgeo.study.findings.inputs import Study, Tables

Outcome = Literal["helps", "hurts", "undecided"]
TOGETHER = "together"
ALL, TAKEN, CORRUPTED = "all", "as taken", "corrupted"


@dataclass(frozen=True)
class Contest:
    """Lead minus baseline at the reference threshold, in points, on one query set or on several together."""

    query_set: str
    """`atlas-night` as taken, `atlas/fog-3` corrupted; ALL, TAKEN or CORRUPTED for several together."""
    corrupted: bool
    conditions: int
    difference: Difference
    p: float | None
    """Corrected for everything that the verdict rests on; None where only the interval is given."""

    @property
    def outcome(self) -> Outcome:
        """What was shown, all other tests allowed for."""
        if self.p is None or self.p > 1 - self.difference.confidence or self.difference.points == 0:
            return "undecided"
        return "helps" if self.difference.points > 0 else "hurts"


@dataclass(frozen=True)
class Contests:
    """All that was compared, at one threshold that was fixed beforehand."""

    single: tuple[Contest, ...]
    """One for each query set as taken and each corrupted one, in the order they are shown."""
    all: Contest
    """Every query of every condition."""
    parts: tuple[Contest, ...]
    """The same for photos as taken and for corrupted copies; intervals only."""


def contests_of(study: Study, threshold_km: float) -> Contests:
    """Lead against baseline under every condition, and under all of them together.

    The chance that the verdict states any difference that is not there is at most 1 - confidence: the test over all
    conditions gets half of it and the single conditions the other half (weighted Holm).
    """
    single: list[Contest] = []
    for tables, corrupted in ((study.taken, False), (study.corrupted, True)):
        found = compare(tables[study.lead], tables[study.baseline], study.params.score)
        key = threshold_key(threshold_km)
        single += [Contest(name, corrupted, 1, found[name][key], None) for name in shown(study, tables)]
    everything = _pooled(study, ALL, (study.taken, study.corrupted), threshold_km)
    tests = [everything, *single]
    p = weighted_holm([test.difference.p for test in tests], [len(single), *(1 for _ in single)])
    corrected = [replace(test, p=float(value)) for test, value in zip(tests, p, strict=True)]
    parts = ((TAKEN, study.taken), (CORRUPTED, study.corrupted))
    return Contests(
        single=tuple(corrected[1:]),
        all=corrected[0],
        parts=tuple(_pooled(study, name, (tables,), threshold_km) for name, tables in parts),
    )


def _pooled(study: Study, name: str, parts: Sequence[Tables], threshold_km: float) -> Contest:
    """All queries of some tables; a photographer's photos stay together, whatever set they belong to."""
    mine, other = (_together([part[variant] for part in parts]) for variant in (study.lead, study.baseline))
    conditions = sum(part[study.lead][0]["query_set"].nunique() for part in parts)
    difference = together(mine, other, study.params.score, threshold_km)
    return Contest(name, name == CORRUPTED, conditions, difference, None)


def shown(study: Study, tables: Tables) -> list[str]:
    """Query sets in the order of params: the dataset's own, its conditions, the rest; corruptions by severity."""
    params = study.params
    names = {str(name) for name in tables[study.lead][0]["query_set"].unique()}
    known = [params.dataset, *(f"{params.dataset}-{condition}" for condition in params.atlas.conditions)]
    graded = [f"{corruption}-{severity}" for corruption in params.study.corruptions for severity in range(1, 6)]

    def place(name: str) -> tuple[int, int, str]:
        of, _, condition = name.partition("/")
        return (
            known.index(of) if of in known else len(known),
            graded.index(condition) if condition in graded else -1,
            name,
        )

    return sorted(names, key=place)


def levels_of(study: Study, variant: str, threshold_km: float) -> dict[str, float]:
    """Percent of queries within the threshold, mean over seeds: TAKEN and CORRUPTED, all sets together."""
    parts = {TAKEN: study.taken[variant], CORRUPTED: study.corrupted[variant]}
    return {
        name: 100 * float(np.mean([(table["error_km"] <= threshold_km).mean() for table in tables]))
        for name, tables in parts.items()
    }


def together(
    mine: list[pd.DataFrame], other: list[pd.DataFrame], params: ScoreParams, threshold_km: float
) -> Difference:
    """`compare` at one threshold over all queries of the tables at once, whatever set they belong to."""
    a, b = ([as_one_set(table) for table in tables] for tables in (mine, other))
    return compare(a, b, params)[TOGETHER][threshold_key(threshold_km)]


def as_one_set(table: pd.DataFrame) -> pd.DataFrame:
    """The table with all its queries in one set; ids keep the set they came from."""
    ids = [f"{name} {query}" for name, query in zip(table["query_set"], table["query_id"], strict=True)]
    return table.assign(query_set=TOGETHER, query_id=ids)


def _together(parts: Sequence[list[pd.DataFrame]]) -> list[pd.DataFrame]:
    columns = ["query_id", "query_set", "photographer", "error_km"]
    return [pd.concat([table[columns] for table in seed], ignore_index=True) for seed in zip(*parts, strict=True)]


def detectable_range(contests: Sequence[Contest]) -> tuple[float, float, float]:
    """Smallest, median and largest of the differences that single conditions could have shown."""
    values = np.array([contest.difference.detectable for contest in contests])
    return float(values.min()), float(np.median(values)), float(values.max())
