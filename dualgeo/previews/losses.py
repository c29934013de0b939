"""`train`: how the loss and its parts fell, and how the temperatures moved."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.previews.material import Material, NotMade
from dualgeo.previews.sheet import MARGIN, TOP, WIDTH, label, nice_ticks, sheet, text_width
from dualgeo.report.svg import Scale, join, line_path, tag
from dualgeo.workspace import Cell

COLOURS = {"loss": "#1d2126", "image": "#c2500a", "segmentation": "#0b7f5c", "place": "#7a4fa3"}
SPARE = ("#0a63ad", "#a4508b", "#6b6b6b")
HEIGHT, BOTTOM = 390.0, 42.0


@dataclass(frozen=True)
class Line:
    """One curve over the epochs; `total` is drawn thicker."""

    name: str
    values: pd.Series
    colour: str
    total: bool = False


def loss_picture(material: Material, cell: Cell) -> Markup:
    """The loss and its parts at the left, the temperatures' scales at the right where the curve has any."""
    path = material.need(material.workspace.model(cell) / "curve.csv")
    curve = pd.read_csv(path).replace([np.inf, -np.inf], np.nan)
    at = next((name for name in ("epoch", "step") if name in curve), None)
    if at is None or "loss" not in curve or curve["loss"].dropna().empty:
        raise NotMade(f"{path.name} of {cell.name} holds no loss")
    curve = curve.groupby(at).mean(numeric_only=True)
    losses = _lines(curve, "_loss", [Line("total", curve["loss"], COLOURS["loss"], total=True)])
    scales = _lines(curve, "_scale", [])
    split = WIDTH - MARGIN - (210 if scales else 0)
    parts = [_chart(losses, at, "loss", MARGIN + 34, split - 12, zero=True)]
    if scales:
        parts.append(_chart(scales, at, "1 / temperature", split + 46, WIDTH - MARGIN, zero=False))
    first, last = curve["loss"].dropna().iloc[0], curve["loss"].dropna().iloc[-1]
    subtitle = f"loss {first:.4g} at {at} {curve.index[0]:g}, {last:.4g} at {at} {curve.index[-1]:g}"
    return sheet(f"Training of {cell.name}", subtitle, parts, HEIGHT)


def _lines(curve: pd.DataFrame, ending: str, begun: list[Line]) -> list[Line]:
    spare = list(SPARE)
    for column in curve.columns:
        if column.endswith(ending) and not curve[column].dropna().empty:
            name = column.removesuffix(ending)
            begun.append(Line(name, curve[column], COLOURS.get(name) or (spare.pop(0) if spare else "#6b6b6b")))
    return begun


def _chart(lines: list[Line], at: str, heading: str, left: float, right: float, zero: bool) -> Markup:
    """One chart with its axes, and below its heading a legend with the last value of each line."""
    values = pd.concat([line.values for line in lines]).dropna()
    epochs = lines[0].values.index
    low, high = float(values.min()), float(values.max())
    pad = max(0.05 * (high - low), 0.005 * abs(high)) or 0.5
    top = TOP + 44 if zero else TOP + 34 + 18 * len(lines)
    x = Scale(float(epochs.min()), float(epochs.max()), left, right)
    y = Scale(min(0.0, low) if zero else low - pad, high + pad, HEIGHT - BOTTOM, top)
    parts = [label(heading, left if zero else left - 40, TOP + 12, "small strong"), _axes(x, y, at)]
    key_x, key_y = (left, TOP + 32) if zero else (left - 40, TOP + 32)
    for line in lines:
        points = [(x(float(e)), y(float(v))) for e, v in line.values.items()]  # pyright: ignore[reportArgumentType]
        look = f"--c:{line.colour};stroke-width:{3 if line.total else 1.8}"
        parts.append(tag("path", d=line_path(points), class_="line", style=look))
        text = f"{line.name} {line.values.dropna().iloc[-1]:.3g}"
        parts.append(tag("path", d=f"M{key_x:.0f} {key_y - 4:.0f}h16", class_="line", style=f"--c:{line.colour}"))
        parts.append(label(text, key_x + 22, key_y, "small"))
        # The wide chart has its legend in a row, the narrow one in a column.
        key_x, key_y = (key_x + 36 + text_width(text, 12), key_y) if zero else (key_x, key_y + 18)
    return join(parts)


def _axes(x: Scale, y: Scale, at: str) -> Markup:
    parts: list[Markup] = []
    for value in nice_ticks(y.low, y.high):
        parts.append(tag("path", d=f"M{x.start} {y(value):.1f}H{x.end}", class_="rule"))
        parts.append(label(f"{value:.6g}", x.start - 7, y(value) + 4, "tiny soft end"))
    whole = [value for value in nice_ticks(x.low, x.high, 7) if value == round(value)]
    for value in whole or [x.low]:
        parts.append(label(f"{value:g}", x(value), y.start + 18, "tiny soft middle"))
    parts.append(label(at, (x.start + x.end) / 2, y.start + 33, "tiny soft middle"))
    return join(parts)
