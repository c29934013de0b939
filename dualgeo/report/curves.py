"""Curves of a run: accuracy against distance, training loss, coverage of the stated radius."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import Floats
from dualgeo.report.inputs import Run, number
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, band_path, join, line_path, marker, svg, tag

DISTANCES_KM = np.geomspace(1, 20_000, 90)
TICKS_KM = (1, 10, 100, 1_000, 10_000)


@dataclass(frozen=True)
class Panel:
    """One small chart and its heading."""

    title: str
    picture: Markup
    note: str = ""


def share_within(errors_km: pd.Series, distances_km: Floats = DISTANCES_KM) -> Floats:
    """Percent of ALL queries whose error is at most each distance; failures (NaN) are misses. NaN if no query."""
    if errors_km.empty:
        return np.full(len(distances_km), np.nan)
    known = np.sort(errors_km.dropna().to_numpy())
    return 100 * np.searchsorted(known, distances_km, side="right") / len(errors_km)


def accuracy_panels(run: Run) -> list[Panel]:
    """One chart a query set: a line a variant (mean over seeds), the area between its best and its worst seed."""
    return [_accuracy_panel(run, name) for name in run.query_sets]


def _accuracy_panel(run: Run, query_set: str) -> Panel:
    width, height, left, bottom = 280.0, 200.0, 36.0, 24.0
    x = Scale(1, 20_000, left, width - 12, log=True)
    y = Scale(0, 100, height - bottom, 12)
    parts = [_frame(x, y)]
    parts.append(_no_skill_line(run, query_set, x, y))
    queries = 0
    for variant in run.variants:
        tables = [r.queries[r.queries["query_set"] == query_set]["error_km"] for r in run.of(variant)]
        queries = max(len(table) for table in tables)
        shares = np.stack([share_within(table) for table in tables])
        if not np.isfinite(shares).all():
            continue
        parts.append(_line_with_band(variant, shares, x, y))
    label = f"Share of {query_set} queries located within a distance from 1 to 20,000 km, a line for each variant"
    note = f"{queries:,} queries" if queries else "no queries in this set"
    return Panel(query_set, svg(join(parts), width, height, label, "chart"), note)


def _line_with_band(variant: str, shares: Floats, x: Scale, y: Scale) -> Markup:
    style = style_of(variant)

    def points(values: Floats) -> list[tuple[float, float]]:
        return [(x(float(km)), y(float(share))) for km, share in zip(DISTANCES_KM, values, strict=True)]

    mean = shares.mean(axis=0)
    parts = [tag("path", d=line_path(points(mean)), class_=f"line {style.css}")]
    if len(shares) > 1:
        band = band_path(points(shares.max(axis=0)), points(shares.min(axis=0)))
        parts.insert(0, tag("path", d=band, class_=f"band {style.css}"))
    for km in (25, 750):
        share = float(np.interp(math.log(km), np.log(DISTANCES_KM), mean))
        parts.append(marker(style.shape, x(km), y(share), f"mark {style.css}", 3.2))
    return join(parts)


def _no_skill_line(run: Run, query_set: str, x: Scale, y: Scale) -> Markup:
    figures = run.cells[0].metrics.get(query_set, {}).get("no_skill") or {}
    points = sorted((float(km), number(value)) for km, value in figures.items())
    drawn = [(x(km), y(value)) for km, value in points if not math.isnan(value)]
    return tag("path", d=line_path(drawn), class_="line no-skill")


def _frame(x: Scale, y: Scale) -> Markup:
    parts: list[Markup] = []
    for share in (0, 25, 50, 75, 100):
        level = y(share)
        parts.append(tag("path", d=f"M{x.start} {level}H{x.end}", class_="grid"))
        if share % 50 == 0:
            parts.append(tag("text", f"{share} %", x=x.start - 5, y=level + 3.5, class_="tick end"))
    for km in TICKS_KM:
        at, text = x(km), km_text(km) if km > 1 else "1 km"
        parts.append(tag("path", d=f"M{at:.1f} {y.start}V{y.end}", class_="grid"))
        parts.append(tag("text", text, x=at, y=y.start + 15, class_="tick middle"))
    return join(parts)


def loss_panels(run: Run) -> list[Panel]:
    """One chart a variant, a line a seed; variants sum different terms, so each has its own axis."""
    panels: list[Panel] = []
    for variant in run.variants:
        curves = [(r.cell.seed, c) for r in run.of(variant) if (c := usable_curve(r.curve)) is not None]
        if curves:
            panels.append(_loss_panel(variant, curves))
    return panels


def usable_curve(curve: pd.DataFrame | None) -> pd.DataFrame | None:
    """Columns epoch and loss of a training curve, the mean of each epoch; None where there is nothing to draw."""
    if curve is None or "loss" not in curve or curve["loss"].dropna().empty:
        return None
    at = next((name for name in ("epoch", "step") if name in curve), None)
    epochs = curve[at] if at else np.arange(1, len(curve) + 1)
    mean = pd.DataFrame({"epoch": epochs, "loss": curve["loss"]}).dropna().groupby("epoch")["loss"].mean()
    return pd.DataFrame({"epoch": mean.index.to_numpy(), "loss": mean.to_numpy()})


def _loss_panel(variant: str, curves: list[tuple[int, pd.DataFrame]]) -> Panel:
    width, height, left, bottom = 280.0, 150.0, 36.0, 24.0
    losses = np.concatenate([curve["loss"].to_numpy() for _, curve in curves])
    epochs = np.concatenate([curve["epoch"].to_numpy() for _, curve in curves])
    low, high = float(losses.min()), float(losses.max())
    pad = (high - low) * 0.08 or 0.5
    x = Scale(float(epochs.min()), float(epochs.max()), left, width - 12)
    y = Scale(low - pad, high + pad, height - bottom, 10)
    parts: list[Markup] = []
    for value in np.linspace(low, high, 3):
        parts.append(tag("path", d=f"M{left} {y(float(value)):.1f}H{width - 12}", class_="grid"))
        parts.append(tag("text", f"{value:.2g}", x=left - 5, y=y(float(value)) + 3.5, class_="tick end"))
    for value in sorted({int(epochs.min()), int(epochs.max())}):
        parts.append(tag("text", str(value), x=x(value), y=height - bottom + 15, class_="tick middle"))
    parts.append(tag("text", "epoch", x=(left + width) / 2, y=height - bottom + 15, class_="tick middle"))
    style = style_of(variant)
    for _, curve in curves:
        points = [(x(float(e)), y(float(v))) for e, v in zip(curve["epoch"], curve["loss"], strict=True)]
        parts.append(tag("path", d=line_path(points), class_=f"line thin {style.css}"))
    label = f"Training loss of {variant} by epoch, a line for each of {len(curves)} seeds, from {high:.3g} to {low:.3g}"
    seeds = "one seed" if len(curves) == 1 else f"{len(curves)} seeds"
    return Panel(style.name, svg(join(parts), width, height, label, "chart"), seeds)


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay within the stated radius."""

    query_set: str
    variant: str
    nominal: float
    observed: float


def coverages(run: Run) -> list[Coverage]:
    """Nominal and observed coverage of the radii in metrics.json (percent, mean over seeds)."""
    rows: list[Coverage] = []
    for name in run.query_sets:
        for variant in run.variants:
            found = [r.metrics[name].get("radius_coverage") or {} for r in run.of(variant) if name in r.metrics]
            for level in sorted({key for figures in found for key in figures}, key=float):
                shares = [number(figures.get(level)) for figures in found]
                rows.append(Coverage(name, variant, 100 * float(level), float(np.mean(shares))))
    return rows


def calibration_chart(run: Run, rows: list[Coverage]) -> Markup | None:
    """Observed coverage for each query set, a mark a variant, against the two nominal levels; None without radii."""
    if all(math.isnan(row.observed) for row in rows):
        return None
    levels = sorted({row.nominal for row in rows})
    line, left, width = 30.0, 130.0, 720.0
    height = 24 + line * len(run.query_sets) + 20
    gap = 48.0
    panel = (width - left - gap * (len(levels) - 1) - 14) / len(levels)
    parts: list[Markup] = []
    for i, name in enumerate(run.query_sets):
        parts.append(tag("text", name, x=left - 14, y=24 + line * (i + 0.5) + 4, class_="row end"))
    for n, level in enumerate(levels):
        x = Scale(0, 100, left + n * (panel + gap), left + n * (panel + gap) + panel)
        parts.append(_coverage_panel(run, [r for r in rows if r.nominal == level], x, level, line))
    label = "Share of queries whose true place lay within the stated radius, for each query set and variant"
    return svg(join(parts), width, height, label, "chart wide")


def _coverage_panel(run: Run, rows: list[Coverage], x: Scale, level: float, line: float) -> Markup:
    parts = [tag("text", f"stated for {level:.0f} %", x=x(0), y=12, class_="tick strong")]
    bottom = 24 + line * len(run.query_sets)
    for i in range(len(run.query_sets)):
        parts.append(tag("path", d=f"M{x(0):.1f} {24 + line * (i + 0.5):.1f}H{x(100):.1f}", class_="grid"))
    parts.append(tag("path", d=f"M{x(level):.1f} 20V{bottom:.1f}", class_="nominal"))
    for value in (0, 50, 100):
        parts.append(tag("text", f"{value} %", x=x(value), y=bottom + 15, class_="tick middle"))
    for row in rows:
        if math.isnan(row.observed):
            continue
        style = style_of(row.variant)
        offset = (run.variants.index(row.variant) - (len(run.variants) - 1) / 2) * 6
        at = 24 + line * (run.query_sets.index(row.query_set) + 0.5) + offset
        parts.append(marker(style.shape, x(row.observed), at, f"mark {style.css}", 3.6))
    return join(parts)


def km_text(km: float) -> str:
    """1, 25, 2,500 for axis labels and headings."""
    return f"{km:,.0f}" if km >= 1 else f"{km:g}"
