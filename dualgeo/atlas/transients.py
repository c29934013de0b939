"""What passes by: cars, vans, buses, motorbikes, people. New in every shot, and part of the mask."""

import numpy as np

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.buildings import NORMAL_FACING
from dualgeo.atlas.canvas import FACING, GLOW, PLAIN, Canvas
from dualgeo.atlas.furniture import Item
from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.street import Street

_PAINTS: tuple[Colour, ...] = (
    (0.85, 0.85, 0.84),
    (0.12, 0.12, 0.13),
    (0.55, 0.56, 0.58),
    (0.60, 0.10, 0.10),
    (0.15, 0.24, 0.45),
    (0.35, 0.38, 0.36),
    (0.72, 0.66, 0.55),
)
_CLOTHES: tuple[Colour, ...] = (
    (0.15, 0.17, 0.25),
    (0.70, 0.20, 0.18),
    (0.88, 0.86, 0.80),
    (0.20, 0.40, 0.30),
    (0.80, 0.62, 0.20),
    (0.30, 0.30, 0.32),
    (0.45, 0.25, 0.50),
)
_SKIN: tuple[Colour, ...] = ((0.85, 0.65, 0.52), (0.62, 0.44, 0.32), (0.40, 0.27, 0.19))


def transients_of(canvas: Canvas, street: Street, rng: np.random.Generator, condition: str) -> list[Item]:
    """(depth, draw) for each; at night cars show their lights, in the same places."""
    items: list[Item] = []
    busy = 0.4 + street.style.urban
    night = condition == "night"
    for a, b, c, d in rng.random((rng.poisson(2.4 * busy), 4)).tolist():
        lane = street.road * (0.45 if street.road < 6 else 0.25 + 0.5 * round(d))
        away = (c < 0.5) != street.style.country.drives_left
        x, z = (lane if away else -lane) * (-1 if street.style.country.drives_left else 1), 7 + 55 * a * a
        x = abs(lane) * (1 if c < 0.5 else -1)
        away = (x > 0) != street.style.country.drives_left
        if abs(x - canvas.camera.x) > 1.6 or z > 9:
            items.append(_vehicle(canvas, street, x, z, b, d, away, night))
    for a, b, c, d in rng.random((rng.poisson(1.8 * busy), 4)).tolist():
        x = (street.road - 1.0) * (1 if c < 0.5 else -1)
        z = 5 + 45 * a
        if street.road > 3.6 and abs(x - canvas.camera.x) > 1.8:
            items.append(
                _vehicle(canvas, street, x, z, 0.12 + 0.7 * b, d, (x > 0) != street.style.country.drives_left, False)
            )
    for a, b, c, d in rng.random((rng.poisson(2.2 * busy), 4)).tolist():
        x = (street.road + 0.4 + max(0.5, street.walking - 0.8) * b) * (1 if c < 0.5 else -1)
        z = 3.5 + 32 * a
        if canvas.depth(x, z) > 2.5:
            items.append((canvas.depth(x, z), lambda x=x, z=z, d=d, b=b: _person(canvas, street, x, z, d, b)))
            _cast(canvas, x, z, 0.35, 0.3)
    return items


def _vehicle(
    canvas: Canvas, street: Street, x: float, z: float, kind: float, tint: float, away: bool, lights: bool
) -> Item:
    depth = canvas.depth(x, z)
    country = street.style.country
    if depth < 3.2:
        return depth, lambda: None
    _cast(canvas, x, z + 1.6, 1.05, 2.2)
    if kind < country.motorbikes * 0.5:
        return depth, lambda: _motorbike(canvas, street, x, z, tint)
    if kind > 0.93:
        return depth, lambda: _box(
            canvas, x, z, 2.5, 3.0, mix(street.style.accent, (0.1, 0.1, 0.1)), ade.BUS, away, lights
        )
    if kind > 0.85:
        return depth, lambda: _box(canvas, x, z, 2.0, 2.2, (0.88, 0.88, 0.86), ade.CAR, away, lights)
    paint = country.taxi_colour if kind < 0.30 and street.style.urban > 0.4 else _PAINTS[int(tint * len(_PAINTS))]
    return depth, lambda: _car(canvas, x, z, paint, away, lights)


def _cast(canvas: Canvas, x: float, z: float, wide: float, long: float) -> None:
    canvas.shade([(x - wide, 0, z - long), (x + wide, 0, z - long), (x + wide, 0, z + long), (x - wide, 0, z + long)])


def _car(canvas: Canvas, x: float, z: float, paint: Colour, away: bool, lights: bool) -> None:
    """A car seen along the street: flank, then rear or front."""
    back, front = z + 4.2, z
    depth = canvas.depth(x, front)
    flank_x = x + 0.85 if x < canvas.camera.x else x - 0.85
    flank = canvas.surface(PLAIN, FACING, depth + 1.5, ade.CAR, mix(paint, (-0.08, -0.08, -0.07)), NORMAL_FACING)
    glass = canvas.surface(PLAIN, FACING, depth, ade.CAR, (0.14, 0.17, 0.21), NORMAL_FACING)
    body = canvas.surface(PLAIN, FACING, depth, ade.CAR, paint, NORMAL_FACING)
    dark = canvas.surface(PLAIN, FACING, depth, ade.CAR, (0.07, 0.07, 0.08), NORMAL_FACING)
    canvas.polygon([(flank_x, 0.3, front), (flank_x, 0.3, back), (flank_x, 0.9, back), (flank_x, 0.95, front)], flank)
    canvas.polygon(
        [
            (flank_x, 0.9, front + 0.5),
            (flank_x, 0.9, back - 1.0),
            (flank_x * 0.98 + x * 0.02, 1.4, back - 1.6),
            (flank_x * 0.98 + x * 0.02, 1.4, front + 0.9),
        ],
        glass,
    )
    for at in (front + 0.8, back - 0.8):
        canvas.ellipse((flank_x, 0.32, at), 0.22, 0.32, dark)
    canvas.polygon(
        [(x - 0.85, 0.3, front), (x + 0.85, 0.3, front), (x + 0.85, 0.95, front), (x - 0.85, 0.95, front)], body
    )
    canvas.polygon(
        [
            (x - 0.80, 0.93, front + 0.1),
            (x + 0.80, 0.93, front + 0.1),
            (x + 0.62, 1.45, front + 0.7),
            (x - 0.62, 1.45, front + 0.7),
        ],
        body,
    )
    canvas.polygon(
        [
            (x - 0.70, 0.96, front + 0.1),
            (x + 0.70, 0.96, front + 0.1),
            (x + 0.56, 1.36, front + 0.6),
            (x - 0.56, 1.36, front + 0.6),
        ],
        glass,
    )
    for at in (-0.62, 0.62):
        canvas.polygon(
            [
                (x + at - 0.14, 0.05, front),
                (x + at + 0.14, 0.05, front),
                (x + at + 0.14, 0.35, front),
                (x + at - 0.14, 0.35, front),
            ],
            dark,
        )
    _lights(canvas, x, 0.72, 0.66, front, away, lights, ade.CAR)


def _lights(canvas: Canvas, x: float, up: float, apart: float, z: float, away: bool, lights: bool, kind: int) -> None:
    colour: Colour = (
        ((1.0, 0.15, 0.12) if away else (1.0, 0.97, 0.85))
        if lights
        else ((0.55, 0.08, 0.08) if away else (0.85, 0.85, 0.8))
    )
    lamp = canvas.surface(GLOW, FACING, canvas.depth(x, z), kind, colour, 0 if lights else NORMAL_FACING)
    for at in (-apart, apart):
        canvas.ellipse((x + at, up, z - 0.05), 0.13, 0.10, lamp)


def _box(
    canvas: Canvas, x: float, z: float, wide: float, tall: float, paint: Colour, kind: int, away: bool, lights: bool
) -> None:
    half, long = wide / 2, wide * 3.2
    depth = canvas.depth(x, z)
    flank_x = x + half if x < canvas.camera.x else x - half
    side = canvas.surface(PLAIN, FACING, depth + 2, kind, mix(paint, (-0.10, -0.10, -0.09)), NORMAL_FACING)
    body = canvas.surface(PLAIN, FACING, depth, kind, paint, NORMAL_FACING)
    glass = canvas.surface(PLAIN, FACING, depth, kind, (0.13, 0.16, 0.20), NORMAL_FACING)
    dark = canvas.surface(PLAIN, FACING, depth, kind, (0.07, 0.07, 0.08), NORMAL_FACING)
    canvas.polygon([(flank_x, 0.35, z), (flank_x, 0.35, z + long), (flank_x, tall, z + long), (flank_x, tall, z)], side)
    canvas.polygon(
        [
            (flank_x, tall * 0.5, z + 0.4),
            (flank_x, tall * 0.5, z + long - 0.4),
            (flank_x, tall * 0.85, z + long - 0.4),
            (flank_x, tall * 0.85, z + 0.4),
        ],
        glass,
    )
    for at in (z + 1.2, z + long - 1.4):
        canvas.ellipse((flank_x, 0.42, at), 0.3, 0.42, dark)
    canvas.polygon([(x - half, 0.35, z), (x + half, 0.35, z), (x + half, tall, z), (x - half, tall, z)], body)
    canvas.polygon(
        [
            (x - half * 0.85, tall * 0.48, z),
            (x + half * 0.85, tall * 0.48, z),
            (x + half * 0.85, tall * 0.86, z),
            (x - half * 0.85, tall * 0.86, z),
        ],
        glass,
    )
    _lights(canvas, x, 0.7, half * 0.75, z, away, lights, kind)


def _person(canvas: Canvas, street: Street, x: float, z: float, tint: float, other: float) -> None:
    depth = canvas.depth(x, z)
    clothes = canvas.surface(PLAIN, FACING, depth, ade.PERSON, _CLOTHES[int(tint * len(_CLOTHES))], NORMAL_FACING)
    legs = canvas.surface(
        PLAIN,
        FACING,
        depth,
        ade.PERSON,
        _CLOTHES[int(other * len(_CLOTHES))] if other < 0.5 else (0.16, 0.17, 0.22),
        NORMAL_FACING,
    )
    skin = canvas.surface(PLAIN, FACING, depth, ade.PERSON, _SKIN[int(other * 3)], NORMAL_FACING)
    tall = 1.55 + 0.3 * tint
    step = 0.05 + 0.18 * other
    for shift in (-step, step):
        canvas.line((x + shift, 0.0, z), (x + shift * 0.3, tall * 0.5, z), 0.16, legs)
    canvas.facing((x, tall * 0.45, z), [(-0.20, 0.0), (0.20, 0.0), (0.24, tall * 0.38), (-0.24, tall * 0.38)], clothes)
    canvas.ellipse((x, tall * 0.92, z), 0.12, 0.15, skin)


def _motorbike(canvas: Canvas, street: Street, x: float, z: float, tint: float) -> None:
    depth = canvas.depth(x, z)
    bike = canvas.surface(PLAIN, FACING, depth, ade.MINIBIKE, _PAINTS[int(tint * len(_PAINTS))], NORMAL_FACING)
    dark = canvas.surface(PLAIN, FACING, depth, ade.MINIBIKE, (0.08, 0.08, 0.09), NORMAL_FACING)
    canvas.ellipse((x, 0.32, z), 0.13, 0.34, dark)
    canvas.facing((x, 0.45, z), [(-0.28, 0.0), (0.28, 0.0), (0.22, 0.5), (-0.22, 0.5)], bike)
    rider = canvas.surface(PLAIN, FACING, depth, ade.PERSON, _CLOTHES[int(tint * 7) % 7], NORMAL_FACING)
    canvas.facing((x, 0.85, z), [(-0.24, 0.0), (0.24, 0.0), (0.22, 0.58), (-0.22, 0.58)], rider)
    canvas.ellipse((x, 1.58, z), 0.14, 0.16, dark)
