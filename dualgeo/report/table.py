"""The result table in its three forms: for the page, as Markdown, and in the terminal."""

import math
from typing import Any

from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from dualgeo.report.findings import Difference, Figure, Row, difference_words, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, svg, tag
from dualgeo.report.words import count, kilometres, percent, signed


def blocks(run: Run, rows: list[Row]) -> list[dict[str, Any]]:
    """The table for the page: one block a query set."""
    return [_block(run, name, [row for row in rows if row.query_set == name]) for name in run.query_sets]


def _block(run: Run, name: str, rows: list[Row]) -> dict[str, Any]:
    thresholds = run.params.score.thresholds_km
    queries = max((row.queries for row in rows), default=0)
    no_skill = [percent(rows[0].no_skill[km]) for km in thresholds] if rows else []
    return {
        "query_set": name,
        "note": count(queries, "query", "queries") if queries else "no queries",
        "rows": [_page_row(row, thresholds) for row in rows],
        "no_skill": no_skill if any(value != "–" for value in no_skill) else [],
    }


def _page_row(row: Row, thresholds: list[float]) -> dict[str, Any]:
    reference = reference_km(thresholds)
    return {
        "name": row.name,
        "mark": key_of(row.variant),
        "strip": strip(row, reference),
        "accuracy": [{**_cell(row.acc[km]), "reference": km == reference} for km in thresholds],
        "median": kilometres(row.median_km.mean),
        "geoscore": "–" if math.isnan(row.geoscore.mean) else f"{row.geoscore.mean:,.0f}",
        "oracle": percent(row.oracle[reference]),
        "failed": failed_text(row),
    }


def _cell(figure: Figure) -> dict[str, str]:
    return {
        "mean": percent(figure.mean),
        "sd": "" if math.isnan(figure.sd) else percent(figure.sd),
        "interval": interval_text(figure.low, figure.high),
    }


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
    for limit in (row.no_skill[km], row.oracle[km]):
        if not math.isnan(limit):
            parts.append(tag("path", d=f"M{x(limit):.1f} {middle - 5}v10", class_="limit"))
    if not math.isnan(figure.low):
        line = f"M{x(figure.low):.1f} {middle}H{x(figure.high):.1f}"
        parts.append(tag("path", d=line, class_=f"whisker {style.css}"))
    if not math.isnan(figure.mean):
        parts.append(marker(style.shape, x(figure.mean), middle, f"mark {style.css}", 4.2))
    ticks = f"ticks at no skill {percent(row.no_skill[km])} and oracle {percent(row.oracle[km])}"
    label = f"{percent(figure.mean)} %, {ticks}"
    return svg(join(parts), 120, 22, label)


def difference_rows(run: Run, differences: list[Difference]) -> list[dict[str, Any]]:
    """Dual against its baseline for the page: a row a query set, a cell a threshold."""
    reference = reference_km(run.params.score.thresholds_km)
    rows: list[dict[str, Any]] = []
    for name in run.query_sets:
        mine = {d.km: d for d in differences if d.query_set == name}
        if not mine:
            continue
        rows.append(
            {
                "query_set": name,
                "cells": [_difference_cell(mine[km]) for km in run.params.score.thresholds_km],
                "words": difference_words(mine[reference]),
            }
        )
    return rows


def _difference_cell(difference: Difference) -> dict[str, str]:
    sign, css = {"better": ("▲ ", "up"), "worse": ("▼ ", "down")}.get(difference.verdict, ("", ""))
    interval = ""
    if not math.isnan(difference.low):
        interval = f"{signed(difference.low)} to {signed(difference.high)}"
    return {"points": signed(difference.points), "interval": interval, "sign": sign, "css": css}


def forest(run: Run, differences: list[Difference]) -> Markup | None:
    """The differences at the reference distance with their intervals, a line a query set."""
    reference = reference_km(run.params.score.thresholds_km)
    shown = [d for d in differences if d.km == reference and not math.isnan(d.points)]
    if not shown:
        return None
    reach = max(max(abs(d.points), abs(d.low), abs(d.high)) for d in shown if not math.isnan(d.low))
    reach = max(5.0, math.ceil(reach / 5) * 5)
    line, left, width = 26.0, 130.0, 720.0
    bottom = 24 + line * len(shown)
    x = Scale(-reach, reach, left, width - 20)
    parts: list[Markup] = []
    for value in (-reach, -reach / 2, 0.0, reach / 2, reach):
        parts.append(tag("path", d=f"M{x(value):.1f} 20V{bottom:.1f}", class_="zero" if value == 0 else "grid"))
        text = f"{value:+g}".replace("-", "−") if value else "0"
        parts.append(tag("text", text, x=x(value), y=bottom + 16, class_="tick middle"))
    style = style_of(shown[0].variant)
    baseline = style_of(shown[0].baseline).name
    parts.append(tag("text", f"← {baseline} better", x=x(0) - 10, y=12, class_="tick end"))
    parts.append(tag("text", f"{style.name} better →", x=x(0) + 10, y=12, class_="tick"))
    for i, d in enumerate(shown):
        at = 24 + line * (i + 0.5)
        parts.append(tag("text", d.query_set, x=left - 14, y=at + 4, class_="row end"))
        if not math.isnan(d.low):
            parts.append(tag("path", d=f"M{x(d.low):.1f} {at}H{x(d.high):.1f}", class_=f"whisker {style.css}"))
        parts.append(marker(style.shape, x(d.points), at, f"mark {style.css}", 4.4))
    label = f"Difference in points within {reference:g} km between {style.name} and {baseline}, for each query set"
    return svg(join(parts), width, bottom + 22, label, "chart wide")


def markdown(run: Run, rows: list[Row], differences: list[Difference], notes: list[str]) -> str:
    """The table as GitHub Markdown, with the differences and how to read it."""
    thresholds = run.params.score.thresholds_km
    reference = reference_km(thresholds)
    head = ["query set", "system", *(f"{km:g} km" for km in thresholds), "median", "GeoScore"]
    head += [f"oracle {reference:g} km", "queries", "failed"]
    lines = [f"# DualGeo on {_cell_text(run.params.dataset)}", "", *[f"{note}\n" for note in notes], _line(head)]
    lines.append(_line(["---", "---", *["---:"] * (len(head) - 2)]))
    for name in run.query_sets:
        mine = [row for row in rows if row.query_set == name]
        for row in mine:
            cells = [_figure_text(row.acc[km]) for km in thresholds]
            score = "–" if math.isnan(row.geoscore.mean) else f"{row.geoscore.mean:,.0f}"
            cells += [kilometres(row.median_km.mean), score, percent(row.oracle[reference]), str(row.queries)]
            lines.append(_line([name, row.name, *cells, failed_text(row)]))
        if mine:
            skill = [percent(mine[0].no_skill[km]) for km in thresholds]
            lines.append(_line([name, "*no skill*", *skill, "", "", "", "", ""]))
    if found := difference_rows(run, differences):
        lead, baseline = (style_of(v).name for v in (differences[0].variant, differences[0].baseline))
        lines += ["", f"## {lead} minus {baseline}, in points", ""]
        lines += [_line(["query set", *(f"{km:g} km" for km in thresholds), f"within {reference:g} km"])]
        lines += [_line(["---", *["---:"] * len(thresholds), "---"])]
        for row in found:
            cells = [f"{c['points']} [{c['interval']}]" if c["interval"] else c["points"] for c in row["cells"]]
            lines.append(_line([row["query_set"], *cells, row["words"]]))
    return "\n".join(lines) + "\n"


def _figure_text(figure: Figure) -> str:
    text = percent(figure.mean) if math.isnan(figure.sd) else f"{percent(figure.mean)} ± {percent(figure.sd)}"
    interval = interval_text(figure.low, figure.high)
    return f"{text} [{interval}]" if interval else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(_cell_text(cell) for cell in cells) + " |"


def _cell_text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def terminal_table(run: Run, rows: list[Row]) -> Table:
    """Variants x query sets for the terminal: percent within the reference distance, mean ± sd, and no skill."""
    km = reference_km(run.params.score.thresholds_km)
    seeds = count(len(run.seeds), "seed")
    title = f"Percent of photos placed within {km:g} km ({'mean ± sd over ' if len(run.seeds) > 1 else ''}{seeds})"
    table = Table(title=title, title_justify="left")
    table.add_column("query set", no_wrap=True)
    for variant in run.variants:
        table.add_column(Text(style_of(variant).name), justify="right", no_wrap=True)
    table.add_column("no skill", justify="right", style="dim")
    for name in run.query_sets:
        mine = {row.variant: row for row in rows if row.query_set == name}
        cells = [_terminal_cell(mine[v].acc[km]) if v in mine else "–" for v in run.variants]
        skill = next((percent(row.no_skill[km]) for row in mine.values()), "–")
        table.add_row(Text(name), *cells, skill)
    return table


def _terminal_cell(figure: Figure) -> str:
    return percent(figure.mean) if math.isnan(figure.sd) else f"{percent(figure.mean)} ± {percent(figure.sd)}"
