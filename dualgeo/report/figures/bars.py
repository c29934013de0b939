"""Figures of shares with their intervals: accuracy, differences, calibration, strata."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dualgeo.report.calibration import Coverage
from dualgeo.report.comparisons import Comparison, of_lead
from dualgeo.report.figures.canvas import RULE, SOFT, Drawing, bar, legend
from dualgeo.report.findings import Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.placed import KINDS, Stratum
from dualgeo.report.style import style_of
from dualgeo.report.words import p_text

LINE = 0.32
"""Inches of height for a line of a chart."""


def accuracy(run: Run, rows: list[Row]) -> Drawing:
    """Percent within the reference distance of every variant on every query set."""
    km = reference_km(run.params.score.thresholds_km)

    def draw() -> Figure:
        figure, axes = _lines(list(run.query_sets), f"percent of queries within {km:g} km")
        axes.set_xlim(0, 100)
        for row in rows:
            share, y = row.acc[km], _y(run, row.query_set, row.variant)
            if not math.isnan(share.mean):
                bar(axes, row.variant, (share.mean, y, share.low, share.high))
                for limit in (row.no_skill[km], row.oracle[km].mean):
                    axes.plot([limit, limit], [y - 0.09, y + 0.09], color=SOFT, linewidth=0.8, zorder=1)
        legend(figure, axes, run.variants)
        return figure

    header = ["query_set", "variant", "threshold_km", "acc", "sd", "low", "high", "no_skill", "oracle", "queries"]
    data = [
        (r.query_set, r.variant, km, a.mean, a.sd, a.low, a.high, r.no_skill[km], r.oracle[km].mean, r.queries)
        for r in rows
        for a in [r.acc[km]]
    ]
    return Drawing("accuracy", draw, header, data)


def differences(run: Run, comparisons: list[Comparison]) -> Drawing:
    """Points that the lead variant gains over its baseline; filled where a difference could be shown."""
    km = reference_km(run.params.score.thresholds_km)
    shown = [c for c in of_lead(run, comparisons) if c.km == km]

    def draw() -> Figure:
        lead, baseline = style_of(shown[0].variant).name, style_of(shown[0].baseline).name
        names = [c.query_set for c in shown]
        figure, axes = _lines(names, f"points within {km:g} km: {lead} minus {baseline}")
        reach = max(5.0, *(max(abs(c.difference.low), abs(c.difference.high)) for c in shown))
        axes.set_xlim(-1.05 * reach, 1.05 * reach)
        axes.axvline(0, color="black", linewidth=0.7)
        for y, c in enumerate(shown):
            gain = c.difference
            bar(axes, c.variant, (gain.points, y, gain.low, gain.high), filled=bool(c.verdict))
            words = f"{p_text(gain.p_holm)}{' *' if c.verdict else ''}"
            axes.annotate(words, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7, color=SOFT)
        return figure

    header = ["query_set", "variant", "baseline", "threshold_km", "points", "low", "high", "p", "p_holm", "decided"]
    header += ["detectable", "design_effect", "queries", "units"]
    data = [
        (
            c.query_set, c.variant, c.baseline, km, d.points, d.low, d.high, d.p, d.p_holm, d.decided,
            d.detectable, d.design_effect, d.queries, d.units,
        )
        for c in shown
        for d in [c.difference]
    ]  # fmt: skip
    return Drawing("differences", draw, header, data)


def calibration(run: Run, coverages: list[Coverage]) -> Drawing:
    """Observed against stated coverage of the radii."""
    levels = sorted({row.nominal for row in coverages})

    def draw() -> Figure:
        figure = Figure(figsize=(7, LINE * len(run.query_sets) + 0.9), layout="constrained")
        panels = figure.subplots(1, len(levels), sharey=True, squeeze=False)[0]
        for axes, level in zip(panels, levels, strict=True):
            _named(axes, list(run.query_sets))
            axes.set_title(f"stated for {level:.0f} %")
            axes.set_xlim(0, 100)
            axes.axvline(level, color="black", linewidth=0.8, linestyle="--")
            for row in (r for r in coverages if r.nominal == level and not math.isnan(r.observed.mean)):
                y = _y(run, row.query_set, row.variant)
                bar(axes, row.variant, (row.observed.mean, y, row.observed.low, row.observed.high))
            axes.set_xlabel("percent of true places inside")
        legend(figure, panels[0], run.variants)
        return figure

    header = ["query_set", "variant", "stated", "observed", "low", "high", "median_radius_km"]
    data = [
        (r.query_set, r.variant, r.nominal, r.observed.mean, r.observed.low, r.observed.high, r.median_km)
        for r in coverages
    ]
    return Drawing("calibration", draw, header, data)


def strata(run: Run, found: list[Stratum]) -> Drawing:
    """Percent within the reference distance by stratum, all query sets together."""
    km = reference_km(run.params.score.thresholds_km)

    def draw() -> Figure:
        kinds = [kind for kind in KINDS if any(s.kind == kind for s in found)]
        names = [f"{s.name} ({s.queries:,})" for s in found]
        figure, axes = _lines(names, f"percent of queries within {km:g} km", height=0.26)
        axes.set_xlim(0, 100)
        for y, stratum in enumerate(found):
            for variant, share in stratum.by_variant.items():
                if not math.isnan(share.mean):
                    bar(axes, variant, (share.mean, y + _offset(run, variant), share.low, share.high))
        for kind in kinds:
            top = next(y for y, s in enumerate(found) if s.kind == kind)
            axes.axhline(top - 0.5, color=RULE, linewidth=0.8)
            axes.annotate(KINDS[kind], (1.01, top), xycoords=("axes fraction", "data"), va="center", fontsize=7)
        legend(figure, axes, run.variants)
        return figure

    header = ["kind", "stratum", "queries", "variant", "threshold_km", "acc", "low", "high"]
    data = [(s.kind, s.name, s.queries, v, km, f.mean, f.low, f.high) for s in found for v, f in s.by_variant.items()]
    return Drawing("strata", draw, header, data)


def _lines(names: list[str], label: str, height: float = LINE) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.4, height * len(names) + 0.8), layout="constrained")
    axes = figure.subplots()
    _named(axes, names)
    axes.set_xlabel(label)
    return figure, axes


def _named(axes: Axes, names: list[str]) -> None:
    """A line for each name, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)


def _y(run: Run, query_set: str, variant: str) -> float:
    return run.query_sets.index(query_set) + _offset(run, variant)


def _offset(run: Run, variant: str) -> float:
    return (run.variants.index(variant) - (len(run.variants) - 1) / 2) * 0.2
