"""Rows of photos with captions: a photo at the left and what was found for it beside it."""

from dataclasses import dataclass

from markupsafe import Markup

from dualgeo.previews.sheet import INNER, MARGIN, TOP, fitted, label, photo
from dualgeo.report.svg import join, tag

GAP = 6.0
LEAD_GAP = 26.0
CAPTION = 40.0


@dataclass(frozen=True)
class Shot:
    """A photo in a row: its data: address, a caption of two lines, and a colour for the bar below it ("" for none)."""

    source: str | None
    first: str
    second: str = ""
    colour: str = ""


def photo_rows(rows: list[list[Shot]], heads: tuple[str, str]) -> tuple[Markup, float]:
    """Rows whose first shot stands apart, with headings for it and for the others; and where they end (y)."""
    across = max(len(row) for row in rows)
    side = (INNER - LEAD_GAP - GAP * (across - 2)) / across
    x_others = MARGIN + side + LEAD_GAP
    parts = [label(heads[0], MARGIN, TOP + 12, "small strong"), label(heads[1], x_others, TOP + 12, "small strong")]
    y = TOP + 22
    for row in rows:
        for number, shot in enumerate(row):
            x = MARGIN if number == 0 else x_others + (number - 1) * (side + GAP)
            parts.append(captioned(shot, x, y, side))
        y += side + CAPTION
    return join(parts), y


def captioned(shot: Shot, x: float, y: float, side: float) -> Markup:
    """A photo, its bar and its caption; CAPTION pixels below the photo hold both lines."""
    parts = [photo(shot.source, x, y, side)]
    if shot.colour:
        parts.append(tag("rect", x=x, y=y + side, width=side, height=4, fill=shot.colour))
    parts.append(label(fitted(shot.first, side, 11.5), x, y + side + 17, "tiny"))
    if shot.second:
        parts.append(label(fitted(shot.second, side, 11.5), x, y + side + 31, "tiny soft"))
    return join(parts)
