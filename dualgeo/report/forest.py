"""The lead variant against its baseline: a chart with intervals and a table with p, a line a query set."""

import math
from typing import Any

from markupsafe import Markup

from dualgeo.report.comparisons import Comparison, comparison_words
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, svg, tag
from dualgeo.report.words import p_text, signed

LINE, LEFT, WIDTH, TOP = 26.0, 130.0, 720.0, 24.0


def difference_rows(run: Run, comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """A row a query set, a cell a threshold; `comparisons` are those of one variant."""
    reference = reference_km(run.params.score.thresholds_km)
    rows: list[dict[str, Any]] = []
    for name in run.query_sets:
        mine = {c.km: c for c in comparisons if c.query_set == name}
        if mine:
            cells = [_cell(mine[km]) for km in run.params.score.thresholds_km]
            rows.append({"query_set": name, "cells": cells, "words": comparison_words(mine[reference])})
    return rows


def _cell(comparison: Comparison) -> dict[str, str]:
    gain = comparison.difference
    return {
        "points": signed(gain.points),
        "interval": f"{signed(gain.low)} to {signed(gain.high)}",
        "p": p_text(gain.p_holm),
        "sign": f"{comparison.mark} " if comparison.mark else "",
        "css": {"better": "up", "worse": "down"}.get(comparison.verdict, ""),
        "title": f"{p_text(gain.p)} before Holm's correction; "
        f"a true difference of {gain.detectable:.1f} points would be found in 80 of 100 such samples",
    }


def forest(run: Run, comparisons: list[Comparison]) -> Markup | None:
    """The differences at the reference distance; a shape is filled where a difference could be shown."""
    reference = reference_km(run.params.score.thresholds_km)
    shown = [c for c in comparisons if c.km == reference]
    if not shown:
        return None
    reach = max(max(abs(c.difference.low), abs(c.difference.high), abs(c.difference.points)) for c in shown)
    reach = max(5.0, math.ceil(reach / 5) * 5)
    bottom = TOP + LINE * len(shown)
    x = Scale(-reach, reach, LEFT, WIDTH - 90)
    style, baseline = style_of(shown[0].variant), style_of(shown[0].baseline).name
    parts = [_axis(x, reach, bottom)]
    parts.append(tag("text", f"← {baseline} better", x=x(0) - 10, y=12, class_="tick end"))
    parts.append(tag("text", f"{style.name} better →", x=x(0) + 10, y=12, class_="tick"))
    parts.append(tag("text", "corrected p", x=WIDTH, y=12, class_="tick end"))
    for i, comparison in enumerate(shown):
        parts.append(_line(comparison, x, TOP + LINE * (i + 0.5)))
    label = f"Difference in points within {reference:g} km between {style.name} and {baseline}, for each query set"
    return svg(join(parts), WIDTH, bottom + 22, label, "chart wide")


def _axis(x: Scale, reach: float, bottom: float) -> Markup:
    parts: list[Markup] = []
    for value in (-reach, -reach / 2, 0.0, reach / 2, reach):
        parts.append(tag("path", d=f"M{x(value):.1f} 20V{bottom:.1f}", class_="zero" if value == 0 else "grid"))
        text = f"{value:+g}".replace("-", "−") if value else "0"
        parts.append(tag("text", text, x=x(value), y=bottom + 16, class_="tick middle"))
    return join(parts)


def _line(comparison: Comparison, x: Scale, at: float) -> Markup:
    gain, style = comparison.difference, style_of(comparison.variant)
    hollow = "" if comparison.verdict else " hollow"
    parts = [tag("text", comparison.query_set, x=LEFT - 14, y=at + 4, class_="row end")]
    parts.append(tag("path", d=f"M{x(gain.low):.1f} {at}H{x(gain.high):.1f}", class_=f"whisker {style.css}"))
    parts.append(marker(style.shape, x(gain.points), at, f"mark {style.css}{hollow}", 4.4))
    text = f"{comparison.mark} {p_text(gain.p_holm)}".strip()
    parts.append(tag("text", text, x=WIDTH, y=at + 4, class_="tick end" + (" strong" if comparison.verdict else "")))
    return join(parts)
