"""The layout of one street: its cross-section, what stands on its lots, trees and furniture. No drawing."""

from dataclasses import dataclass

import numpy as np

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.palettes import Colour, Roof, mix
from dualgeo.atlas.planting import Tree, planted
from dualgeo.atlas.style import Style

LENGTH_M = 105.0
_START_M = -6.0


@dataclass(frozen=True)
class Lot:
    """A building on side -1 (left) or 1: it spans z0..z1 along the street, its face is at |x| = `face`; metres."""

    side: int
    z0: float
    z1: float
    face: float
    depth: float
    floors: int
    height: float
    kind: str
    wall: Colour
    texture: str
    roof: Roof
    ridge_across: bool
    shop: bool
    seed: int


@dataclass(frozen=True)
class Zone:
    """A strip of ground out to |x| = `reach` on one side."""

    reach: float
    kind: int
    colour: Colour
    pattern: int


@dataclass(frozen=True)
class Street:
    """A street along +z; `sides` says what lines its left and right; `azimuth` is the compass heading of +z in
    degrees.
    """

    style: Style
    sides: tuple[str, str]
    road: float
    median: float
    face: float
    zones: tuple[tuple[Zone, ...], tuple[Zone, ...]]
    crossing: tuple[float, float] | None
    lots: tuple[Lot, ...]
    trees: tuple[Tree, ...]
    lamps: tuple[tuple[float, float], ...]
    poles: tuple[tuple[float, float], ...]
    fences: tuple[tuple[int, float], ...]
    signs: tuple[tuple[float, float, int], ...]
    azimuth: float
    walking: float


def street_of(style: Style, rng: np.random.Generator) -> Street:
    """Lay out the street of a place; `rng` is the place's own stream."""
    draw = [float(value) for value in rng.random(24)]
    sides = (_side_kind(style, draw[0], draw[1]), _side_kind(style, draw[2], draw[3]))
    if sides[0] == "water" and sides[1] == "water":
        sides = ("built", "water")
    road = style.road * (0.94 + 0.12 * draw[4])
    median = 1.4 if style.median and draw[5] < 0.85 else 0.0
    walking = style.sidewalk * (0.92 + 0.16 * draw[6])
    verge = style.verge
    face = road + median + walking + verge
    crossing = (22 + 26 * draw[7], 22 + 26 * draw[7] + 2.1 * style.road) if draw[8] < 0.22 else None
    lots = [lot for side in (0, 1) for lot in _lots(style, sides[side], 2 * side - 1, face, crossing, rng)]
    zones = (
        _zones(style, sides[0], road + median, walking, verge),
        _zones(style, sides[1], road + median, walking, verge),
    )
    return Street(
        style=style,
        sides=sides,
        road=road + median,
        median=median,
        face=face,
        zones=zones,
        crossing=crossing,
        lots=tuple(lots),
        trees=tuple(planted(style, sides, face, median, rng)),
        lamps=tuple(_row(road + median + 0.5, style.lamp_spacing, draw[9], style.lamps_both)),
        poles=tuple(_row(road + median + 0.8, style.pole_spacing, draw[11], False))
        if style.wires and draw[12] < 0.85
        else (),
        fences=tuple(
            (2 * side - 1, face + 0.2) for side in (0, 1) if sides[side] in ("houses", "compound", "fields", "park")
        ),
        signs=tuple(
            (_flip(draw[13 + k]) * (road + median + 0.6), 6 + 40 * draw[15 + k], int(draw[17 + k] * 4))
            for k in range(2)
        ),
        azimuth=round(360 * draw[20], 1),
        walking=walking,
    )


def _side_kind(style: Style, first: float, second: float) -> str:
    """What lines one side: mostly what lines most of the city's streets."""
    if style.city.coastal and first < 0.24:
        return "water"
    if first > 0.97 - 0.16 * style.field["green"]:
        return "park"
    if second < 0.75:
        return style.side
    if second < 0.75 + 0.25 * style.urban:
        return "built"
    return "fields" if first > 0.6 else "houses"


def _lots(
    style: Style, kind: str, side: int, face: float, crossing: tuple[float, float] | None, rng: np.random.Generator
) -> list[Lot]:
    if kind in ("park", "water", "fields"):
        return []
    lots: list[Lot] = []
    z = _START_M - 4 * float(rng.random())
    while z < LENGTH_M:
        draw = [float(value) for value in rng.random(12)]
        width = style.lot * (0.75 + 0.5 * draw[0]) * (0.8 if kind == "houses" else 1.0)
        if crossing and z < crossing[1] and z + width > crossing[0]:
            if z < crossing[0] - 5:
                width = crossing[0] - z
            else:
                z = crossing[1]
                continue
        lots.append(_lot(style, kind, side, face, z, width, draw))
        gap = (
            0.0
            if kind == "built" and draw[1] < 0.5 + 0.5 * style.urban
            else (1.5 + 5 * draw[2] if kind != "built" else 1.5)
        )
        z += width + gap
    return lots


def _lot(style: Style, kind: str, side: int, face: float, z: float, width: float, draw: list[float]) -> Lot:
    shares = style.wall_shares
    which = 0 if draw[3] < shares[0] else 1 if draw[3] < shares[1] else 2
    hue = 0.06 * (draw[4] - 0.5)
    wall = mix(style.walls[which], (hue, hue * 0.9, hue * 0.7))
    texture = style.wall_kinds[which]
    roof = style.roofs[0] if draw[5] < style.roof_shares else style.roofs[1]
    floors = max(1, round(style.floors * (0.75 + 0.5 * draw[6])))
    name = "building"
    if kind == "houses" or kind == "compound":
        floors, name = min(floors, 1 + (draw[6] > 0.45)), "house"
    elif style.urban > 0.8 and draw[7] > 0.86:
        floors, name, texture = 14 + int(22 * draw[8]), "skyscraper", "glass" if draw[9] < 0.6 else "panel"
        wall = mix((0.42, 0.52, 0.60), (hue, hue, 0.6 * hue)) if texture == "glass" else wall
    if floors > 5 and roof.shape != "mansard":
        roof = style.roofs[0] if style.roofs[0].shape == "flat" else Roof("flat", "flat", (0.45, 0.45, 0.45), 0.0, {})
    back = 0.0 if kind == "built" else style.setback * (0.7 + 0.6 * draw[10])
    return Lot(
        side=side,
        z0=z,
        z1=z + width,
        face=face + 0.15 + back,
        depth=8.0 + 6 * draw[8],
        floors=floors,
        height=floors * style.storey + 0.5,
        kind=name,
        wall=wall,
        texture=texture,
        roof=roof,
        ridge_across=style.horizon[3] % 2 == 0 and name == "house",
        shop=kind == "built" and draw[11] < 0.25 + 0.7 * style.field["shop"],
        seed=int(draw[9] * 65521),
    )


def _zones(style: Style, kind: str, road: float, walking: float, verge: float) -> tuple[Zone, ...]:
    """Strips of ground from the road outwards: (verge), pavement, then what the side is made of."""
    land = style.vegetation
    verge_kinds = {
        "grass": (ade.GRASS, style.grass),
        "earth": (ade.EARTH, style.soil),
        "sand": (ade.SAND, style.soil),
        "rock": (ade.ROCK, land.rock),
    }
    verge_kind, verge_colour = verge_kinds[land.verge]
    paved = style.urban > 0.22 or style.field["kerb"] > 0.5
    walk = Zone(
        road + verge + walking,
        ade.SIDEWALK if paved else ade.PATH,
        style.paving_colour if paved else style.soil,
        1 if paved else 3,
    )
    strips = [Zone(road + verge, verge_kind, verge_colour, 2)] if verge else []
    strips.append(walk)
    open_kinds = {**verge_kinds, "field": (ade.FIELD, mix(style.grass, (0.14, 0.08, -0.04)))}
    beyond, colour = open_kinds[land.open_land]
    match kind:
        case "water":
            edge = walk.reach + 0.4
            if style.field["kerb"] > 0.45:
                strips.append(Zone(edge + 9, ade.SAND, (0.86, 0.78, 0.58), 3))
                edge += 9
            strips += [
                Zone(edge, ade.RAILING if edge < walk.reach + 1 else ade.SAND, (0.6, 0.58, 0.54), 0),
                Zone(9e9, ade.SEA, (0.16, 0.36, 0.47), 4),
            ]
        case "park":
            strips.append(
                Zone(
                    9e9,
                    verge_kind if verge_kind != ade.EARTH else ade.GRASS,
                    style.grass if verge_kind != ade.SAND else style.soil,
                    2,
                )
            )
        case "fields":
            strips.append(Zone(9e9, beyond, colour, 5 if beyond == ade.FIELD else 2))
        case "built":
            strips.append(Zone(9e9, ade.SIDEWALK if paved else ade.EARTH, mix(walk.colour, (-0.05, -0.05, -0.05)), 0))
        case _:
            strips.append(Zone(9e9, verge_kind, verge_colour, 2))
    return tuple(strips)


def _row(x: float, spacing: float, start: float, both: bool) -> list[tuple[float, float]]:
    """Spots along the kerb, right side or both sides."""
    along = [1.5 + spacing * (start + k) for k in range(int(75 / spacing) + 1)]
    return [(side * x, z) for side in ((-1, 1) if both else ((1,) if start < 0.5 else (-1,))) for z in along]


def _flip(draw: float) -> int:
    return 1 if draw < 0.5 else -1
