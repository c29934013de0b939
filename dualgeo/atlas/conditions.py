"""Light and weather: what each condition does to the picture. None of this reaches the mask."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas.palettes import Colour
from dualgeo.atlas.style import Style

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Light:
    """The light of one shot. Colours RGB about 0..1; `sun` points from the scene to the sun (x right, y up, z along
    the street).

    ambient and direct: light from the sky and from the sun. shadow: how dark sun shadows are (0 = none).
    fog_m: distance at which fog takes half of the colour. sky_fog: its share of the sky. saturation: of the final
    picture. lit: share of lit windows; lamps: brightness of street lamps. snow, wet, autumn: 0 or 1.
    """

    condition: str
    ambient: Colour
    direct: Colour
    sun: tuple[float, float, float]
    shadow: float
    sky_high: Colour
    sky_low: Colour
    clouds: float
    cloud_colour: Colour
    fog: Colour
    fog_m: float
    sky_fog: float
    saturation: float
    lit: float = 0.0
    lamps: float = 0.0
    lamp_colour: Colour = (1.0, 0.75, 0.42)
    snow: float = 0.0
    wet: float = 0.0
    autumn: float = 0.0
    grain: float = 1.0

    def of_normals(self) -> Floats:
        """float32 (6, 3): light on a surface by the way it faces (see buildings.NORMAL_*); row 0 is 1 (shown as is)."""
        x, y, z = self.sun
        facing = (0.0, max(0.0, x), max(0.0, -x), max(0.0, -z), y, 0.30 + 0.25 * y)
        dim = (1.0, 0.94, 0.94, 0.90, 1.04, 0.96)
        rows = [[dim[k] * a + d * facing[k] for a, d in zip(self.ambient, self.direct, strict=True)] for k in range(6)]
        rows[0] = [1.0, 1.0, 1.0]
        return np.array(rows, dtype=np.float32)


@dataclass(frozen=True)
class _Draw:
    """What a shot draws: eight numbers 0..1, the sun, and the sky of its climate."""

    of: tuple[float, ...]
    sun: tuple[float, float, float]
    high: float
    style: Style

    @property
    def sky(self) -> Colour:
        return self.style.vegetation.sky


def light_of(condition: str, style: Style, rng: np.random.Generator) -> Light:
    """The light of one shot under `condition`; `rng` is the shot's own stream of light (the same for all
    conditions).
    """
    of = tuple(float(value) for value in rng.random(8))
    # The sun stands lower far from the equator.
    high = 0.35 + 0.55 * of[0] * (1 - abs(style.city.lat) / 130)
    side, along = 2 * of[1] - 1, 2 * of[2] - 1
    flat = (1 - high * high) ** 0.5 / max(0.3, (side * side + along * along) ** 0.5)
    sun = (round(side * flat, 4), round(high, 4), round(along * flat, 4))
    draw = _Draw(of, sun, high, style)
    makers = {"daylight": _daylight, "night": _night, "fog": _fog, "rain": _rain, "snow": _snow, "autumn": _autumn}
    return makers[condition](draw)


def _daylight(draw: _Draw) -> Light:
    sky, haze = draw.sky, draw.style.haze * draw.of[5]
    warm, sunny = 0.10 * (1 - draw.high), 0.35 + 0.65 * draw.of[3]
    pale: Colour = (0.55 * sky[0] + 0.42, 0.55 * sky[1] + 0.42, 0.55 * sky[2] + 0.42)
    return Light(
        condition="daylight",
        ambient=(0.70 + 0.08 * (1 - sunny), 0.72 + 0.07 * (1 - sunny), 0.76),
        direct=((0.56 + warm) * sunny, 0.52 * sunny, (0.44 - warm) * sunny),
        sun=draw.sun,
        shadow=0.46 * sunny,
        sky_high=(sky[0] * 0.72, sky[1] * 0.82, sky[2] * 0.97),
        sky_low=pale,
        clouds=draw.of[4],
        cloud_colour=(0.96, 0.96, 0.97),
        fog=(pale[0], pale[1], pale[2] * 1.02),
        fog_m=1500.0 - 1150.0 * haze,
        sky_fog=0.04 + 0.2 * haze,
        saturation=1.0 + 0.08 * (draw.of[6] - draw.of[7]),
    )


def _night(draw: _Draw) -> Light:
    level = 0.75 + 0.6 * draw.of[3]
    return Light(
        condition="night",
        ambient=(0.15 * level, 0.165 * level, 0.22 * level),
        direct=(0.0, 0.0, 0.0),
        sun=draw.sun,
        shadow=0.0,
        sky_high=(0.03, 0.04, 0.085),
        sky_low=(0.15 * level, 0.13 * level, 0.16 * level),
        clouds=0.5 * draw.of[4],
        cloud_colour=(0.13, 0.12, 0.14),
        fog=(0.075, 0.075, 0.11),
        fog_m=130.0,
        sky_fog=0.0,
        saturation=0.55,
        lit=0.15 + 0.4 * draw.of[5],
        lamps=0.5 + 0.6 * draw.of[6],
        lamp_colour=(1.0, 0.72, 0.38) if draw.style.horizon[2] % 3 else (0.85, 0.92, 1.0),
        grain=2.3,
    )


def _fog(draw: _Draw) -> Light:
    grey = 0.66 + 0.14 * draw.of[3]
    return Light(
        condition="fog",
        ambient=(0.74, 0.76, 0.78),
        direct=(0.0, 0.0, 0.0),
        sun=draw.sun,
        shadow=0.0,
        sky_high=(grey, grey, grey),
        sky_low=(grey, grey, grey),
        clouds=0.0,
        cloud_colour=(grey, grey, grey),
        fog=(grey * 0.99, grey, grey * 1.01),
        fog_m=11.0 + 17.0 * draw.of[4],
        sky_fog=0.96,
        saturation=0.40,
        grain=1.2,
    )


def _rain(draw: _Draw) -> Light:
    grey = 0.50 + 0.14 * draw.of[3]
    return Light(
        condition="rain",
        ambient=(0.62, 0.66, 0.71),
        direct=(0.0, 0.0, 0.0),
        sun=draw.sun,
        shadow=0.0,
        sky_high=(grey * 0.85, grey * 0.9, grey * 0.96),
        sky_low=(grey * 1.15, grey * 1.18, grey * 1.2),
        clouds=0.8,
        cloud_colour=(grey * 0.8, grey * 0.84, grey * 0.9),
        fog=(grey, grey * 1.03, grey * 1.06),
        fog_m=75.0 + 70.0 * draw.of[4],
        sky_fog=0.35,
        saturation=0.62,
        lit=0.12,
        wet=1.0,
        grain=1.8,
    )


def _snow(draw: _Draw) -> Light:
    grey = 0.72 + 0.12 * draw.of[3]
    return Light(
        condition="snow",
        ambient=(0.70, 0.74, 0.80),
        direct=(0.0, 0.0, 0.0),
        sun=draw.sun,
        shadow=0.0,
        sky_high=(grey * 0.92, grey * 0.95, grey),
        sky_low=(grey, grey, grey * 1.02),
        clouds=0.3,
        cloud_colour=(grey * 0.9, grey * 0.92, grey * 0.95),
        fog=(grey, grey * 1.01, grey * 1.03),
        fog_m=40.0 + 45.0 * draw.of[4],
        sky_fog=0.7,
        saturation=0.48,
        lit=0.08,
        snow=1.0,
        grain=1.4,
    )


def _autumn(draw: _Draw) -> Light:
    sky = draw.sky
    return Light(
        condition="autumn",
        ambient=(0.66, 0.63, 0.62),
        direct=(0.46 + 0.1 * draw.of[3], 0.36 + 0.08 * draw.of[3], 0.22),
        sun=(draw.sun[0], 0.55 * draw.sun[1] + 0.1, draw.sun[2]),
        shadow=0.34,
        sky_high=(sky[0] * 0.86 + 0.08, sky[1] * 0.84 + 0.06, sky[2] * 0.82),
        sky_low=(0.93, 0.85, 0.73),
        clouds=0.35 + 0.5 * draw.of[4],
        cloud_colour=(0.92, 0.87, 0.80),
        fog=(0.88, 0.80, 0.68),
        fog_m=520.0 - 260.0 * draw.of[5],
        sky_fog=0.05,
        saturation=0.95,
        autumn=1.0,
    )
