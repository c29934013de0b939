"""The result of `dualgeo score` for programs: one JSON object, and one flat table."""

import json
from dataclasses import asdict, dataclass

import pandas as pd

from dualgeo.scoring.concentration import Concentration, concentration
from dualgeo.scoring.evaluate import Answers, Options
from dualgeo.scoring.systems import Pair, System
from dualgeo.scoring.truth import Truth


@dataclass(frozen=True)
class Result:
    """All that is said about some systems on one truth."""

    truth: Truth
    options: Options
    systems: list[System]
    pairs: list[Pair]

    @property
    def query_sets(self) -> dict[str, Concentration]:
        """The query sets in order of name, with how their photos are spread over photographers."""
        return {
            str(name): concentration(rows["photographer"])
            for name, rows in self.truth.frame.groupby("query_set", sort=True)
        }


def document(result: Result) -> dict[str, object]:
    """Everything as JSON-ready values: percent, km, points; null where there is no value."""
    truth = result.truth
    return {
        "truth": {
            "name": truth.name,
            "rows": truth.rows,
            "queries": len(truth.frame),
            "unplaced": truth.unplaced,
            "repeated": truth.repeated,
            "notes": truth.notes,
        },
        "distance": result.options.distance_name,
        "params": result.options.params.model_dump(),
        "query_sets": {name: asdict(spread) for name, spread in result.query_sets.items()},
        "systems": [_system(system) for system in result.systems],
        "comparisons": [line for pair in result.pairs for line in _comparisons(pair)],
    }


def _system(system: System) -> dict[str, object]:
    return {
        "name": system.name,
        "accuracy": {
            name: {threshold: asdict(accuracy) for threshold, accuracy in by_threshold.items()}
            for name, by_threshold in system.accuracy.items()
        },
        "files": [_file(answers) for answers in system.answers],
    }


def _file(answers: Answers) -> dict[str, object]:
    return {
        "path": str(answers.predictions.path),
        "candidates": answers.predictions.candidates is not None,
        "counts": asdict(answers.counts),
        "warnings": answers.warnings,
        "metrics": answers.scored.metrics,
        "strata": answers.scored.strata,
        "curves": answers.scored.curves,
    }


def _comparisons(pair: Pair) -> list[dict[str, object]]:
    return [
        {
            "a": pair.a,
            "b": pair.b,
            "query_set": name,
            "threshold_km": float(threshold),
            **asdict(difference),
            "decided": difference.decided,
            "words": difference.words(pair.a, pair.b, float(threshold)),
        }
        for name, by_threshold in pair.differences.items()
        for threshold, difference in by_threshold.items()
    ]


def as_json(value: dict[str, object]) -> str:
    """Indented JSON with keys in order; the same result gives the same bytes."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def flat_table(result: Result) -> pd.DataFrame:
    """One row for each system, query set and threshold: percent of all queries, interval, design effect."""
    return pd.DataFrame(
        [
            {"system": system.name, "query_set": name, "threshold_km": float(threshold), **asdict(accuracy)}
            for system in result.systems
            for name, by_threshold in system.accuracy.items()
            for threshold, accuracy in by_threshold.items()
        ]
    )
