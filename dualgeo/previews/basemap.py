"""A small world map: Equal Earth, land outlines of a few kilobytes, in the units of the report's map."""

from functools import cache

import numpy as np
import shapely
from markupsafe import Markup

from dualgeo.geo.outlines import world_rings
from dualgeo.previews.sheet import nested
from dualgeo.report.svg import tag
from dualgeo.report.worldmap import HEIGHT, WIDTH, densified, globe_path, project

TOLERANCE = 12
"""Units (about a pixel in a preview) by which a simplified coast may be off."""
SMALLEST_AREA = 900
STYLE = ".globe{fill:#f4f6f7;stroke:#cfc8b8;stroke-width:13}.land{fill:#e6e1d6;stroke:#cfc8b8;stroke-width:6}"


def world(content: Markup, x: float, y: float, width: float) -> Markup:
    """The world in a box `width` wide, with `content` in units of `worldmap.project` drawn on it."""
    ground = tag("path", d=globe_path(), class_="globe") + tag("path", d=land_outline(), class_="land")
    return nested(ground + content, x, y, width, map_height(width), f"-8 -8 {WIDTH + 16} {HEIGHT + 16}")


def map_height(width: float) -> float:
    """Height of the map for a width."""
    return round(width * HEIGHT / WIDTH, 1)


@cache
def land_outline() -> str:
    """`d` of all land, simplified to what a small map can show."""
    written: list[str] = []
    for ring in world_rings():
        points = np.column_stack(project(*densified(ring[:, 0], ring[:, 1])))
        coarse = shapely.simplify(shapely.LinearRing(points), TOLERANCE)
        if shapely.Polygon(coarse).area < SMALLEST_AREA:
            continue
        xy = np.asarray(coarse.coords, np.int64)[:-1]
        steps = "".join(f"l{dx} {dy}" for dx, dy in np.diff(xy, axis=0).tolist())
        written.append(f"M{xy[0, 0]} {xy[0, 1]}{steps}Z")
    return "".join(written)


def dots(x: list[int], y: list[int], colour: str, size: float, opacity: float = 1.0) -> Markup:
    """Round dots at map units, `size` units across."""
    d = "".join(f"M{a} {b}h0" for a, b in zip(x, y, strict=True))
    return tag(
        "path", d=d, stroke=colour, stroke_width=size, stroke_linecap="round", stroke_opacity=opacity, fill="none"
    )
