"""Small pieces of SVG as text: paths, scales and the shapes that tell variants apart without colour."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

SHAPES = ("circle", "triangle", "square", "diamond")


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic map from values to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Pixels of a value; values outside are drawn at the edge."""
        clipped = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(clipped / self.low) / math.log(self.high / self.low)
        else:
            share = (clipped - self.low) / (self.high - self.low or 1.0)
        return self.start + share * (self.end - self.start)


def tag(name: str, content: str | Markup = "", **attributes: str | float) -> Markup:
    """One element; attribute names write `_` for `-` and end in `_` where Python reserves them; text is escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(short(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{escape(content)}</{name}>")  # noqa: S704 - every part was escaped above


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def short(value: str | float) -> str:
    """Numbers with at most two decimals and no trailing zeros, so that files stay small and equal."""
    if isinstance(value, str):
        return value
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """`d` of an open line; points with NaN interrupt it."""
    parts: list[str] = []
    pen_down = False
    for x, y in points:
        if math.isnan(x) or math.isnan(y):
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{short(x)} {short(y)}")
        pen_down = True
    return "".join(parts)


def band_path(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """`d` of the area between two lines."""
    return line_path([*upper, *reversed(lower)]) + "Z" if upper else ""


def marker(shape: str, x: float, y: float, class_: str, size: float = 4.0) -> Markup:
    """A filled shape around (x, y)."""
    s = size
    match shape:
        case "circle":
            return tag("circle", cx=x, cy=y, r=s, class_=class_)
        case "square":
            d = f"M{short(x - s)} {short(y - s)}h{short(2 * s)}v{short(2 * s)}h{short(-2 * s)}Z"
        case "triangle":
            d = f"M{short(x)} {short(y - 1.2 * s)}l{short(1.2 * s)} {short(2.1 * s)}h{short(-2.4 * s)}Z"
        case _:
            d = f"M{short(x)} {short(y - 1.35 * s)}l{short(1.3 * s)} {short(1.35 * s)}"
            d += f"l{short(-1.3 * s)} {short(1.35 * s)}l{short(-1.3 * s)} {short(-1.35 * s)}Z"
    return tag("path", d=d, class_=class_)


def svg(content: Markup, width: float, height: float, label: str, class_: str = "") -> Markup:
    """A picture that scales with its column and says in words what it shows."""
    return tag(
        "svg",
        tag("title", label) + content,
        viewBox=f"0 0 {short(width)} {short(height)}",
        role="img",
        class_=class_,
    )
