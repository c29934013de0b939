"""Published figures of the field beside ours, where a query set is one of its benchmarks; none was measured here."""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from dualgeo.evaluation.intervals import wilson
from dualgeo.report.findings import Figure, Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.table import interval_text
from dualgeo.report.words import count, percent


@dataclass(frozen=True)
class Published:
    """One line of a paper: percent within each distance (km), where it was stated."""

    benchmark: str
    method: str
    acc: dict[float, float]
    note: str
    title: str
    identifier: str


def published_results() -> list[Published]:
    """The shipped table, in its order."""
    sources = {row["method"]: row for row in _rows("published_sources.csv")}
    return [
        Published(
            benchmark=row["benchmark"],
            method=row["method"],
            acc={float(key[4:-2]): float(value) for key, value in row.items() if key.startswith("acc_") and value},
            note=row["note"],
            title=sources[row["method"]]["title"],
            identifier=sources[row["method"]]["identifier"],
        )
        for row in _rows("published_results.csv")
    ]


def benchmark_photos() -> dict[str, int]:
    """How many photos each benchmark asks, where that is known."""
    return {row["benchmark"]: int(row["photos"]) for row in _rows("benchmarks.csv") if row["photos"]}


def naive_interval(share: float, photos: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval in percent of a published percentage, as if all photos were independent."""
    low, high = wilson(share / 100 * photos, photos, confidence)
    return 100 * low, 100 * high


def published_context(run: Run, rows: list[Row]) -> list[dict[str, Any]]:
    """A block for each query set that is a benchmark with published figures; empty where none is."""
    known = published_results()
    names = [name for name in run.query_sets if any(p.benchmark == name for p in known)]
    return [_block(run, name, [p for p in known if p.benchmark == name], rows) for name in names]


def _block(run: Run, name: str, published: list[Published], rows: list[Row]) -> dict[str, Any]:
    km = reference_km(run.params.score.thresholds_km)
    photos = benchmark_photos().get(name)
    ours = [row for row in rows if row.query_set == name and row.queries]
    lines = [_published_line(run, p, photos) for p in published] + [_own_line(run, row) for row in ours]
    lines.sort(key=lambda line: (-line["sort"], line["name"]))
    return {
        "query_set": name,
        "lines": lines,
        "size": f"{photos:,}" if photos else "",
        "asked": _asked(ours, photos),
        "noise": _noise(published, photos, km, run.params.score.confidence),
        "wider": _wider(run, ours, km),
        "sources": _sources(published),
    }


def _published_line(run: Run, published: Published, photos: int | None) -> dict[str, Any]:
    figures: list[Figure] = []
    for km in run.params.score.thresholds_km:
        share = published.acc.get(km, math.nan)
        if math.isnan(share) or not photos:
            figures.append(Figure(share))
        else:
            figures.append(Figure(share, math.nan, *naive_interval(share, photos, run.params.score.confidence)))
    return _line(run, published.method, figures, as_stated) | {"ours": False, "note": published.note}


def _own_line(run: Run, row: Row) -> dict[str, Any]:
    figures = [row.acc[km] for km in run.params.score.thresholds_km]
    note = f"measured here, {count(row.seeds, 'seed')}"
    return _line(run, style_of(row.variant).name, figures, percent) | {"ours": True, "note": note}


def as_stated(value: float) -> str:
    """A published percentage with the digits it was published with; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:g}"


def _line(run: Run, name: str, figures: list[Figure], written: Callable[[float], str]) -> dict[str, Any]:
    thresholds = run.params.score.thresholds_km
    at = figures[thresholds.index(reference_km(thresholds))].mean
    cells = [{"value": written(f.mean), "interval": interval_text(f.low, f.high)} for f in figures]
    return {"name": name, "cells": cells, "sort": -1.0 if math.isnan(at) else at}


def _asked(ours: list[Row], photos: int | None) -> str:
    """Whether this run asked the whole benchmark."""
    asked = max((row.queries for row in ours), default=0)
    if not photos or asked == photos:
        return ""
    return f"This run asked {asked:,} photos and the benchmark has {photos:,}: the figures are of different photos."


def _noise(published: list[Published], photos: int | None, km: float, confidence: float) -> str:
    """How many neighbours in the published ranking lie within each other's noise."""
    ranked = sorted((p.acc[km] for p in published if km in p.acc), reverse=True)
    if not photos or len(ranked) < 2:
        return ""
    bounds = [naive_interval(share, photos, confidence) for share in ranked]
    overlap = sum(bounds[i][0] <= bounds[i + 1][1] for i in range(len(bounds) - 1))
    return (
        f"Within {km:g} km, the naive intervals of {overlap} of the {len(ranked) - 1} neighbours in the published "
        f"ranking overlap."
    )


def _wider(run: Run, ours: list[Row], km: float) -> str:
    """How much wider honest intervals would be, by the design effect measured here on the same photos."""
    lead = next((row for row in ours if row.variant == run.lead), None)
    effect = lead.effect.get(km, 1.0) if lead else 1.0
    if not lead or effect <= 1.05:
        return ""
    return (
        f"The design effect of {lead.name} on this query set is {effect:.1f}: were it the same for the published "
        f"systems, their intervals would be {math.sqrt(effect):.1f} times as wide as shown."
    )


def _sources(published: list[Published]) -> list[dict[str, str]]:
    """The papers, each once, in the order of the table."""
    found = {p.method: p for p in published}
    return [{"method": p.method, "title": p.title, "identifier": p.identifier} for p in found.values()]


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("dualgeo.report") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
