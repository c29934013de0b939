"""What stands still along a street: lamps, utility poles and wires, fences and walls, signs, traffic lights,
railings.
"""

from collections.abc import Callable
from functools import partial

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.buildings import NORMAL_FACING, NORMAL_LEFT, NORMAL_RIGHT
from dualgeo.atlas.canvas import ACROSS_X, FACING, GLOW, PLAIN, Canvas
from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.street import Street

Item = tuple[float, Callable[[], None]]


def furniture_of(canvas: Canvas, street: Street, condition: str) -> list[Item]:
    """(depth, draw) for each piece; `condition` only lights lamps."""
    items: list[Item] = []

    def add(x: float, z: float, radius: float, draw: Callable[[], None], nearest: float = 1.0) -> None:
        depth = canvas.depth(x, z)
        if depth > nearest and canvas.sees(x, z, radius):
            items.append((depth, draw))

    night = condition == "night"
    for x, z in street.lamps:
        add(x, z, 2.0, partial(_lamp, canvas, street, x, z, night))
    for (x, z), after in zip(street.poles, (*street.poles[1:], None), strict=False):
        add(x, z, 30.0, partial(_pole, canvas, street, x, z, after), -9.0)
    for side, x in street.fences:
        for z in range(0, 72, 8):
            if not _at_crossing(street, z):
                add(side * x, z + 4, 5.0, partial(_fence, canvas, street, side, x, z), -6.0)
    for x, z, kind in street.signs:
        add(x, z, 1.0, partial(_sign, canvas, street, x, z, kind), 1.5)
    for side in (-1, 1):
        if street.sides[(side + 1) // 2] == "water":
            edge = side * (street.face + 0.3)
            for z in range(0, 60, 6):
                add(edge, z + 3, 4.0, partial(_railing, canvas, street, edge, z), -4.0)
    if street.crossing:
        for x in (-street.road - 0.5, street.road + 0.5):
            add(x, street.crossing[0] - 0.5, 1.0, partial(_traffic_light, canvas, x, street.crossing[0] - 0.5))
    return items


def _at_crossing(street: Street, z: float) -> bool:
    return street.crossing is not None and z + 8 > street.crossing[0] and z < street.crossing[1]


def _lamp(canvas: Canvas, street: Street, x: float, z: float, lit: bool) -> None:
    style, depth = street.style, canvas.depth(x, z)
    metal = canvas.surface(PLAIN, FACING, depth, ade.STREETLIGHT, style.lamp_colour, NORMAL_FACING)
    glass: Colour = (1.0, 0.93, 0.75) if lit else (0.78, 0.78, 0.74)
    head = canvas.surface(GLOW, FACING, depth, ade.STREETLIGHT, glass, 0 if lit else NORMAL_FACING)
    inward, h = -1 if x > 0 else 1, style.lamp_height
    match style.lamp:
        case 0:
            canvas.line((x, 0, z), (x, 7.5 * h, z), 0.16, metal)
            canvas.line((x, 7.5 * h, z), (x + inward * 1.9, 7.9 * h, z), 0.12, metal)
            canvas.ellipse((x + inward * 1.9, 7.8 * h, z), 0.45, 0.16, head)
        case 1:
            canvas.line((x, 0, z), (x, 3.7 * h, z), 0.14, metal)
            canvas.ellipse((x, 3.95 * h, z), 0.30, 0.34, head)
        case 2:
            canvas.line((x, 0, z), (x, 5.0 * h, z), 0.14, metal)
            canvas.line((x - 0.8, 4.9 * h, z), (x + 0.8, 4.9 * h, z), 0.1, metal)
            for shift in (-0.8, 0.8):
                canvas.ellipse((x + shift, 4.7 * h, z), 0.26, 0.28, head)
        case _:
            canvas.line((x, 0, z), (x, 6.2 * h, z), 0.2, metal)
            canvas.facing((x + inward * 0.6, 6.2 * h, z), [(-0.7, 0.0), (0.7, 0.0), (0.6, 0.22), (-0.6, 0.22)], head)


def _pole(canvas: Canvas, street: Street, x: float, z: float, after: tuple[float, float] | None) -> None:
    depth = max(0.5, canvas.depth(x, z))
    colour: Colour = (0.36, 0.27, 0.19) if street.style.country.wooden_poles else (0.62, 0.61, 0.58)
    wood = canvas.surface(PLAIN, FACING, depth, ade.POLE, colour, NORMAL_FACING)
    if after and depth < 50:
        for shift, up in ((-0.8, 8.1), (0.0, 8.15), (0.8, 8.1), (0.1, 6.6)):
            canvas.wire(
                [(x + shift, up, z), (x + shift, up - 0.5, (z + after[1]) / 2), (after[0] + shift, up, after[1])]
            )
    if canvas.depth(x, z) > 1:
        canvas.line((x, 0, z), (x, 8.8, z), 0.26, wood)
        canvas.line((x - 1.0, 8.1, z), (x + 1.0, 8.1, z), 0.14, wood)
        if round(z) % 3 == 0:
            canvas.line((x + 0.3, 6.9, z), (x + 0.3, 7.7, z), 0.4, wood)


def _fence(canvas: Canvas, street: Street, side: int, x: float, z: float) -> None:
    style = street.style
    normal = NORMAL_LEFT if side < 0 else NORMAL_RIGHT
    kind = street.sides[(side + 1) // 2]
    at, end = side * x, z + 8.0
    if kind == "compound":
        plaster = canvas.surface(PLAIN, ACROSS_X, at, ade.WALL, mix(style.walls[0], (-0.04, -0.04, -0.04)), normal)
        gate = z % 3 == 1
        spans = [(z, z + 2.6), (z + 5.2, end)] if gate else [(z, end)]
        for z0, z1 in spans:
            canvas.polygon([(at, 0, z0), (at, 0, z1), (at, 2.3, z1), (at, 2.3, z0)], plaster)
        return
    match style.fence:
        case 0:
            hedge = canvas.surface(PLAIN, ACROSS_X, at, ade.PLANT, mix(style.leaf, (-0.02, 0.0, -0.02)), normal)
            canvas.polygon([(at, 0, z), (at, 0, end - 1.2), (at, 1.2, end - 1.2), (at, 1.2, z)], hedge)
        case 1:
            timber = canvas.surface(
                PLAIN, ACROSS_X, at, ade.FENCE, (0.80, 0.78, 0.74) if style.paving else (0.42, 0.30, 0.20), normal
            )
            for up in (0.4, 0.9):
                canvas.line((at, up, z), (at, up, end - 1.2), 0.12, timber)
            for post in range(0, 7, 1 if canvas.depth(at, z) < 20 else 3):
                canvas.line((at, 0, z + post), (at, 1.1, z + post), 0.14, timber)
        case 2:
            stone = canvas.surface(
                PLAIN, ACROSS_X, at, ade.WALL, mix(style.vegetation.rock, (0.05, 0.05, 0.05)), normal
            )
            canvas.polygon([(at, 0, z), (at, 0, end - 1.2), (at, 0.8, end - 1.2), (at, 0.8, z)], stone)
        case _:
            return


def _railing(canvas: Canvas, street: Street, at: float, z: float) -> None:
    metal = canvas.surface(PLAIN, ACROSS_X, at, ade.RAILING, street.style.lamp_colour, NORMAL_FACING)
    for up in (0.55, 1.05):
        canvas.line((at, up, z), (at, up, z + 6.0), 0.07, metal)
    for post in (0, 2, 4):
        canvas.line((at, 0, z + post), (at, 1.05, z + post), 0.07, metal)


def _sign(canvas: Canvas, street: Street, x: float, z: float, kind: int) -> None:
    depth = canvas.depth(x, z)
    if depth < 1.5:
        return
    country = street.style.country
    post = canvas.surface(PLAIN, FACING, depth, ade.POLE, (0.6, 0.6, 0.6), NORMAL_FACING)
    canvas.line((x, 0, z), (x, 2.6, z), 0.07, post)
    white = canvas.surface(PLAIN, FACING, depth, ade.SIGNBOARD, (0.94, 0.94, 0.92), NORMAL_FACING)
    if kind == 0:
        board = canvas.surface(PLAIN, FACING, depth, ade.SIGNBOARD, country.sign_colour, NORMAL_FACING)
        canvas.facing((x, 2.7, z), [(-0.95, -0.5), (0.95, -0.5), (0.95, 0.5), (-0.95, 0.5)], white)
        canvas.facing((x, 2.7, z), [(-0.88, -0.43), (0.88, -0.43), (0.88, 0.43), (-0.88, 0.43)], board)
        _lettering(canvas, x, z, country.script, white)
    elif country.diamond_warnings:
        yellow = canvas.surface(PLAIN, FACING, depth, ade.SIGNBOARD, (0.95, 0.75, 0.1), NORMAL_FACING)
        canvas.facing((x, 2.7, z), [(-0.55, 0), (0, -0.55), (0.55, 0), (0, 0.55)], yellow)
    else:
        red = canvas.surface(PLAIN, FACING, depth, ade.SIGNBOARD, (0.80, 0.10, 0.10), NORMAL_FACING)
        if kind == 1:
            canvas.ellipse((x, 2.7, z), 0.42, 0.42, red)
            canvas.ellipse((x, 2.7, z), 0.29, 0.29, white)
        else:
            canvas.facing((x, 2.6, z), [(-0.52, -0.35), (0.52, -0.35), (0.0, 0.55)], red)
            canvas.facing((x, 2.6, z), [(-0.29, -0.22), (0.29, -0.22), (0.0, 0.28)], white)


def _lettering(canvas: Canvas, x: float, z: float, script: str, ink: int) -> None:
    """Strokes in the rhythm of a script: blocks, arcs on a line, or plain words."""
    match script:
        case "han" | "hangul":
            for dx in (-0.55, 0.0, 0.55):
                canvas.facing((x + dx, 2.7, z), [(-0.17, -0.2), (0.17, -0.2), (0.17, -0.1), (-0.17, -0.1)], ink)
                canvas.facing((x + dx, 2.7, z), [(-0.17, 0.05), (0.17, 0.05), (0.17, 0.22), (-0.17, 0.22)], ink)
        case "arabic":
            canvas.facing((x, 2.7, z), [(-0.65, -0.12), (0.6, -0.04), (0.6, 0.05), (-0.65, 0.0)], ink)
            canvas.ellipse((x + 0.35, 2.75, z), 0.1, 0.18, ink)
        case "indic":
            canvas.facing((x, 2.8, z), [(-0.65, 0.0), (0.65, 0.0), (0.65, 0.09), (-0.65, 0.09)], ink)
            for dx in (-0.45, -0.05, 0.35):
                canvas.facing((x + dx, 2.65, z), [(0.0, -0.2), (0.1, -0.2), (0.1, 0.15), (0.0, 0.15)], ink)
        case _:
            for low, wide in ((0.08, 0.65), (-0.25, 0.4)):
                canvas.facing((x, 2.7, z), [(-wide, low), (wide, low), (wide, low + 0.13), (-wide, low + 0.13)], ink)


def _traffic_light(canvas: Canvas, x: float, z: float) -> None:
    depth = canvas.depth(x, z)
    if depth < 1.5:
        return
    dark = canvas.surface(PLAIN, FACING, depth, ade.TRAFFIC_LIGHT, (0.10, 0.11, 0.10), NORMAL_FACING)
    canvas.line((x, 0, z), (x, 3.2, z), 0.14, dark)
    canvas.facing((x, 3.6, z), [(-0.28, -0.62), (0.28, -0.62), (0.28, 0.62), (-0.28, 0.62)], dark)
    lamps = ((0.38, (0.95, 0.12, 0.1)), (0.0, (0.25, 0.2, 0.05)), (-0.38, (0.05, 0.22, 0.1)))
    for up, colour in lamps:
        lamp = canvas.surface(GLOW, FACING, depth, ade.TRAFFIC_LIGHT, colour, 0)
        canvas.ellipse((x, 3.6 + up, z), 0.17, 0.17, lamp)
