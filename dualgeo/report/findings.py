"""What the run found: every variant on every query set over its seeds, and dual against image-only."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.compare import compare
from dualgeo.evaluation.score import threshold_key
from dualgeo.evaluation.summary import Accuracy, summarise
from dualgeo.report.inputs import CellRun, Run, number
from dualgeo.report.style import style_of
from dualgeo.report.words import listed, percent, signed

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
    oracle: dict[float, float]
    no_skill: dict[float, float]
    median_km: Figure
    geoscore: Figure

    @property
    def name(self) -> str:
        """The variant in words."""
        return style_of(self.variant).name


@dataclass(frozen=True)
class Difference:
    """Points of accuracy that `variant` gains over `baseline` on the same queries, with its interval."""

    query_set: str
    variant: str
    baseline: str
    km: float
    points: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "" where the interval includes 0 and no difference could be shown."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else ""


def rows_of(run: Run) -> list[Row]:
    """A row for each query set and variant, in the order of the run."""
    rows: dict[tuple[str, str], Row] = {}
    for variant in run.variants:
        accuracies = summarise([r.queries for r in run.of(variant)], run.params.score)
        for name in run.query_sets:
            rows[name, variant] = _row(run, name, variant, accuracies.get(name, {}))
    return [rows[name, variant] for name in run.query_sets for variant in run.variants]


def _row(run: Run, query_set: str, variant: str, accuracies: dict[str, Accuracy]) -> Row:
    found = [r.metrics[query_set] for r in run.of(variant) if query_set in r.metrics]
    thresholds = run.params.score.thresholds_km

    def means(part: str) -> dict[float, float]:
        return {km: _mean([f.get(part, {}).get(threshold_key(km)) for f in found]).mean for km in thresholds}

    return Row(
        query_set=query_set,
        variant=variant,
        seeds=len(found),
        queries=max((int(f["queries"]) for f in found), default=0),
        failed=tuple(int(f["failed"]) for f in found) or (0,),
        acc={km: _figure(accuracies.get(threshold_key(km))) for km in thresholds},
        oracle=means("oracle"),
        no_skill=means("no_skill"),
        median_km=_mean([f.get("median_km") for f in found]),
        geoscore=_mean([f.get("geoscore") for f in found]),
    )


def _figure(accuracy: Accuracy | None) -> Figure:
    if accuracy is None:
        return Figure(math.nan)
    sd = math.nan if accuracy.sd is None else accuracy.sd
    return Figure(accuracy.mean, sd, accuracy.low, accuracy.high)


def _mean(values: list[object]) -> Figure:
    """Mean over seeds and its spread; NaN when a seed has no such figure."""
    numbers = np.array([number(value) for value in values], np.float64)
    if not len(numbers):
        return Figure(math.nan)
    sd = float(numbers.std(ddof=1)) if len(numbers) > 1 else math.nan
    return Figure(float(numbers.mean()), sd)


def differences_of(run: Run) -> list[Difference]:
    """The lead variant against its baseline: image-only, else the first other variant; none where there is no other."""
    others = [variant for variant in run.variants if variant != run.lead]
    if not others or all(r.queries.empty for r in run.cells):
        return []
    baseline = "image" if "image" in others else others[0]
    lead, base = ([r.queries for r in run.of(variant)] for variant in (run.lead, baseline))
    found = compare(lead, base, run.params.score)
    return [
        Difference(name, run.lead, baseline, km, d.points, d.low, d.high)
        for name in run.query_sets
        if name in found
        for km in run.params.score.thresholds_km
        for d in [found[name][threshold_key(km)]]
    ]


def reference_km(thresholds_km: list[float]) -> float:
    """The threshold that headlines quote: 25 km, or the one nearest to it."""
    return min(thresholds_km, key=lambda km: abs(math.log(km / REFERENCE_KM)))


def headline(run: Run, rows: list[Row], differences: list[Difference]) -> str:
    """One sentence: the lead variant on the first query set, and whether it beats its baseline there."""
    km = reference_km(run.params.score.thresholds_km)
    filled = [row for row in rows if row.queries and row.variant == run.lead]
    if not filled:
        return "This run answered no queries, so there is nothing to report."
    row = filled[0]
    start = f"{row.name[0].upper()}{row.name[1:]} places {percent(row.acc[km].mean)} % of the {row.query_set} queries"
    start += f" within {km:g} km"
    confidence = f"{100 * run.params.score.confidence:g} %"
    found = [d for d in differences if d.query_set == row.query_set and d.km == km]
    if not found:
        return f"{start} of where they were taken."
    baseline = next(r for r in rows if r.query_set == row.query_set and r.variant == found[0].baseline)
    start += f", {baseline.name} {percent(baseline.acc[km].mean)} %"
    interval = f"{confidence} interval {signed(found[0].low)} to {signed(found[0].high)}"
    if not found[0].verdict:
        return f"{start}: no difference could be shown ({signed(found[0].points)} points, {interval})."
    return f"{start}: {row.name} is {found[0].verdict} by {abs(found[0].points):.1f} points ({interval})."


def sentences(run: Run, differences: list[Difference]) -> list[str]:
    """What the comparison says about the other query sets, grouped by its outcome."""
    km = reference_km(run.params.score.thresholds_km)
    others = [d for d in differences if d.km == km and d.query_set != run.query_sets[0] and not math.isnan(d.points)]
    if not others:
        return []
    lead, baseline = style_of(others[0].variant).name, style_of(others[0].baseline).name
    groups = {
        f"{lead} is better than {baseline} on": [d for d in others if d.verdict == "better"],
        f"{lead} is worse than {baseline} on": [d for d in others if d.verdict == "worse"],
        "no difference could be shown on": [d for d in others if not d.verdict],
    }
    parts = [
        f"{opening} {listed([f'{d.query_set} ({signed(d.points)})' for d in group])}"
        for opening, group in groups.items()
        if group
    ]
    return [f"Within {km:g} km, " + "; ".join(parts) + "."]


def difference_words(difference: Difference) -> str:
    """One query set's outcome in words."""
    lead, baseline = style_of(difference.variant).name, style_of(difference.baseline).name
    if math.isnan(difference.points):
        return "no queries"
    if not difference.verdict:
        return "no difference could be shown"
    return f"{lead} {difference.verdict} than {baseline} by {abs(difference.points):.1f} points"


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
