"""The result table of the page: figures with intervals, small charts, and marks of what could be shown."""

import math
from typing import Any

from markupsafe import Markup

from dualgeo.evaluation.clusters import BOOTSTRAP
from dualgeo.report.comparisons import Comparison
from dualgeo.report.findings import Figure, Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, svg, tag
from dualgeo.report.words import count, kilometres, p_text, percent, signed


def blocks(run: Run, rows: list[Row], comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """The table for the page: one block a query set."""
    return [
        _block(run, name, [r for r in rows if r.query_set == name], [c for c in comparisons if c.query_set == name])
        for name in run.query_sets
    ]


def _block(run: Run, name: str, rows: list[Row], comparisons: list[Comparison]) -> dict[str, Any]:
    thresholds = run.params.score.thresholds_km
    queries = max((row.queries for row in rows), default=0)
    no_skill = [percent(rows[0].no_skill[km]) for km in thresholds] if rows else []
    return {
        "query_set": name,
        "note": set_note(rows[0]) if queries else "no queries",
        "rows": [
            line
            for row in rows
            for line in _page_rows(row, thresholds, [c for c in comparisons if c.variant == row.variant])
        ],
        "no_skill": no_skill if any(value != "–" for value in no_skill) else [],
    }


def set_note(row: Row) -> str:
    """330 queries by 165 photographers."""
    asked = count(row.queries, "query", "queries")
    return f"{asked} by {count(row.units, 'photographer')}" if row.interval == BOOTSTRAP else asked


def _page_rows(row: Row, thresholds: list[float], comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """The row, and below it the same system without the model that it asked."""
    alone = [c for c in comparisons if c.alone]
    line = _page_row(row, thresholds, [] if row.asked and alone else comparisons)
    if not row.asked:
        return [line]
    reference, at = reference_km(thresholds), {c.km: c for c in alone}
    cells = [{**_cell(row.without[km]), "reference": km == reference, **significance(at.get(km))} for km in thresholds]
    return [line, {"name": row.left_out, "mark": "", "accuracy": cells, "left_out": True}]


def _page_row(row: Row, thresholds: list[float], comparisons: list[Comparison]) -> dict[str, Any]:
    reference = reference_km(thresholds)
    at = {c.km: c for c in comparisons}
    return {
        "name": row.marked,
        "left_out": False,
        "mark": key_of(row.variant),
        "strip": strip(row, reference),
        "accuracy": [
            {**_cell(row.acc[km]), "reference": km == reference, **significance(at.get(km))} for km in thresholds
        ],
        "median": kilometres(row.median_km.mean),
        "geoscore": "–" if math.isnan(row.geoscore.mean) else f"{row.geoscore.mean:,.0f}",
        "oracle": _cell(row.oracle[reference]),
        "failed": failed_text(row),
    }


def _cell(figure: Figure) -> dict[str, str]:
    return {
        "mean": percent(figure.mean),
        "sd": "" if math.isnan(figure.sd) else percent(figure.sd),
        "interval": interval_text(figure.low, figure.high),
    }


def significance(comparison: Comparison | None) -> dict[str, str]:
    """The mark of a figure, its colour class, and the comparison in words for who points at it."""
    if comparison is None:
        return {"sign": "", "css": "", "title": ""}
    gain, baseline = comparison.difference, style_of(comparison.baseline).name
    css = {"better": "up", "worse": "down"}.get(comparison.verdict, "")
    interval = f"{signed(gain.low)} to {signed(gain.high)}"
    title = f"against {baseline}: {signed(gain.points)} points ({interval}), {p_text(gain.p_holm)}"
    return {"sign": comparison.mark, "css": css, "title": title}


def interval_text(low: float, high: float) -> str:
    """58.1 to 66.4, or nothing where there is no interval."""
    return "" if math.isnan(low) or math.isnan(high) else f"{percent(low)} to {percent(high)}"


def failed_text(row: Row) -> str:
    """Failures of each seed; one number where all seeds agree."""
    return str(row.failed[0]) if len(set(row.failed)) == 1 else ", ".join(str(n) for n in row.failed)


def key_of(variant: str) -> Markup:
    """The variant's shape and colour beside its name."""
    style = style_of(variant)
    mark = marker(style.shape, 7, 7, f"mark {style.css}", 4.6)
    return tag("svg", mark, viewBox="0 0 14 14", class_="key", aria_hidden="true")


def swatch(variant: str) -> Markup:
    """The variant's line and shape for a legend."""
    style = style_of(variant)
    line = tag("path", d="M1 6H33", class_=f"line {style.css}")
    mark = marker(style.shape, 17, 6, f"mark {style.css}", 3.8)
    return tag("svg", line + mark, viewBox="0 0 34 12", class_="swatch", aria_hidden="true")


def strip(row: Row, km: float) -> Markup:
    """Mean and interval on a line from 0 to 100 %, ticks where no skill and the oracle lie."""
    x, middle = Scale(0, 100, 6, 114), 11.0
    style, figure = style_of(row.variant), row.acc[km]
    parts = [tag("path", d=f"M{x(0)} {middle}H{x(100)}", class_="grid")]
    for limit in (row.no_skill[km], row.oracle[km].mean):
        if not math.isnan(limit):
            parts.append(tag("path", d=f"M{x(limit):.1f} {middle - 5}v10", class_="limit"))
    if not math.isnan(figure.low):
        line = f"M{x(figure.low):.1f} {middle}H{x(figure.high):.1f}"
        parts.append(tag("path", d=line, class_=f"whisker {style.css}"))
    if not math.isnan(figure.mean):
        parts.append(marker(style.shape, x(figure.mean), middle, f"mark {style.css}", 4.2))
    ticks = f"ticks at no skill {percent(row.no_skill[km])} and oracle {percent(row.oracle[km].mean)}"
    label = f"{percent(figure.mean)} % ({interval_text(figure.low, figure.high) or 'no interval'}), {ticks}"
    return svg(join(parts), 120, 22, label)
