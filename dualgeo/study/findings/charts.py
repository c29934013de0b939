"""The study's pictures as SVG: accuracy against severity, differences by condition, steadiness, the radius."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, band_path, join, line_path, marker, svg, tag
from dualgeo.report.words import signed
from dualgeo.study.findings.contests import Contest, Contests
from dualgeo.study.findings.curves import Line, at
from dualgeo.study.findings.epsilon import RadiusChoice
from dualgeo.study.findings.stability import CHANCE, Stability

WIDTH, HEIGHT, LEFT, BOTTOM = 280.0, 190.0, 36.0, 34.0
MARKS = {"helps": "up", "hurts": "down", "undecided": "open"}


def severity_chart(lines: Sequence[Line], threshold_km: float) -> Markup:
    """Accuracy against severity under one corruption, a line a variant with its interval as a band."""
    severities = [point.severity for point in lines[0].points]
    x = Scale(0, float(max(severities)), LEFT, WIDTH - 12)
    y = Scale(0, 100, HEIGHT - BOTTOM, 12)
    parts = [_percents(x, y)]
    for severity in severities:
        text = "clean" if severity == 0 else f"{severity}"
        parts.append(tag("text", text, x=x(severity), y=HEIGHT - BOTTOM + 15, class_="tick middle"))
    parts.append(tag("text", "severity", x=(x.start + x.end) / 2, y=HEIGHT - 4, class_="tick middle"))
    bands: list[Markup] = []
    drawn: list[Markup] = []
    for line in lines:
        style = style_of(line.variant)
        found = [(x(point.severity), at(point, threshold_km)) for point in line.points]
        upper, lower = ([(px, y(value)) for px, value in _bounds(found, side)] for side in ("high", "low"))
        bands.append(tag("path", d=band_path(upper, lower), class_=f"band {style.css}"))
        middle = [(px, y(accuracy.mean)) for px, accuracy in found]
        drawn.append(tag("path", d=line_path(middle), class_=f"line {style.css}"))
        drawn += [marker(style.shape, px, py, f"mark {style.css}", 3.4) for px, py in middle]
    label = (
        f"Share of {lines[0].query_set} queries within {threshold_km:g} km under {lines[0].corruption} by severity: "
        + "; ".join(
            f"{line.variant} {', '.join(f'{at(p, threshold_km).mean:.0f}' for p in line.points)} %" for line in lines
        )
    )
    return svg(join([*parts, *bands, *drawn]), WIDTH, HEIGHT, label, "chart")


def _bounds(found: Sequence[tuple[float, object]], side: str) -> list[tuple[float, float]]:
    return [(px, float(getattr(accuracy, side))) for px, accuracy in found]


def forest(found: Contests, lead: str, baseline: str) -> Markup:
    """Every condition's difference with its interval, filled where it was shown; first, those of many together."""
    line, left, width, top = 19.0, 150.0, 760.0, 26.0
    contests, together = found.single, (found.all, *found.parts)
    bounds = [abs(value) for contest in contests for value in (contest.difference.low, contest.difference.high)]
    reach = _nice(max([1.0, *bounds]))
    x = Scale(-reach, reach, left, width - 190)
    bottom = top + line * (len(contests) + len(together) + 0.5)
    parts = [
        tag("text", f"◂ {baseline} better", x=x(0) - 10, y=12, class_="tick end"),
        tag("text", f"{lead} better ▸", x=x(0) + 10, y=12, class_="tick"),
    ]
    for value in (-reach, -reach / 2, 0.0, reach / 2, reach):
        class_ = "zero" if value == 0 else "grid"
        parts.append(tag("path", d=f"M{x(value):.1f} {top - 6}V{bottom}", class_=class_))
        text = f"{value:+g}".replace("-", "−") if value else "0"
        parts.append(tag("text", text, x=x(value), y=bottom + 15, class_="tick middle"))
    for row, contest in enumerate(together):
        name = f"{contest.query_set}, {contest.conditions} together"
        parts += _forest_row(name, contest, x, top + line * (row + 0.5))
    start = top + line * (len(together) + 0.5)
    for row, contest in enumerate(contests):
        parts += _forest_row(contest.query_set, contest, x, start + line * (row + 0.5))
    label = f"{lead} minus {baseline} in percentage points, with its interval, for each of {len(contests)} conditions"
    return svg(join(parts), width, bottom + 26, label, "chart wide forest")


def _forest_row(name: str, contest: Contest, x: Scale, y: float) -> list[Markup]:
    d, css, right = contest.difference, MARKS[contest.outcome], x.end + 190
    span = f"{signed(d.low)} to {signed(d.high)}"
    where = tag("title", f"{name}: {signed(d.points)} ({span}) {_p(contest.p)}")
    return [
        tag("text", name, x=x.start - 14, y=y + 4, class_="row end"),
        tag("path", d=f"M{x(d.low):.1f} {y:.1f}H{x(d.high):.1f}", class_=f"span {css}"),
        tag("circle", where, cx=x(d.points), cy=y, r=4, class_=f"dot {css}"),
        tag("text", signed(d.points), x=right - 150, y=y + 4, class_="row end"),
        tag("text", span, x=right - 138, y=y + 4, class_="tick"),
        tag("text", _p(contest.p), x=right, y=y + 4, class_=f"tick end {css}"),
    ]


def _p(p: float | None) -> str:
    if p is None:
        return ""
    return "p < 0.001" if p < 0.001 else "p = 1" if p > 0.995 else f"p = {p:.2g}"


def stability_chart(stability: dict[str, Stability], corruption: str, severities: Sequence[int]) -> Markup:
    """What is left of each view by severity: 100 % the clean photo's own, the dotted lines that of another photo."""
    x = Scale(0, float(max(severities)), LEFT, WIDTH - 12)
    y = Scale(0, 100, HEIGHT - BOTTOM, 12)
    chance = stability[CHANCE]
    found = [stability[f"{corruption}-{severity}"] for severity in severities]
    parts = [_percents(x, y)]
    for severity in (0, *severities):
        text = "clean" if severity == 0 else f"{severity}"
        parts.append(tag("text", text, x=x(severity), y=HEIGHT - BOTTOM + 15, class_="tick middle"))
    for css, shape, values, by_chance in (
        ("v-image", "circle", [v.embedding for v in found], chance.embedding),
        ("v-segmentation", "triangle", [v.masks for v in found], chance.masks),
    ):
        level = y(100 * max(0.0, by_chance))
        parts.append(tag("path", d=f"M{x.start} {level:.1f}H{x.end}", class_=f"line chance {css}"))
        points = [(x(0), y(100)), *((x(s), y(100 * v)) for s, v in zip(severities, values, strict=True))]
        parts.append(tag("path", d=line_path(points), class_=f"line {css}"))
        parts += [marker(shape, px, py, f"mark {css}", 3.4) for px, py in points]
    label = f"Under {corruption}: mask cells kept and cosine of the image embedding, by severity"
    return svg(join(parts), WIDTH, HEIGHT, label, "chart")


def radius_chart(choice: RadiusChoice) -> Markup:
    """Validation accuracy by cluster radius; the choice is marked."""
    width, height = 420.0, 190.0
    low, high = min(choice.accuracy), max(choice.accuracy)
    pad = max(0.5, 0.15 * (high - low))
    x = Scale(choice.eps_km[0], max(choice.eps_km[-1], choice.eps_km[0] * 1.01), LEFT + 10, width - 16, log=True)
    y = Scale(low - pad, high + pad, height - BOTTOM, 14)
    parts: list[Markup] = []
    for value in (low, (low + high) / 2, high) if high > low else (high,):
        parts.append(tag("path", d=f"M{x.start} {y(value):.1f}H{x.end}", class_="grid"))
        parts.append(tag("text", f"{value:.1f} %", x=x.start - 6, y=y(value) + 3.5, class_="tick end"))
    points = [(x(eps), y(value)) for eps, value in zip(choice.eps_km, choice.accuracy, strict=True)]
    parts.append(tag("path", d=line_path(points), class_="line v-dual"))
    for eps, (px, py) in zip(choice.eps_km, points, strict=True):
        chosen = eps == choice.chosen_km
        parts.append(marker("square", px, py, f"mark {'v-image' if chosen else 'v-dual'}", 5.0 if chosen else 3.0))
        parts.append(
            tag("text", f"{eps:g}", x=px, y=height - BOTTOM + 15, class_=f"tick middle{' strong' if chosen else ''}")
        )
    parts.append(tag("text", "cluster radius, km", x=(x.start + x.end) / 2, y=height - 4, class_="tick middle"))
    label = f"Validation accuracy by cluster radius; chosen: {choice.chosen_km:g} km"
    return svg(join(parts), width, height, label, "chart")


def _percents(x: Scale, y: Scale) -> Markup:
    parts: list[Markup] = []
    for share in (0, 25, 50, 75, 100):
        parts.append(tag("path", d=f"M{x.start} {y(share)}H{x.end}", class_="grid"))
        if share % 50 == 0:
            parts.append(tag("text", f"{share} %", x=x.start - 5, y=y(share) + 3.5, class_="tick end"))
    return join(parts)


def _nice(value: float) -> float:
    """The next of 1, 2, 4, 5, 10, 20, ... that is not smaller."""
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(step * magnitude for step in (1, 2, 4, 5, 10) if step * magnitude >= value - 1e-9)
