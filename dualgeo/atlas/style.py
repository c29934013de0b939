"""Appearance from location: what a street looks like at a place, from continent down to the single street."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dualgeo.atlas.cities import WORLD_SEED, City
from dualgeo.atlas.climate import group_of
from dualgeo.atlas.countries import Country, country
from dualgeo.atlas.fields import Fields
from dualgeo.atlas.palettes import ROOFS, SPECIES, VEGETATION, WALLS, Colour, Roof, Vegetation, mix, rank

# Wavelengths in km: walls, roofs and trees vary by region, the rest by region, city and street.
_REGION_KM = [1500.0] * len(WALLS) + [1300.0] * len(ROOFS) + [1800.0] * len(SPECIES)
_NAMED_KM = {
    "rugged": 1400.0, "relief": 300.0, "soil": 2500.0, "lush": 900.0, "haze": 3000.0, "stucco": 700.0, "shutters": 1100.0,
    "arches": 2200.0, "compound": 2600.0, "window": 600.0, "floors": 500.0, "paving": 800.0, "fence": 1000.0, "kerb": 1700.0,
    "hue": 250.0, "width": 220.0, "urban": 5.0, "green": 2.6, "kind": 2.2, "bay": 2.0, "door": 1.6, "trees": 2.4, "shop": 1.8,
    "tone": 2.8, "yard": 2.1, "height": 3.2,
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """Everything a street's layout is drawn from. Colours RGB 0..1, lengths in metres, shares 0..1."""

    city: City
    country: Country
    group: str
    vegetation: Vegetation
    field: dict[str, float]
    walls: tuple[Colour, ...]
    wall_kinds: tuple[str, ...]
    wall_shares: tuple[float, ...]
    roofs: tuple[Roof, Roof]
    roof_shares: float
    species: tuple[str, str]
    floors: float
    storey: float
    road: float
    sidewalk: float
    setback: float
    lot: float
    urban: float
    trees: float
    tree_spacing: float
    bay: float
    window_width: float
    window_height: float
    window_kind: int
    shutters: Colour | None
    balconies: bool
    trim: Colour
    doors: tuple[Colour, Colour]
    accent: Colour
    lamp_colour: Colour
    lamp: int
    lamp_spacing: float
    pole_spacing: float
    paving: int
    paving_colour: Colour
    asphalt: Colour
    fence: int
    compound: float
    mountains: float
    horizon: tuple[int, ...]
    landmark: int
    haze: float
    soil: Colour


@lru_cache(maxsize=1)
def _fields() -> Fields:
    return Fields(WORLD_SEED, _REGION_KM + list(_NAMED_KM.values()))


@lru_cache(maxsize=256)
def _country(code: str) -> Country:
    return country(code, WORLD_SEED)


def style_at(city: City, lat: float, lon: float) -> Style:
    """The style of the street at lat, lon (degrees) of `city`: the same for everybody who asks."""
    values = _fields().at(lat, lon)
    field = dict(zip(_NAMED_KM, values[len(_REGION_KM) :], strict=True))
    group = group_of(city.zone)
    vegetation = VEGETATION[group]
    rng = np.random.default_rng([WORLD_SEED, 41, round((city.lat + 90) * 1e4), round((city.lon + 180) * 1e4)])
    draw = [float(value) for value in rng.random(40)]
    walls, roofs = len(WALLS), len(ROOFS)
    # Region ranks the materials; the city tips the balance, so that neighbours differ but belong together.
    of_walls = rank([w.affinity(group, city.continent) + values[i] + 0.45 * draw[i % 20] for i, w in enumerate(WALLS)])
    of_roofs = rank(
        [r.affinity(group, city.continent) + values[walls + i] + 0.25 * draw[20 + i] for i, r in enumerate(ROOFS)]
    )
    of_trees = rank(
        [
            vegetation.trees.get(name, -9.0) + 0.8 * values[walls + roofs + i] + 0.5 * draw[30 + i % 8]
            for i, name in enumerate(SPECIES)
        ]
    )
    size = min(1.0, max(0.0, (math.log10(max(city.population, 1000)) - 4.0) / 3.0))
    extra = [float(value) for value in rng.random(40)]
    shift = [0.16 * (value - 0.5) for value in extra[:9]]
    tone = 0.12 * (field["tone"] - 0.5)
    colours = tuple(
        mix(WALLS[index].colour, (shift[3 * k] + tone, shift[3 * k + 1] + tone, shift[3 * k + 2] + tone))
        for k, index in enumerate(of_walls[:3])
    )
    road_country = _country(city.country)
    floors = 1.3 + 4.5 * size * (0.5 + extra[9]) + 2.2 * (field["floors"] - 0.5) + 1.6 * (field["height"] - 0.5)
    urban = min(1.0, max(0.0, 0.15 + 0.75 * size + 0.9 * (field["urban"] - 0.5)))
    window = WALLS[of_walls[0]]
    return Style(
        city=city,
        country=road_country,
        group=group,
        vegetation=vegetation,
        field=field,
        walls=colours,
        wall_kinds=tuple(WALLS[index].kind for index in of_walls[:3]),
        wall_shares=(0.45 + 0.2 * extra[10], 0.85, 1.0),
        roofs=(ROOFS[of_roofs[0]], ROOFS[of_roofs[1]]),
        roof_shares=0.65 + 0.3 * extra[11],
        species=(SPECIES[of_trees[0]], SPECIES[of_trees[1]]),
        floors=max(1.0, floors),
        storey=2.8 + 0.9 * extra[12],
        road=2.8 + 3.4 * (0.5 * extra[13] + 0.5 * field["width"]) + 2.0 * size * field["kind"],
        sidewalk=1.0 + 2.6 * extra[14],
        setback=2.5 + 5.0 * extra[15],
        lot=7.0 + 12.0 * extra[16],
        urban=urban,
        trees=vegetation.density * (0.35 + 0.9 * field["trees"]) * (0.6 + 0.8 * extra[17]),
        tree_spacing=6.0 + 9.0 * extra[18],
        bay=1.9 + 1.9 * (0.4 * extra[19] + 0.6 * field["bay"]),
        window_width=0.32 + 0.34 * (0.6 * field["window"] + 0.4 * extra[20]),
        window_height=0.42 + 0.32 * (0.5 * field["bay"] + 0.5 * extra[21]),
        window_kind=2 if field["arches"] + window.arches > 1.0 else int(extra[22] * 2),
        shutters=_shutters(field, group, extra[23], extra[24]),
        balconies=extra[39] + 0.5 * field["stucco"] > 0.95,
        trim=(0.93, 0.92, 0.88) if extra[25] < 0.55 else (0.35 + 0.3 * extra[26], 0.3, 0.25),
        doors=(_hue(field["door"], 0.45), _hue(extra[27], 0.35)),
        accent=_hue(extra[28], 0.7),
        lamp_colour=((0.12, 0.13, 0.13), (0.45, 0.47, 0.48), (0.10, 0.27, 0.2), (0.62, 0.6, 0.55))[int(extra[29] * 4)],
        lamp=(road_country.lamp + int(extra[30] * 2)) % 4,
        lamp_spacing=14.0 + 14.0 * extra[31],
        pole_spacing=18.0 + 16.0 * extra[32],
        paving=int(3 * (0.5 * field["paving"] + 0.5 * extra[33])),
        paving_colour=mix(
            (0.62, 0.60, 0.57), (0.22 * (extra[34] - 0.5), 0.1 * (field["paving"] - 0.5), 0.2 * (extra[35] - 0.5))
        ),
        asphalt=mix(
            (0.33, 0.33, 0.34),
            (0.12 * (extra[36] - 0.5) + 0.05 * (field["soil"] - 0.3), 0.05 * (extra[36] - 0.5), -0.03),
        ),
        fence=int(4 * (0.5 * field["fence"] + 0.5 * extra[37])) % 4,
        compound=min(1.0, max(0.0, field["compound"] + vegetation.compounds - 0.5)),
        mountains=max(0.0, 1.6 * (0.6 * field["rugged"] + 0.4 * field["relief"]) - 0.62),
        horizon=tuple(int(value * 1000) for value in extra[:12]),
        landmark=int(extra[38] * 9),
        haze=0.3 + 0.7 * field["haze"],
        soil=mix(vegetation.soil, (0.12 * (field["soil"] - 0.5), 0.02, -0.08 * (field["soil"] - 0.5))),
    )


def _shutters(field: dict[str, float], group: str, chance: float, hue: float) -> Colour | None:
    likely = 0.25 if group in ("mediterranean", "oceanic", "subtropical") else -0.1
    return _hue(hue, 0.4) if field["shutters"] + likely + 0.3 * chance > 0.8 else None


def _hue(turn: float, value: float) -> Colour:
    """A saturated colour of hue `turn` (0..1) and brightness `value`."""
    sector, part = divmod((turn % 1.0) * 6, 1.0)
    low, rise, fall = 0.25 * value, value * (0.25 + 0.75 * part), value * (1 - 0.75 * part)
    table = [
        (value, rise, low),
        (fall, value, low),
        (low, value, rise),
        (low, fall, value),
        (rise, low, value),
        (value, low, fall),
    ]
    return table[int(sector) % 6]
