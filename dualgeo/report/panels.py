"""Small charts of percentages side by side: a line a variant, the area between its best and its worst seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from dualgeo.geo.sphere import Floats
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, band_path, join, line_path, svg, tag

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 280.0, 200.0, 36.0, 24.0, 12.0, 12.0


@dataclass(frozen=True)
class Panel:
    """One small chart and its heading."""

    title: str
    picture: Markup
    note: str = ""


@dataclass(frozen=True)
class Axis:
    """The horizontal axis: what it spans and which values are named."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    @property
    def scale(self) -> Scale:
        return Scale(self.low, self.high, LEFT, WIDTH - RIGHT, self.log)


@dataclass(frozen=True)
class Line:
    """Percent of one variant, a row a seed (seeds, n), at `x` (n,)."""

    variant: str
    x: Floats
    by_seed: Floats

    @property
    def mean(self) -> Floats:
        return self.by_seed.mean(axis=0)


PERCENT = Scale(0, 100, HEIGHT - BOTTOM, TOP)
"""The vertical axis of every chart here."""


def percent_panel(title: str, note: str, axis: Axis, lines: Sequence[Line], label: str, above: Markup) -> Panel:
    """A chart from 0 to 100 %; `above` is drawn over the lines. A line with an unknown value is left out."""
    drawn = [_line(line, axis.scale) for line in lines if np.isfinite(line.by_seed).all()]
    picture = svg(_frame(axis) + join(drawn) + above, WIDTH, HEIGHT, label, "chart")
    return Panel(title, picture, note)


def _line(line: Line, x: Scale) -> Markup:
    style = style_of(line.variant)

    def points(values: Floats) -> list[tuple[float, float]]:
        return [(x(float(at)), PERCENT(float(share))) for at, share in zip(line.x, values, strict=True)]

    parts = [tag("path", d=line_path(points(line.mean)), class_=f"line {style.css}")]
    if len(line.by_seed) > 1:
        band = band_path(points(line.by_seed.max(axis=0)), points(line.by_seed.min(axis=0)))
        parts.insert(0, tag("path", d=band, class_=f"band {style.css}"))
    return join(parts)


def dotted(x: Floats, y: Floats, axis: Axis) -> Markup:
    """A reference line: no skill, or the best there could be."""
    points = [(axis.scale(float(a)), PERCENT(float(b))) for a, b in zip(x, y, strict=True) if np.isfinite(b)]
    return tag("path", d=line_path(points), class_="line no-skill")


def _frame(axis: Axis) -> Markup:
    parts: list[Markup] = []
    for share in (0, 25, 50, 75, 100):
        level = PERCENT(share)
        parts.append(tag("path", d=f"M{LEFT} {level}H{WIDTH - RIGHT}", class_="grid"))
        if share % 50 == 0:
            parts.append(tag("text", f"{share} %", x=LEFT - 5, y=level + 3.5, class_="tick end"))
    for value, text in axis.ticks:
        at = axis.scale(value)
        parts.append(tag("path", d=f"M{at:.1f} {HEIGHT - BOTTOM}V{TOP}", class_="grid"))
        parts.append(tag("text", text, x=at, y=HEIGHT - BOTTOM + 15, class_="tick middle"))
    return join(parts)
