"""Accuracy of a run against distance, with intervals at two of the thresholds."""

import math

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import Floats
from dualgeo.report.findings import Row
from dualgeo.report.inputs import Run, number
from dualgeo.report.panels import PERCENT, Axis, Line, Panel, dotted, percent_panel
from dualgeo.report.style import style_of
from dualgeo.report.svg import join, marker, tag

DISTANCES_KM = np.geomspace(1, 20_000, 90)
MARKED_KM = (25.0, 750.0)
"""Where shapes stand, with intervals where the distance is a threshold."""


def km_text(km: float) -> str:
    """1, 25, 2,500 for axis labels and headings."""
    return f"{km:,.0f}" if km >= 1 else f"{km:g}"


AXIS = Axis(1, 20_000, ((1, "1 km"), *((km, km_text(km)) for km in (10, 100, 1_000, 10_000))), log=True)


def share_within(errors_km: pd.Series, distances_km: Floats = DISTANCES_KM) -> Floats:
    """Percent of ALL queries whose error is at most each distance; failures (NaN) are misses. NaN if no query."""
    if errors_km.empty:
        return np.full(len(distances_km), np.nan)
    known = np.sort(errors_km.dropna().to_numpy())
    return 100 * np.searchsorted(known, distances_km, side="right") / len(errors_km)


def accuracy_line(run: Run, query_set: str, variant: str) -> Line:
    """Share within each distance of one variant, a row a seed."""
    tables = [r.queries[r.queries["query_set"] == query_set]["error_km"] for r in run.of(variant)]
    return Line(variant, DISTANCES_KM, np.stack([share_within(table) for table in tables]))


def no_skill_points(run: Run, query_set: str) -> tuple[Floats, Floats]:
    """Thresholds and what always answering one place reaches within them, percent."""
    figures = run.cells[0].metrics.get(query_set, {}).get("no_skill") or {}
    points = sorted((float(km), number(value)) for km, value in figures.items())
    return np.array([km for km, _ in points]), np.array([share for _, share in points])


def accuracy_panels(run: Run, rows: list[Row]) -> list[Panel]:
    """One chart a query set: a line a variant (mean over seeds), the area between its best and its worst seed."""
    return [_accuracy_panel(run, name, [row for row in rows if row.query_set == name]) for name in run.query_sets]


def _accuracy_panel(run: Run, query_set: str, rows: list[Row]) -> Panel:
    lines = [accuracy_line(run, query_set, row.variant) for row in rows]
    queries = max((row.queries for row in rows), default=0)
    above = [dotted(*no_skill_points(run, query_set), AXIS)]
    above += [_marks(row, line) for row, line in zip(rows, lines, strict=True) if np.isfinite(line.by_seed).all()]
    label = f"Share of {query_set} queries located within a distance from 1 to 20,000 km, a line for each variant"
    note = f"{queries:,} queries" if queries else "no queries in this set"
    return percent_panel(query_set, note, AXIS, lines, label, join(above))


def _marks(row: Row, line: Line) -> Markup:
    """The variant's shape at two distances, with the interval beside it; variants stand a little apart."""
    style, parts = style_of(row.variant), list[Markup]()
    for km in MARKED_KM:
        share = float(np.interp(math.log(km), np.log(DISTANCES_KM), line.mean))
        figure, x = row.acc.get(km), AXIS.scale(km)
        if figure is not None and not math.isnan(figure.low):
            span = f"M{x:.1f} {PERCENT(figure.low):.1f}V{PERCENT(figure.high):.1f}"
            parts.append(tag("path", d=span, class_=f"whisker fine {style.css}"))
        parts.append(marker(style.shape, x, PERCENT(share), f"mark {style.css}", 3.2))
    return join(parts)
