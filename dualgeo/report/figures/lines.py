"""Figures of curves: accuracy against distance, accuracy of the surest answers, recall against area."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dualgeo.evaluation.recall_area import EARTH_KM2
from dualgeo.report.confidence import area_lines, risk_lines
from dualgeo.report.curves import accuracy_line, no_skill_points
from dualgeo.report.figures.canvas import COLUMNS, SOFT, Drawing, colour_of, dash_of, grid_of, legend
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.panels import Line

LinesOf = Callable[[Run, str], list[Line]]


def curves(run: Run) -> Drawing:
    """Share of queries within each distance; dotted: no skill."""

    def lines_of(run: Run, name: str) -> list[Line]:
        return [accuracy_line(run, name, variant) for variant in run.variants]

    def decorate(axes: Axes, name: str) -> None:
        _logarithmic(axes, 1, 20_000, {1: "1", 100: "100", 10_000: "10,000"})
        axes.plot(*no_skill_points(run, name), color=SOFT, linestyle=":", linewidth=1)

    return _drawing("curves", run, lines_of, "distance_km", "distance in km", "percent of queries", decorate)


def risk_coverage(run: Run) -> Drawing:
    """Accuracy of the surest share of queries."""
    km = reference_km(run.params.score.thresholds_km)
    label = f"percent within {km:g} km"
    return _drawing("risk_coverage", run, risk_lines, "share", "surest share of queries, %", label, _plain)


def recall_area(run: Run) -> Drawing:
    """Share of queries found within an area around the answer."""

    def decorate(axes: Axes, name: str) -> None:
        _logarithmic(axes, 1, EARTH_KM2, {1: "1", 1e3: "10³", 1e6: "10⁶"})

    return _drawing("recall_area", run, area_lines, "area_km2", "area searched, km²", "percent found", decorate)


def _plain(axes: Axes, name: str) -> None:
    axes.set_xlim(0, 100)


def _logarithmic(axes: Axes, low: float, high: float, ticks: dict[float, str]) -> None:
    """A logarithmic horizontal axis with plain labels: matplotlib's own powers of ten take longest to draw."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.minorticks_off()


def _drawing(
    name: str, run: Run, lines_of: LinesOf, column: str, x: str, y: str, decorate: Callable[[Axes, str], None]
) -> Drawing:
    """Small multiples, one for each query set that has such curves; without any, its data are empty."""
    by_set = {s: [line for line in lines_of(run, s) if np.isfinite(line.by_seed).all()] for s in run.query_sets}
    by_set = {query_set: lines for query_set, lines in by_set.items() if lines}

    def draw() -> Figure:
        figure, panels = grid_of(len(by_set))
        for axes, (query_set, lines) in zip(panels, by_set.items(), strict=True):
            axes.set_title(query_set)
            axes.set_ylim(0, 100)
            axes.grid()
            decorate(axes, query_set)
            for line in lines:
                _plot(axes, line)
        for axes in panels[-COLUMNS:]:
            axes.set_xlabel(x)
        figure.supylabel(y, fontsize=8)
        legend(figure, panels[0], run.variants)
        return figure

    data = [
        (query_set, line.variant, float(at), float(mean), float(low), float(high))
        for query_set, lines in by_set.items()
        for line in lines
        for at, mean, low, high in zip(
            line.x, line.mean, line.by_seed.min(axis=0), line.by_seed.max(axis=0), strict=True
        )
    ]
    return Drawing(name, draw, ["query_set", "variant", column, "mean", "lowest_seed", "highest_seed"], data)


def _plot(axes: Axes, line: Line) -> None:
    colour = colour_of(line.variant)
    axes.plot(line.x, line.mean, color=colour, linestyle=dash_of(line.variant))
    if len(line.by_seed) > 1:
        axes.fill_between(
            line.x, line.by_seed.min(axis=0), line.by_seed.max(axis=0), color=colour, alpha=0.18, linewidth=0
        )
