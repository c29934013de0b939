"""`report`: every variant on every query set at the headline's distance, with intervals."""

import pandas as pd
from markupsafe import Markup

from dualgeo.previews.material import SETS_SHOWN, Material, NotMade
from dualgeo.previews.sheet import INNER, MARGIN, TOP, fitted, label, sheet, text_width
from dualgeo.report.curves import km_text
from dualgeo.report.findings import reference_km
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, marker, tag
from dualgeo.report.words import percent

NAMES = 150.0
FIGURES = 118.0
LINE = 21.0
STAND_INS = "Stand-in encoders were made for Atlas: accuracy on real photos means little here."


def headline_picture(material: Material) -> Markup:
    """Marks with their intervals on a scale from 0 to 100 %, and the same as figures beside them."""
    path = material.need(material.workspace.reports / "plots" / "accuracy.csv")
    table = pd.read_csv(path, keep_default_na=True)
    km = reference_km(sorted(table["threshold_km"].unique().tolist()) or material.params.score.thresholds_km)
    table = table[table["threshold_km"] == km]
    if table.empty:
        raise NotMade("reports/plots/accuracy.csv holds no figures")
    names = material.query_set_order([str(name) for name in table["query_set"].unique()])[:SETS_SHOWN]
    variants = [str(name) for name in table["variant"].unique()]
    block = LINE * len(variants) + 12
    x = Scale(0, 100, MARGIN + NAMES, MARGIN + INNER - FIGURES - 16)
    bottom = TOP + 34 + block * len(names)
    parts = [_key(variants), _scale(x, TOP + 30, bottom)]
    for number, name in enumerate(names):
        rows = table[table["query_set"] == name].set_index("variant")
        parts.append(_query_set(name, rows, variants, x, TOP + 34 + number * block, block))
    subtitle = f"Percent of queries within {km_text(km)} km, mean over seeds"
    subtitle += f", with {100 * material.params.score.confidence:g} % intervals"
    height = bottom + 30
    if not material.params.report.accuracy_is_meaningful:
        parts.append(label(STAND_INS, MARGIN, height + 6, "small bad"))
        height += 22
    return sheet("Result", subtitle, parts, height)


def _key(variants: list[str]) -> Markup:
    parts: list[Markup] = []
    x = MARGIN + NAMES
    for variant in variants:
        style = style_of(variant)
        parts.append(marker(style.shape, x + 5, TOP + 4, f"mark {style.css}", 4.5))
        parts.append(label(style.name, x + 16, TOP + 8, "small"))
        x += 34 + text_width(style.name, 12)
    return join(parts)


def _scale(x: Scale, top: float, bottom: float) -> Markup:
    parts: list[Markup] = []
    for value in (0, 25, 50, 75, 100):
        parts.append(tag("path", d=f"M{x(value):.1f} {top}V{bottom}", class_="rule"))
        parts.append(label(f"{value} %", x(value), bottom + 17, "tiny soft middle"))
    return join(parts)


def _query_set(name: str, rows: pd.DataFrame, variants: list[str], x: Scale, top: float, block: float) -> Markup:
    parts = [tag("path", d=f"M{MARGIN} {top:.1f}h{INNER}", class_="rule")]
    parts.append(label(fitted(name, NAMES - 10, 13), MARGIN, top + block / 2 + 4))
    for number, variant in enumerate(variants):
        if variant not in rows.index:
            continue
        acc, low, high = (float(rows.loc[variant, key]) for key in ("acc", "low", "high"))  # pyright: ignore[reportArgumentType]
        style, y = style_of(variant), top + 6 + LINE * (number + 0.5)
        if low == low and high == high:
            parts.append(tag("path", d=f"M{x(low):.1f} {y:.1f}H{x(high):.1f}", class_=f"whisker {style.css}"))
            parts.append(label(f"{low:.0f}–{high:.0f}", MARGIN + INNER, y + 4, "tiny soft end"))
        if acc == acc:
            parts.append(marker(style.shape, x(acc), y, f"mark {style.css}", 4.5))
        parts.append(label(percent(acc), MARGIN + INNER - 46, y + 4, "end"))
    return join(parts)
