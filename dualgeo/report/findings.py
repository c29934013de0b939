"""What the run found: every variant on every query set over its seeds, and the queries without an answer."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from dualgeo.evaluation.score import threshold_key
from dualgeo.evaluation.summary import Accuracy, summarise
from dualgeo.report.inputs import CellRun, Run, number
from dualgeo.report.lmm.asked import MARK, asked_cells, questions_of, without_model
from dualgeo.report.style import style_of

REFERENCE_KM = 25.0
"""The threshold that the headline quotes (city scale), or the nearest one of params.yaml."""


@dataclass(frozen=True)
class Figure:
    """A mean over seeds; `sd` is NaN for one seed, `low` and `high` bound the interval (NaN where there is none)."""

    mean: float
    sd: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Row:
    """One variant on one query set: percent of all queries within each distance, km, points."""

    query_set: str
    variant: str
    seeds: int
    queries: int
    failed: tuple[int, ...]
    acc: dict[float, Figure]
    effect: dict[float, float]
    """How many times the variance exceeds that of as many independent photos; no entry where it cannot be told."""
    units: int
    """What was resampled: photographers, or photos where fewer than two photographers are known."""
    interval: str
    """How the intervals were made."""
    oracle: dict[float, Figure]
    filtered: dict[float, Figure]
    """Accuracy without the gallery rows that the leakage check names; empty where it was not measured."""
    no_skill: dict[float, float]
    median_km: Figure
    geoscore: Figure
    asked: int = 0
    """How many of its seeds put this query set to a large multimodal model."""
    without: dict[float, Figure] = field(default_factory=dict)
    """Accuracy of the answers that stand without the model; empty where no seed asked."""

    @property
    def name(self) -> str:
        """The variant in words."""
        return style_of(self.variant).name

    @property
    def marked(self) -> str:
        """The same, marked where a model was asked."""
        return f"{self.name} {MARK}" if self.asked else self.name

    def shown(self, km: float, alone: bool) -> Figure:
        """Accuracy within a distance as predicted, or with the model left out."""
        return self.without[km] if alone and self.asked else self.acc[km]

    @property
    def left_out(self) -> str:
        """What the line below it is called, which leaves the model out."""
        return f"{self.name}, model left out"


def rows_of(run: Run) -> list[Row]:
    """A row for each query set and variant, in the order of the run."""
    rows: dict[tuple[str, str], Row] = {}
    for variant in run.variants:
        answers, oracle, filtered = (
            summary_of(run, variant, f"{kind}error_km") for kind in ("", "oracle_", "filtered_")
        )
        without = _summary_without_model(run, variant)
        for name in run.query_sets:
            found = (by_set.get(name, {}) for by_set in (answers, oracle, filtered))
            row = _row(run, name, variant, *found)
            rows[name, variant] = replace(row, **_model_left_out(run, row, without.get(name, {})))
    return [rows[name, variant] for name in run.query_sets for variant in run.variants]


def _summary_without_model(run: Run, variant: str) -> dict[str, dict[str, Accuracy]]:
    if not asked_cells(run, variant):
        return {}
    return summarise([without_model(r) for r in run.of(variant)], run.params.score)


def _model_left_out(run: Run, row: Row, without: dict[str, Accuracy]) -> dict[str, Any]:
    asked = sum(bool((questions_of(r)["query_set"] == row.query_set).any()) for r in asked_cells(run, row.variant))
    if not asked:
        return {}
    return {"asked": asked, "without": {km: _figure(without.get(threshold_key(km))) for km in row.acc}}


def summary_of(run: Run, variant: str, errors: str) -> dict[str, dict[str, Accuracy]]:
    """Accuracy by query set and threshold of one of the error columns; nothing where a seed lacks it."""
    tables = [r.queries for r in run.of(variant)]
    if any(errors not in table for table in tables):
        return {}
    return summarise([table.assign(error_km=table[errors]) for table in tables], run.params.score)


def _row(
    run: Run,
    query_set: str,
    variant: str,
    answers: dict[str, Accuracy],
    oracle: dict[str, Accuracy],
    filtered: dict[str, Accuracy],
) -> Row:
    found = [r.metrics[query_set] for r in run.of(variant) if query_set in r.metrics]
    thresholds = run.params.score.thresholds_km
    return Row(
        query_set=query_set,
        variant=variant,
        seeds=len(found),
        queries=max((int(f["queries"]) for f in found), default=0),
        failed=tuple(int(f["failed"]) for f in found) or (0,),
        acc={km: _figure(answers.get(threshold_key(km))) for km in thresholds},
        effect={
            km: effect
            for km in thresholds
            if (each := answers.get(threshold_key(km))) and (effect := each.design_effect) is not None
        },
        units=max((each.units for each in answers.values()), default=0),
        interval=next((each.interval for each in answers.values()), ""),
        oracle={km: _figure(oracle.get(threshold_key(km))) for km in thresholds},
        filtered={km: _figure(filtered[threshold_key(km)]) for km in thresholds} if filtered else {},
        no_skill={km: mean_of([f.get("no_skill", {}).get(threshold_key(km)) for f in found]).mean for km in thresholds},
        median_km=mean_of([f.get("median_km") for f in found]),
        geoscore=mean_of([f.get("geoscore") for f in found]),
    )


def _figure(accuracy: Accuracy | None) -> Figure:
    if accuracy is None:
        return Figure(math.nan)
    sd = math.nan if accuracy.sd is None else accuracy.sd
    return Figure(accuracy.mean, sd, accuracy.low, accuracy.high)


def mean_of(values: list[object]) -> Figure:
    """Mean over seeds and its spread; NaN when a seed has no such figure."""
    numbers = np.array([number(value) for value in values], np.float64)
    if not len(numbers):
        return Figure(math.nan)
    sd = float(numbers.std(ddof=1)) if len(numbers) > 1 else math.nan
    return Figure(float(numbers.mean()), sd)


def reference_km(thresholds_km: list[float]) -> float:
    """The threshold that headlines quote: 25 km, or the one nearest to it."""
    return min(thresholds_km, key=lambda km: abs(math.log(km / REFERENCE_KM)))


def failures_of(run: Run) -> list[dict[str, str]]:
    """Queries without an answer: query_id, query_set, the cells it concerns and the reason, sorted."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for cell in run.cells:
        for row in _failed_rows(cell).itertuples():
            found.setdefault((str(row.query_set), str(row.query_id), str(row.status)), []).append(cell.cell.name)
    order = {name: i for i, name in enumerate(run.query_sets)}
    keys = sorted(found, key=lambda key: (order.get(key[0], len(order)), key))
    everywhere = len(run.cells)
    return [
        {
            "query_set": query_set,
            "query_id": query_id,
            "reason": reason,
            "cells": "every cell" if len(found[key]) == everywhere > 1 else ", ".join(found[key]),
        }
        for key in keys
        for query_set, query_id, reason in [key]
    ]


def _failed_rows(run: CellRun) -> pd.DataFrame:
    return run.queries[run.queries["error_km"].isna()]
