"""The sheet that every picture is drawn on: an SVG with its own paper, a heading, and nothing from outside."""

import math
import re
from collections.abc import Iterable

from markupsafe import Markup

from dualgeo.report.svg import join, tag

WIDTH = 760.0
MARGIN = 22.0
TOP = 68.0
"""Where the content below the heading begins."""
INNER = WIDTH - 2 * MARGIN
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
LETTER = 0.57
"""Width of a mean letter, in font sizes, of the widest of these fonts."""
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ERROR_COLOURS = ("#0b4f94", "#3583c2", "#74add6", "#dd9c33", "#d1581f", "#990f3d")
"""From the first distance class to the last, as in the report's map."""
STYLE = (
    f"text{{font:13px {FONT};fill:#1d2126}}"
    ".title{font-size:18px;font-weight:600}.soft{fill:#5b626b}.small{font-size:12px}.tiny{font-size:11.5px}"
    ".strong{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}.bad{fill:#a3232f}.good{fill:#17683c}"
    ".paper{fill:#fdfcfa;stroke:#dedad1}.rule{fill:none;stroke:#dedad1;stroke-width:.8}"
    ".line{fill:none;stroke-width:2.2;stroke-linejoin:round}.whisker{fill:none;stroke-width:2;stroke-linecap:round}"
    ".v-image{--c:#c2500a}.v-segmentation{--c:#0b7f5c}.v-no-attention{--c:#a4508b}.v-dual{--c:#0a63ad}"
    ".v-other{--c:#6b6b6b}.mark{fill:var(--c)}.whisker,.line{stroke:var(--c)}"
)


def sheet(title: str, subtitle: str, content: Iterable[Markup], height: float, style: str = "") -> Markup:
    """A whole picture, WIDTH x `height`; content is drawn between TOP and `height`, MARGIN from the sides.

    `style` adds CSS of the picture's own. The subtitle is shortened to what fits in a line.
    """
    parts = [
        tag("title", clean(title)),
        tag("style", Markup(STYLE + style)),  # noqa: S704 - own text
        tag("rect", x=0.5, y=0.5, width=WIDTH - 1, height=height - 1, rx=6, class_="paper"),
        label(title, MARGIN, 31, "title"),
        label(fitted(subtitle, INNER, 13), MARGIN, 52, "soft"),
        *content,
    ]
    return tag(
        "svg",
        join(parts),
        xmlns="http://www.w3.org/2000/svg",
        width=WIDTH,
        height=height,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
    )


def label(text: str, x: float, y: float, css: str = "", **more: str | float) -> Markup:
    """A line of text; characters that XML cannot hold are dropped."""
    return tag("text", clean(text), x=x, y=y, **({"class_": css} if css else {}), **more)


def photo(source: str | None, x: float, y: float, side: float) -> Markup:
    """A square photo given by its data: address; a grey square where there is none."""
    if source is None:
        return tag("rect", x=x, y=y, width=side, height=side, fill="#e6e1d6")
    return tag("image", href=source, x=x, y=y, width=side, height=side, preserveAspectRatio="xMidYMid slice")


def nested(content: Markup, x: float, y: float, width: float, height: float, view: str = "") -> Markup:
    """Content in its own box; `view` is its viewBox."""
    return tag("svg", content, x=x, y=y, width=width, height=height, **({"viewBox": view} if view else {}))


def fitted(text: str, width: float, size: float) -> str:
    """`text`, cut with an ellipsis where it would be wider than `width` at a font size of `size` px."""
    most = max(1, int(width / (LETTER * size)))
    return text if len(text) <= most else f"{text[: most - 1].rstrip(' ,')}…"


def text_width(text: str, size: float) -> float:
    """About how wide a text is at a font size, on the safe side."""
    return LETTER * size * len(text)


def clean(text: str) -> str:
    """Text without the characters that an XML file must not hold."""
    return NOT_XML.sub("", text)


def error_colour(error_class: int, thresholds: int) -> str:
    """Colour of a distance class: 0 is within the first threshold, `thresholds` beyond the last, -1 a failure."""
    if error_class < 0:
        return "#1d2126"
    return ERROR_COLOURS[round(error_class * (len(ERROR_COLOURS) - 1) / max(1, thresholds))]


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, about `count` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / max(1, count - 1)
    magnitude = 10 ** math.floor(math.log10(raw))
    step = next(magnitude * m for m in (1, 2, 2.5, 5, 10) if magnitude * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
