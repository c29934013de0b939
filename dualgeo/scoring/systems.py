"""Several files side by side: files of one name are seeds of one system, and systems are compared in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.compare import Difference, compare
from dualgeo.evaluation.summary import Accuracy, summarise
from dualgeo.params import ScoreParams
from dualgeo.scoring.evaluate import Answers

BySet = dict[str, dict[str, Accuracy]]


@dataclass(frozen=True)
class System:
    """One system: its files, one for each seed, and its accuracy by query set and threshold key."""

    name: str
    answers: list[Answers]
    accuracy: BySet

    @property
    def queries(self) -> list[pd.DataFrame]:
        """The per-query table of each file."""
        return [answers.scored.queries for answers in self.answers]


@dataclass(frozen=True)
class Pair:
    """System `a` against system `b`: differences by query set and threshold key, A minus B."""

    a: str
    b: str
    differences: dict[str, dict[str, Difference]]


def systems_of(names: Sequence[str], answers: Sequence[Answers], params: ScoreParams) -> list[System]:
    """Group scored files by name, in the order in which the names first come."""
    groups: dict[str, list[Answers]] = {}
    for name, scored in zip(names, answers, strict=True):
        groups.setdefault(name, []).append(scored)
    return [
        System(name, group, summarise([scored.scored.queries for scored in group], params))
        for name, group in groups.items()
    ]


def pairs_of(systems: Sequence[System], params: ScoreParams) -> list[Pair]:
    """Every two systems, the earlier one first."""
    return [Pair(a.name, b.name, compare(a.queries, b.queries, params)) for a, b in combinations(systems, 2)]


def names_of(files: Sequence[Path], given: Sequence[str]) -> list[str]:
    """A name for each file: the given ones, else the file's, with as much of its folder as tells files apart."""
    if given:
        if len(given) != len(files):
            raise DualGeoError(
                f"There are {len(files)} files of predictions and {len(given)} names; give --name once for each file "
                "in their order (files of one name are seeds of one system)."
            )
        return list(given)
    if len({file.resolve() for file in files}) < len(files):
        raise DualGeoError("A file of predictions is given twice; give each once.")
    parts = [_parts(file) for file in files]
    depth, names = 1, [steps[-1] for steps in parts]
    while len(set(names)) < len(names) and depth < max(len(steps) for steps in parts):
        depth += 1
        names = ["/".join(steps[-depth:]) for steps in parts]
    if len(set(names)) < len(names):  # They differ in their endings alone: run.csv and run.parquet.
        return [str(file) for file in files]
    return [_without_shared_end(name, names) for name in names]


def _parts(file: Path) -> tuple[str, ...]:
    return (*file.resolve().parts[1:-1], file.name.split(".")[0] or file.name)


def _without_shared_end(name: str, names: list[str]) -> str:
    """refined/dual-0/predictions beside refined/image-0/predictions is dual-0."""
    steps = [other.split("/") for other in names]
    most = min(len(own) for own in steps) - 1 if len(names) > 1 else 0
    shared = next((end for end in range(most) if len({own[-1 - end] for own in steps}) > 1), most)
    own = name.split("/")
    return "/".join(own[: len(own) - shared])
