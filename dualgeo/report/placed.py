"""How often the right country, region and city is named, and in which strata of the world the errors live."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.evaluation.strata import DENSITY_COLUMN, densities_of
from dualgeo.report.findings import Figure, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.shares import named, pooled_share, within
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, svg, tag
from dualgeo.report.table import interval_text
from dualgeo.report.words import percent

LEVELS = ("country", "region", "city")
KINDS = {
    "continent": "continent",
    "climate": "climate",
    "settlement": "settlement",
    "gallery_density": "gallery photos within 25 km",
}
ORDERS = {"settlement": ("city", "town", "rural"), "gallery_density": ("0", "1-9", "10-99", "100+")}
"""Strata that have an order of their own; the others stand by name."""
LINE, LEFT, WIDTH = 22.0, 210.0, 720.0


@dataclass(frozen=True)
class Stratum:
    """One part of the queries of all sets together."""

    kind: str
    name: str
    queries: int
    by_variant: dict[str, Figure]
    """Percent within the reference distance."""


def place_rows(run: Run) -> list[dict[str, Any]]:
    """A row for each query set and variant with a cell a level; nothing where the scores do not know places."""
    columns = [f"same_{level}" for level in LEVELS]
    if any(column not in r.queries for r in run.cells for column in columns):
        return []
    rows: list[dict[str, Any]] = []
    for name in run.query_sets:
        for variant in run.variants:
            tables = [r.queries[r.queries["query_set"] == name] for r in run.of(variant)]
            if not tables[0].empty:
                figures = [pooled_share(tables, named(column), run.params.score) for column in columns]
                cells = [{"value": percent(f.mean), "interval": interval_text(f.low, f.high)} for f in figures]
                rows.append({"query_set": name, "name": style_of(variant).name, "cells": cells})
    return rows


def strata_of(run: Run) -> list[Stratum]:
    """The strata of every kind that the scores know, for the lead variant and its baseline and all others."""
    first = run.of(run.lead)[0].queries
    if first.empty:
        return []
    km = reference_km(run.params.score.thresholds_km)
    found: list[Stratum] = []
    for kind in KINDS:
        names = _names(first, kind)
        if names is None:
            continue
        for name in _ordered(kind, set(names)):
            rows = np.flatnonzero(names == name)
            figures = {
                variant: pooled_share([r.queries.iloc[rows] for r in run.of(variant)], within(km), run.params.score)
                for variant in run.variants
            }
            found.append(Stratum(kind, name, len(rows), figures))
    return found


def _names(queries: pd.DataFrame, kind: str) -> Any:
    column = DENSITY_COLUMN if kind == "gallery_density" else kind
    if column not in queries:
        return None
    if kind == "gallery_density":
        return densities_of(queries[column].to_numpy())
    return queries[column].fillna("unknown").to_numpy(object)


def _ordered(kind: str, names: set[str]) -> list[str]:
    order = ORDERS.get(kind, ())
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def strata_chart(run: Run, strata: list[Stratum]) -> Markup | None:
    """A line a stratum, a mark with its interval for each variant; None without strata."""
    if not strata:
        return None
    x = Scale(0, 100, LEFT, WIDTH - 70)
    parts, at, kind = list[Markup](), 6.0, ""
    for stratum in strata:
        if stratum.kind != kind:
            kind = stratum.kind
            at += LINE
            parts.append(tag("text", KINDS[kind], x=0, y=at, class_="tick strong"))
        parts.append(_stratum(run, stratum, x, at))
        at += LINE
    for value in (0, 25, 50, 75, 100):
        parts.insert(0, tag("path", d=f"M{x(value):.1f} 12V{at:.1f}", class_="grid"))
        parts.append(tag("text", f"{value} %", x=x(value), y=at + 14, class_="tick middle"))
    label = "Percent of queries located, by continent, climate, settlement and gallery density, a mark for each variant"
    return svg(join(parts), WIDTH, at + 20, label, "chart wide")


def _stratum(run: Run, stratum: Stratum, x: Scale, at: float) -> Markup:
    parts = [tag("text", stratum.name, x=LEFT - 14, y=at + 4, class_="row end")]
    parts.append(tag("text", f"{stratum.queries:,}", x=WIDTH, y=at + 4, class_="tick end"))
    for number, (variant, figure) in enumerate(stratum.by_variant.items()):
        if math.isnan(figure.mean):
            continue
        style, y = style_of(variant), at + (number - (len(stratum.by_variant) - 1) / 2) * 5
        span = f"M{x(figure.low):.1f} {y:.1f}H{x(figure.high):.1f}"
        parts.append(tag("path", d=span, class_=f"whisker fine {style.css}"))
        parts.append(marker(style.shape, x(figure.mean), y, f"mark {style.css}", 3.2))
    return join(parts)


def strata_rows(run: Run, strata: list[Stratum]) -> list[dict[str, Any]]:
    """The chart as numbers."""
    return [
        {
            "kind": KINDS[s.kind],
            "name": s.name,
            "queries": f"{s.queries:,}",
            "cells": [
                {"value": percent(f.mean), "interval": interval_text(f.low, f.high)} for f in s.by_variant.values()
            ],
        }
        for s in strata
    ]
