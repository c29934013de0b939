"""Country outlines from the TopoJSON shipped with the package, made safe to draw and to look points up in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from dualgeo.geo.sphere import Floats


@dataclass(frozen=True)
class Outline:
    """One country: Natural Earth's name, its ISO 3166-1 numeric code or None, its polygons (x = lon, y = lat)."""

    name: str
    numeric: str | None
    polygons: tuple[Polygon, ...]


def load_outlines(scale: Literal["50m", "110m"]) -> list[Outline]:
    """Every country at 1:50 million or 1:110 million, cut at 180 degrees so that plain lon/lat geometry holds."""
    text = (files("dualgeo.geo") / "data" / f"countries-{scale}.json").read_text(encoding="utf-8")
    topology: dict[str, Any] = json.loads(text)
    arcs = _decode_arcs(topology)
    outlines: list[Outline] = []
    for geometry in topology["objects"]["countries"]["geometries"]:
        parts = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        polygons = [piece for rings in parts for piece in _polygon(rings, arcs)]
        outlines.append(Outline(geometry["properties"]["name"], geometry.get("id"), tuple(polygons)))
    return outlines


def world_rings() -> list[Floats]:
    """Outer rings of all countries at 1:110 million, to draw a map: arrays (n, 2) of lat, lon; first point = last."""
    return [
        np.asarray(polygon.exterior.coords)[:, ::-1].copy()
        for outline in load_outlines("110m")
        for polygon in outline.polygons
    ]


def _decode_arcs(topology: dict[str, Any]) -> list[Floats]:
    """Arcs as (n, 2) lon, lat: TopoJSON stores them as integer steps on a grid."""
    scale, origin = (np.asarray(topology["transform"][key], np.float64) for key in ("scale", "translate"))
    return [np.cumsum(np.asarray(arc, np.int64), axis=0) * scale + origin for arc in topology["arcs"]]


def _ring(indices: list[int], arcs: list[Floats]) -> Floats:
    """Join arcs into a ring whose longitudes run on past 180 degrees instead of jumping back."""
    pieces = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in indices]
    ring = np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
    steps = np.diff(ring[:, 0])
    turns = np.concatenate([[0.0], np.cumsum(np.where(steps > 180, -360, np.where(steps < -180, 360, 0)))])
    unrolled = np.column_stack([ring[:, 0] + turns, ring[:, 1]])
    if turns[-1] != 0:
        # The ring goes round the Earth (Antarctica): close it through the pole.
        pole = np.copysign(90.0, ring[:, 1].mean())
        unrolled = np.concatenate([unrolled, [[unrolled[-1, 0], pole], [unrolled[0, 0], pole], unrolled[0]]])
    return unrolled


def _polygon(rings: list[list[int]], arcs: list[Floats]) -> Iterator[Polygon]:
    """One TopoJSON polygon as valid shapely polygons within -180..180 degrees."""
    unrolled = (_ring(ring, arcs) for ring in rings)
    # Natural Earth cuts the south pole itself out with a ring of 100 m, listed before the coast of Antarctica.
    shell, *holes = (ring for ring in unrolled if np.abs(ring[:, 1]).min() < 89.99)
    whole: BaseGeometry = shapely.make_valid(Polygon(shell, holes))
    for turn in (-360, 0, 360):
        low, high = turn - 180, turn + 180
        if shell[:, 0].min() >= high or shell[:, 0].max() <= low:
            continue
        piece = shapely.intersection(whole, shapely.box(low, -90, high, 90))
        if turn:
            piece = shapely.transform(piece, lambda xy, by=turn: xy - [by, 0])
        yield from _polygons_in(piece)


def _polygons_in(geometry: BaseGeometry) -> Iterator[Polygon]:
    """The polygons of any geometry; lines and points that a cut left over are dropped."""
    if isinstance(geometry, Polygon):
        if not geometry.is_empty:
            yield geometry
    elif isinstance(geometry, MultiPolygon) or hasattr(geometry, "geoms"):
        for part in geometry.geoms:  # pyright: ignore[reportAttributeAccessIssue]
            yield from _polygons_in(part)
