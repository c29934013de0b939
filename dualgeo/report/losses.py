"""Loss curves of the trainings."""

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.report.inputs import Run
from dualgeo.report.panels import Panel
from dualgeo.report.style import style_of
from dualgeo.report.svg import Scale, join, line_path, svg, tag


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
