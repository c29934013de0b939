"""`score`: where on Earth answers went wrong and how far, and the accuracy of every query set with its interval."""

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from dualgeo.previews.basemap import STYLE, dots, map_height, world
from dualgeo.previews.material import SETS_SHOWN, Material, evenly
from dualgeo.previews.sheet import INNER, MARGIN, TOP, error_colour, fitted, label, sheet
from dualgeo.report.curves import km_text
from dualgeo.report.inputs import CellRun, number, read_cell
from dualgeo.report.svg import join, tag
from dualgeo.report.words import count, kilometres, percent
from dualgeo.report.worldmap import arc_path, error_class, project
from dualgeo.workspace import Cell

WORST = 40
"""Answers whose way from the truth is drawn."""
MOST_DOTS = 1200
ROW = 23.0


def errors_picture(material: Material, cell: Cell) -> Markup:
    """The first query set as dots at the true places, coloured by error, and a table of all query sets."""
    folder = material.workspace.scores(cell)
    for name in ("metrics.json", "queries.parquet"):
        material.need(folder / name)
    run = read_cell(material.workspace, cell)
    names = material.query_set_order(list(run.metrics))
    first = names[0] if names else ""
    rows = run.queries[run.queries["query_set"] == first]
    thresholds = sorted(material.params.score.thresholds_km)
    key_y = TOP + map_height(INNER) + 20
    parts = [world(_drawn(rows, thresholds), MARGIN, TOP, INNER), _key(rows, thresholds, key_y)]
    shown = names[:SETS_SHOWN]
    parts.append(_table(run, shown, thresholds, material.params.score.confidence, key_y + 24))
    figures = run.metrics.get(first, {})
    subtitle = (
        f"{first}: {count(len(rows), 'query', 'queries')}, median error {kilometres(number(figures.get('median_km')))}"
    )
    subtitle += f"; lines lead from the truth to the {min(WORST, len(rows))} worst answers"
    bottom = key_y + 24 + 16 + ROW * len(shown)
    return sheet(f"Scores of {cell.name}", subtitle, parts, bottom + 10, STYLE)


def _drawn(rows: pd.DataFrame, thresholds: list[float]) -> Markup:
    """Worst arcs below, then a dot for every query, the worst on top."""
    worst = rows.dropna(subset=["error_km"]).nlargest(WORST, "error_km")
    parts: list[Markup] = []
    for row in worst.to_dict("records"):
        d = arc_path((row["lat"], row["lon"]), (row["predicted_lat"], row["predicted_lon"]))
        colour = _colour(float(row["error_km"]), thresholds)
        parts.append(tag("path", d=d, fill="none", stroke=colour, stroke_width=11, stroke_opacity=0.5))
    rows = evenly(rows, MOST_DOTS)
    classes = error_class(rows["error_km"], thresholds)
    for number_ in [*range(len(thresholds) + 1), -1]:
        mine = rows[classes == number_]
        x, y = project(mine["lat"].to_numpy(), mine["lon"].to_numpy())
        parts.append(dots(x.tolist(), y.tolist(), error_colour(number_, len(thresholds)), 76, 0.9))
    return join(parts)


def _colour(error_km: float, thresholds: list[float]) -> str:
    return error_colour(int(error_class([error_km], thresholds)[0]), len(thresholds))


def _key(rows: pd.DataFrame, thresholds: list[float], y: float) -> Markup:
    """What the colours mean and how many queries have each."""
    classes = error_class(rows["error_km"], thresholds).tolist()
    names = [f"≤ {km_text(km)} km" for km in thresholds] + [f"> {km_text(thresholds[-1])} km"]
    entries = [(name, n) for n, name in enumerate(names)] + ([("no answer", -1)] if -1 in classes else [])
    step = INNER / len(entries)
    parts: list[Markup] = []
    for place, (name, number_) in enumerate(entries):
        x = MARGIN + place * step
        parts.append(tag("circle", cx=x + 6, cy=y - 4, r=5, fill=error_colour(number_, len(thresholds))))
        text = tag("tspan", name) + tag("tspan", f"{classes.count(number_):,}", dx=5, fill="#5b626b")
        parts.append(tag("text", text, x=x + 15, y=y, class_="small"))
    return join(parts)


def _table(run: CellRun, names: list[str], thresholds: list[float], confidence: float, top: float) -> Markup:
    """Percent of queries within each distance, with the interval in grey."""
    first = 178.0
    step = (INNER - first) / len(thresholds)
    parts = [label(f"percent within, {100 * confidence:g} % interval", MARGIN, top + 10, "small soft")]
    for column, km in enumerate(thresholds):
        parts.append(label(f"{km_text(km)} km", MARGIN + first + (column + 1) * step, top + 10, "small strong end"))
    for number_, name in enumerate(names):
        y = top + 30 + ROW * number_
        parts.append(tag("path", d=f"M{MARGIN} {y - 15:.1f}h{INNER}", class_="rule"))
        parts.append(label(fitted(name, first - 8, 13), MARGIN, y))
        for column, km in enumerate(thresholds):
            figure = run.metrics[name].get("acc", {}).get(f"{km:g}")
            parts.append(_figure(figure, MARGIN + first + (column + 1) * step, y))
    return join(parts)


def _figure(figure: Any, x: float, y: float) -> Markup:
    """The figure, and at its right in grey the bounds of its interval."""
    low, high = (number(figure.get(key)) if isinstance(figure, dict) else number(None) for key in ("low", "high"))
    interval = "" if math.isnan(low) else f"{low:.0f}–{high:.0f}"
    return label(percent(number(figure)), x - 44, y, "end") + label(interval, x, y, "tiny soft end")
