"""Light and weather: what each condition does to the picture. None of this reaches the mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas.palettes import Colour
from dualgeo.atlas.style import Style

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Light:
    """The light of one shot. Colours RGB about 0..1; `sun` points from the scene to the sun (x right, y up, z along the street).

    ambient and direct: light from the sky and from the sun. shadow: how dark sun shadows are (0 = none).
    fog_m: distance at which fog takes half of the colour. sky_fog: its share of the sky. saturation: of the final picture.
    lit: share of lit windows; lamps: brightness of street lamps. snow, wet, autumn: 0 or 1.
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


def light_of(condition: str, style: Style, rng: np.random.Generator) -> Light:
    """The light of one shot under `condition`; `rng` is the shot's own stream of light (the same for all conditions)."""
    a, b, c, d, e, f, g, h = (float(value) for value in rng.random(8))
    high = 0.35 + 0.55 * a * (1 - abs(style.city.lat) / 130)
    side, along = 2 * b - 1, 2 * c - 1
    flat = (1 - high * high) ** 0.5 / max(0.3, (side * side + along * along) ** 0.5)
    sun = (round(side * flat, 4), round(high, 4), round(along * flat, 4))
    sky = style.vegetation.sky
    pale = tuple(0.55 * s + 0.42 for s in sky)
    pale_sky = (pale[0], pale[1], pale[2])
    match condition:
        case "night":
            level = 0.75 + 0.6 * d
            warm = (1.0, 0.72, 0.38) if style.horizon[2] % 3 else (0.85, 0.92, 1.0)
            return Light(
                condition, (0.15 * level, 0.165 * level, 0.22 * level), (0.0, 0.0, 0.0), sun, 0.0, (0.03, 0.04, 0.085),
                (0.15 * level, 0.13 * level, 0.16 * level), 0.5 * e, (0.13, 0.12, 0.14), (0.075, 0.075, 0.11), 130.0, 0.0,
                0.55, lit=0.15 + 0.4 * f, lamps=0.5 + 0.6 * g, lamp_colour=warm, grain=3.4,
            )  # fmt: skip
        case "fog":
            grey = 0.66 + 0.14 * d
            return Light(
                condition, (0.74, 0.76, 0.78), (0.0, 0.0, 0.0), sun, 0.0, (grey, grey, grey), (grey, grey, grey), 0.0,
                (grey, grey, grey), (grey * 0.99, grey, grey * 1.01), 11.0 + 17.0 * e, 0.96, 0.40, grain=1.2,
            )  # fmt: skip
        case "rain":
            grey = 0.50 + 0.14 * d
            return Light(
                condition, (0.62, 0.66, 0.71), (0.0, 0.0, 0.0), sun, 0.0, (grey * 0.85, grey * 0.9, grey * 0.96),
                (grey * 1.15, grey * 1.18, grey * 1.2), 0.8, (grey * 0.8, grey * 0.84, grey * 0.9), (grey, grey * 1.03, grey * 1.06),
                75.0 + 70.0 * e, 0.35, 0.62, lit=0.12, wet=1.0, grain=1.8,
            )  # fmt: skip
        case "snow":
            grey = 0.72 + 0.12 * d
            return Light(
                condition, (0.70, 0.74, 0.80), (0.0, 0.0, 0.0), sun, 0.0, (grey * 0.92, grey * 0.95, grey), (grey, grey, grey * 1.02),
                0.3, (grey * 0.9, grey * 0.92, grey * 0.95), (grey, grey * 1.01, grey * 1.03), 40.0 + 45.0 * e, 0.7, 0.48,
                lit=0.08, snow=1.0, grain=1.4,
            )  # fmt: skip
        case "autumn":
            return Light(
                condition, (0.66, 0.63, 0.62), (0.46 + 0.1 * d, 0.36 + 0.08 * d, 0.22), (sun[0], 0.55 * sun[1] + 0.1, sun[2]),
                0.34, (sky[0] * 0.86 + 0.08, sky[1] * 0.84 + 0.06, sky[2] * 0.82), (0.93, 0.85, 0.73), 0.35 + 0.5 * e,
                (0.92, 0.87, 0.80), (0.88, 0.80, 0.68), 520.0 - 260 * f, 0.05, 0.95, autumn=1.0,
            )  # fmt: skip
        case _:
            warm = 0.10 * (1 - high)
            sunny = 0.35 + 0.65 * d
            return Light(
                condition, (0.70 + 0.08 * (1 - sunny), 0.72 + 0.07 * (1 - sunny), 0.76), ((0.56 + warm) * sunny, 0.52 * sunny, (0.44 - warm) * sunny),
                sun, 0.46 * sunny, (sky[0] * 0.72, sky[1] * 0.82, sky[2] * 0.97), pale_sky, e, (0.96, 0.96, 0.97),
                (pale_sky[0], pale_sky[1], pale_sky[2] * 1.02), 1500.0 - 1150.0 * style.haze * f, 0.04 + 0.2 * style.haze * f, 1.0 + 0.08 * (g - h),
            )  # fmt: skip
