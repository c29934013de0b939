"""One look for all figures, and files that are equal byte for byte whenever the data are."""

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dualgeo.files import write_text
from dualgeo.report.style import style_of

COLOURS = {
    "v-image": "#c2500a",
    "v-segmentation": "#0b7f5c",
    "v-no-attention": "#a4508b",
    "v-dual": "#0a63ad",
    "v-other": "#6b6b6b",
}
"""As in templates/page.css on white paper."""
MARKERS = {"circle": "o", "triangle": "^", "square": "s", "diamond": "D"}
DASHES: dict[str, Any] = {
    "v-image": (0, (5, 2)),
    "v-segmentation": (0, (1.5, 1.5)),
    "v-no-attention": "-.",
    "v-dual": "-",
}
INK, SOFT, RULE = "#1d2126", "#5b626b", "#dedad1"
PNG_DPI = 200
COLUMNS = 4
"""Small axes beside each other."""
LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "dualgeo",
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Drawing:
    """A figure to write: its name, how it is drawn, and its data."""

    name: str
    draw: Callable[[], Figure]
    header: Sequence[str]
    rows: Sequence[Sequence[str | float | int | bool | None]]


def look() -> AbstractContextManager[None]:
    """The settings in which figures are drawn and written."""
    return mpl.rc_context(LOOK)


def write_drawing(drawing: Drawing, folder: Path) -> None:
    """Write NAME.svg, NAME.png and NAME.csv; no date and no program version gets into them."""
    with look():
        figure = drawing.draw()
        figure.savefig(folder / f"{drawing.name}.svg", metadata={"Date": None, "Creator": None})
        # Laid out once; doing so again would take as long as drawing.
        figure.set_layout_engine("none")
        figure.savefig(folder / f"{drawing.name}.png", dpi=PNG_DPI, metadata={"Software": None})
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(drawing.header)
    writer.writerows([_text(value) for value in row] for row in drawing.rows)
    write_text(folder / f"{drawing.name}.csv", buffer.getvalue())


def colour_of(variant: str) -> str:
    """The colour of a variant."""
    return COLOURS.get(style_of(variant).css, COLOURS["v-other"])


def marker_of(variant: str) -> str:
    """The shape of a variant."""
    return MARKERS[style_of(variant).shape]


def dash_of(variant: str) -> Any:
    """The line pattern of a variant."""
    return DASHES.get(style_of(variant).css, ":")


def grid_of(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of `count` small axes, at most COLUMNS beside each other."""
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(7.0, 1.7 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel().tolist()
    for unused in axes[count:]:
        unused.set_visible(False)
    return figure, axes[:count]


def bar(axes: Axes, variant: str, at: tuple[float, float, float, float], filled: bool = True) -> None:
    """A shape at (x, y) with its interval from low to high along x."""
    x, y, low, high = at
    axes.plot([low, high], [y, y], color=colour_of(variant), linewidth=1.2, solid_capstyle="butt", zorder=2)
    face = colour_of(variant) if filled else "white"
    axes.plot(
        [x], [y], marker_of(variant), color=face, markeredgecolor=colour_of(variant), markersize=4.2, zorder=3
    )  # fmt: skip


def legend(figure: Figure, axes: Axes, variants: Sequence[str]) -> None:
    """Names of the variants below the figure."""
    handles = [
        axes.plot([], [], color=colour_of(v), marker=marker_of(v), linestyle=dash_of(v), markersize=4)[0]
        for v in variants
    ]
    names = [style_of(v).name for v in variants]
    figure.legend(handles, names, loc="outside lower center", ncols=len(variants), fontsize=7.5)


def _text(value: str | float | int | bool | None) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
