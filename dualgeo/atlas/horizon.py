"""What closes the view: mountains and hills, woods, the city's skyline and its landmark."""

import math

import numpy as np

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.buildings import NORMAL_FACING
from dualgeo.atlas.canvas import BALL, FACADE, FACING, PLAIN, RELIEF, Canvas
from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.street import Street

_MOUNTAINS_M, _SKYLINE_M, _WOODS_M = 900.0, 330.0, 210.0
_STEPS = 22


def draw_horizon(canvas: Canvas, street: Street) -> None:
    """Draw far to near: mountains, landmark, skyline or woods. Shapes belong to the compass, so a city's ridge stays
    its own.
    """
    style = street.style
    if style.mountains > 0.05:
        _ridge(canvas, street, _MOUNTAINS_M, style.mountains, ade.MOUNTAIN if style.mountains > 0.45 else ade.HILL, 0)
        if style.mountains > 0.55:
            _ridge(canvas, street, _MOUNTAINS_M * 0.6, style.mountains * 0.42, ade.HILL, 3)
    if street.sides == ("built", "built") or style.urban > 0.45:
        _skyline(canvas, street)
    elif style.vegetation.density > 0.5:
        _woods(canvas, street)
    _landmark(canvas, street)


def _bearings(canvas: Canvas) -> list[float]:
    """Angles from the street's direction across the whole view, radians."""
    half = 1.15
    return [canvas.camera.yaw - half + 2 * half * k / _STEPS for k in range(_STEPS + 1)]


def _at(canvas: Canvas, bearing: float, distance: float) -> tuple[float, float]:
    return canvas.camera.x + distance * math.sin(bearing), distance * math.cos(bearing)


def _ridge(canvas: Canvas, street: Street, distance: float, strength: float, kind: int, turn: int) -> None:
    style = street.style
    rock: Colour = (
        mix(style.vegetation.rock, (-0.02, 0.0, 0.06))
        if kind == ade.MOUNTAIN
        else mix(style.grass, (-0.10, -0.10, -0.02))
    )
    if kind == ade.HILL and style.group in ("desert", "steppe", "polar"):
        rock = mix(style.soil, (-0.12, -0.1, -0.06))
    line = {"polar": 60.0, "boreal": 110.0, "highland": 190.0, "continental": 150.0}.get(style.group, 240.0)
    number = canvas.surface(RELIEF, FACING, distance, kind, rock, NORMAL_FACING, (0.0, line))
    phases = [value / 1000 * 2 * math.pi for value in style.horizon[turn : turn + 4]]
    points: list[tuple[float, float, float]] = []
    for bearing in _bearings(canvas):
        compass = bearing + math.radians(street.azimuth)
        shape = 0.5 + 0.24 * math.sin(2 * compass + phases[0]) + 0.16 * math.sin(5 * compass + phases[1])
        shape += 0.12 * math.sin(11 * compass + phases[2]) + 0.06 * abs(math.sin(23 * compass + phases[3]))
        x, z = _at(canvas, bearing, distance)
        points.append((x, distance * 0.36 * strength * max(0.08, shape), z))
    points.append((points[-1][0], -2.0, points[-1][2]))
    points.append((points[0][0], -2.0, points[0][2]))
    canvas.polygon(points, number)


def _skyline(canvas: Canvas, street: Street) -> None:
    """Blocks behind the street; their height says how large the city is."""
    style = street.style
    rng = np.random.default_rng([*style.horizon[:4], 7])
    blocks = rng.random((72, 4)).tolist()
    tall = 6.0 + style.storey * style.floors * 1.4
    start = round(street.azimuth / 5)
    for k in range(-11, 12):
        a, b, c, d = blocks[(start + k) % 72]
        bearing = math.radians(5.0 * k + 1.2 * (a - 0.5))
        distance = _SKYLINE_M * (0.6 + 0.7 * b)
        tower = style.urban > 0.6 and c > 0.92 - 0.3 * style.urban
        height = (tall * (3.2 + 3.4 * d) if tower else tall * (0.7 + 0.8 * d)) * 0.9
        x, z = _at(canvas, bearing, distance)
        if canvas.depth(x, z) < 40:
            continue
        colour = (
            mix((0.56, 0.61, 0.67), ((a - 0.5) * 0.16, (a - 0.5) * 0.16, (a - 0.5) * 0.14))
            if tower
            else style.walls[k % 3]
        )
        wide = 17.0 + 9 * a if tower else 18.0 + 10 * a
        kind = ade.SKYSCRAPER if tower and height > 45 else ade.BUILDING
        parameters = (x, 3.6, 3.6, 0.55, 0.5, 5.0 if tower else 2.0, height, float(k + 40), 0.0, 0.0)
        number = canvas.surface(FACADE, FACING, canvas.depth(x, z), kind, colour, NORMAL_FACING, parameters)
        canvas.facing(
            (x, 0.0, z), [(-wide / 2, -1.0), (wide / 2, -1.0), (wide / 2, height), (-wide / 2, height)], number
        )


def _woods(canvas: Canvas, street: Street) -> None:
    style = street.style
    for k in range(-9, 10):
        turn = style.horizon[k % 12] / 1000
        x, z = _at(canvas, math.radians(6.5 * k), _WOODS_M * (0.8 + 0.5 * turn))
        depth = canvas.depth(x, z)
        if depth < 40:
            continue
        tall = 7 + 8 * turn
        shape = (
            canvas.across(x, z),
            tall * 0.4,
            15.0,
            tall,
            0.0 if style.group in ("boreal", "mediterranean") else 1.0,
            float(k + 30),
        )
        number = canvas.surface(
            BALL, FACING, depth, ade.TREE, mix(style.leaf, (0.02, 0.02, 0.03)), NORMAL_FACING, shape
        )
        canvas.ellipse((x, tall * 0.3, z), 15.0, tall * 0.7, number)


def _landmark(canvas: Canvas, street: Street) -> None:
    """The one tall thing that a city is known by, in a fixed compass direction."""
    style = street.style
    if style.horizon[5] % 6 == 0:
        return
    bearing = math.radians(((style.horizon[6] * 0.36 - street.azimuth + 180) % 360 - 180) * 0.25)
    distance = 120.0 + 0.12 * style.horizon[7]
    x, z = _at(canvas, bearing, distance)
    depth = canvas.depth(x, z)
    if depth < 60:
        return
    tall = 34.0 + 0.05 * style.horizon[8]
    pale = mix(style.walls[1], (0.05, 0.05, 0.05))
    stone = canvas.surface(PLAIN, FACING, depth, ade.TOWER, pale, NORMAL_FACING)
    top = canvas.surface(PLAIN, FACING, depth, ade.TOWER, mix(style.accent, (0.1, 0.1, 0.1)), NORMAL_FACING)
    at = (x, 0.0, z)
    match style.landmark:
        case 0:  # lattice mast with a pod
            canvas.facing(at, [(-3.5, 0), (3.5, 0), (0.6, tall * 1.5), (-0.6, tall * 1.5)], stone)
            canvas.ellipse((x, tall, z), 4.5, 3.0, top)
        case 1:  # church spire
            canvas.facing(at, [(-4, 0), (4, 0), (4, tall * 0.6), (-4, tall * 0.6)], stone)
            canvas.facing(at, [(-4.5, tall * 0.6), (4.5, tall * 0.6), (0, tall * 1.25)], top)
        case 2 if style.country.script == "arabic" or style.group == "desert":  # dome and minarets
            canvas.ellipse((x, tall * 0.45, z), 13, 13, top)
            canvas.facing(at, [(-14, 0), (14, 0), (14, tall * 0.45), (-14, tall * 0.45)], stone)
            for dx in (-18.0, 18.0):
                canvas.facing(
                    at, [(dx - 1.5, 0), (dx + 1.5, 0), (dx + 1.2, tall), (dx, tall * 1.15), (dx - 1.2, tall)], stone
                )
        case 3 if style.city.continent == "Asia":  # pagoda
            for k in range(5):
                low, wide = tall * 0.2 * k, 10.0 - 1.5 * k
                canvas.facing(
                    at,
                    [
                        (-wide * 0.6, low),
                        (wide * 0.6, low),
                        (wide * 0.6, low + tall * 0.2),
                        (-wide * 0.6, low + tall * 0.2),
                    ],
                    stone,
                )
                canvas.facing(
                    at,
                    [
                        (-wide, low + tall * 0.14),
                        (wide, low + tall * 0.14),
                        (wide * 0.5, low + tall * 0.2),
                        (-wide * 0.5, low + tall * 0.2),
                    ],
                    top,
                )
        case 4 if style.city.continent == "Europe":  # onion dome
            canvas.facing(at, [(-5, 0), (5, 0), (5, tall * 0.7), (-5, tall * 0.7)], stone)
            canvas.ellipse((x, tall * 0.8, z), 6, 6, top)
            canvas.facing(at, [(-2, tall * 0.9), (2, tall * 0.9), (0, tall * 1.2)], top)
        case 5:  # pair of chimneys
            for dx in (-6.0, 6.0):
                canvas.facing(at, [(dx - 2.2, 0), (dx + 2.2, 0), (dx + 1.4, tall * 1.2), (dx - 1.4, tall * 1.2)], stone)
                canvas.facing(
                    at, [(dx - 1.6, tall), (dx + 1.6, tall), (dx + 1.5, tall * 1.08), (dx - 1.5, tall * 1.08)], top
                )
        case 6:  # water tower
            canvas.facing(at, [(-1.8, 0), (1.8, 0), (1.8, tall * 0.7), (-1.8, tall * 0.7)], stone)
            canvas.ellipse((x, tall * 0.8, z), 8, 6, top)
        case _:  # clock tower
            canvas.facing(at, [(-4, 0), (4, 0), (4, tall), (-4, tall)], stone)
            canvas.facing(at, [(-5, tall), (5, tall), (0, tall * 1.3)], top)
            canvas.ellipse(
                (x, tall * 0.86, z),
                2.6,
                2.6,
                canvas.surface(PLAIN, FACING, depth, ade.TOWER, (0.95, 0.94, 0.88), NORMAL_FACING),
            )
