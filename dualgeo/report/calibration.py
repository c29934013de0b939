"""Whether the stated radius is honest: observed against stated coverage with intervals, and how sharp it is."""

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from dualgeo.evaluation.calibration import level_key, radius_columns
from dualgeo.report.findings import Figure
from dualgeo.report.inputs import Run
from dualgeo.report.shares import covered, pooled_share
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, svg, tag
from dualgeo.report.table import interval_text
from dualgeo.report.words import kilometres, percent

LINE, LEFT, WIDTH, GAP, TOP = 34.0, 130.0, 720.0, 48.0, 24.0


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay within the stated radius, percent, mean over seeds; and the median radius in km."""

    query_set: str
    variant: str
    nominal: float
    observed: Figure
    median_km: float

    @property
    def css(self) -> str:
        """ "down" where too sure of itself beyond its interval, "" where the stated share is within or below it."""
        return "down" if self.observed.high < self.nominal else ""


def coverages(run: Run) -> list[Coverage]:
    """For every query set, variant and stated radius; nothing where no radius was stated."""
    rows: list[Coverage] = []
    for name in run.query_sets:
        for variant in run.variants:
            tables = [r.queries[r.queries["query_set"] == name] for r in run.of(variant)]
            for column in radius_columns(tables[0]):
                if any(column not in table or table[column].isna().all() for table in tables):
                    continue
                observed = pooled_share(tables, covered(column), run.params.score)
                median = float(np.mean([table[column].median() for table in tables]))
                rows.append(Coverage(name, variant, 100 * float(level_key(column)), observed, median))
    return rows


def coverage_rows(rows: list[Coverage]) -> list[dict[str, str]]:
    """The calibration chart as numbers, with the sharpness that it does not show."""
    return [
        {
            "query_set": row.query_set,
            "name": style_of(row.variant).name,
            "nominal": f"{row.nominal:.0f}",
            "observed": percent(row.observed.mean),
            "interval": interval_text(row.observed.low, row.observed.high),
            "radius": kilometres(row.median_km),
            "css": row.css,
        }
        for row in rows
    ]


def calibration_chart(run: Run, rows: list[Coverage]) -> Markup | None:
    """Observed coverage for each query set, a mark a variant, against the stated levels; None without radii."""
    if not rows:
        return None
    levels = sorted({row.nominal for row in rows})
    height = TOP + LINE * len(run.query_sets) + 20
    panel = (WIDTH - LEFT - GAP * (len(levels) - 1) - 14) / len(levels)
    parts: list[Markup] = []
    for i, name in enumerate(run.query_sets):
        parts.append(tag("text", name, x=LEFT - 14, y=TOP + LINE * (i + 0.5) + 4, class_="row end"))
    for n, level in enumerate(levels):
        x = Scale(0, 100, LEFT + n * (panel + GAP), LEFT + n * (panel + GAP) + panel)
        parts.append(_panel(run, [r for r in rows if r.nominal == level], x, level))
    label = "Share of queries whose true place lay within the stated radius, for each query set and variant"
    return svg(join(parts), WIDTH, height, label, "chart wide")


def _panel(run: Run, rows: list[Coverage], x: Scale, level: float) -> Markup:
    parts = [tag("text", f"stated for {level:.0f} %", x=x(0), y=12, class_="tick strong")]
    bottom = TOP + LINE * len(run.query_sets)
    for i in range(len(run.query_sets)):
        parts.append(tag("path", d=f"M{x(0):.1f} {TOP + LINE * (i + 0.5):.1f}H{x(100):.1f}", class_="grid"))
    parts.append(tag("path", d=f"M{x(level):.1f} 20V{bottom:.1f}", class_="nominal"))
    for value in (0, 50, 100):
        parts.append(tag("text", f"{value} %", x=x(value), y=bottom + 15, class_="tick middle"))
    for row in rows:
        if math.isnan(row.observed.mean):
            continue
        style = style_of(row.variant)
        offset = (run.variants.index(row.variant) - (len(run.variants) - 1) / 2) * 7
        at = TOP + LINE * (run.query_sets.index(row.query_set) + 0.5) + offset
        span = f"M{x(row.observed.low):.1f} {at:.1f}H{x(row.observed.high):.1f}"
        parts.append(tag("path", d=span, class_=f"whisker fine {style.css}"))
        parts.append(marker(style.shape, x(row.observed.mean), at, f"mark {style.css}", 3.6))
    return join(parts)
