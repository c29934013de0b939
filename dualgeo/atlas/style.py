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
    "rugged": 1400.0,
    "relief": 300.0,
    "soil": 2500.0,
    "lush": 900.0,
    "haze": 3000.0,
    "stucco": 700.0,
    "shutters": 1100.0,
    "arches": 2200.0,
    "compound": 2600.0,
    "window": 600.0,
    "floors": 500.0,
    "paving": 800.0,
    "fence": 1000.0,
    "kerb": 1700.0,
    "hue": 250.0,
    "width": 220.0,
    "urban": 5.0,
    "green": 2.6,
    "kind": 2.2,
    "bay": 2.0,
    "door": 1.6,
    "trees": 2.4,
    "shop": 1.8,
    "tone": 2.8,
    "yard": 2.1,
    "height": 3.2,
}


@dataclass(frozen=True)
class Nature:
    """What grows, lies and rises around the street."""

    vegetation: Vegetation
    species: tuple[str, str]
    trees: float
    tree_spacing: float
    mountains: float
    haze: float
    soil: Colour
    leaf: Colour
    grass: Colour


@dataclass(frozen=True)
class Materials:
    """What the houses are made of."""

    walls: tuple[Colour, ...]
    wall_kinds: tuple[str, ...]
    wall_shares: tuple[float, ...]
    roofs: tuple[Roof, Roof]
    roof_shares: float
    window_kind: int
    shutters: Colour | None
    balconies: bool
    trim: Colour
    doors: tuple[Colour, Colour]
    accent: Colour


@dataclass(frozen=True)
class Fabric:
    """How large things are and how they stand."""

    floors: float
    storey: float
    road: float
    sidewalk: float
    setback: float
    lot: float
    urban: float
    bay: float
    window_width: float
    window_height: float
    side: str
    fence: int
    verge: float
    median: bool
    wires: bool


@dataclass(frozen=True)
class Furniture:
    """Lamps, poles, paving, and the city's horizon: fixed draws that its ridge, skyline and landmark are made from."""

    lamp: int
    lamp_colour: Colour
    lamp_height: float
    lamps_both: bool
    kerb: Colour
    lamp_spacing: float
    pole_spacing: float
    paving: int
    paving_colour: Colour
    asphalt: Colour
    horizon: tuple[int, ...]
    landmark: int


@dataclass(frozen=True)
class Style(Nature, Materials, Fabric, Furniture):
    """Everything a street's layout is drawn from. Colours RGB 0..1, lengths in metres, shares 0..1."""

    city: City
    country: Country
    group: str
    field: dict[str, float]


@lru_cache(maxsize=1)
def _fields() -> Fields:
    return Fields(WORLD_SEED, _REGION_KM + list(_NAMED_KM.values()))


@lru_cache(maxsize=256)
def _country(code: str) -> Country:
    return country(code, WORLD_SEED)


def style_at(city: City, lat: float, lon: float) -> Style:
    """The style of the street at lat, lon (degrees) of `city`: the same for everybody who asks."""
    values = _fields().at(lat, lon)
    region, field = values[: len(_REGION_KM)], dict(zip(_NAMED_KM, values[len(_REGION_KM) :], strict=True))
    rng = np.random.default_rng([WORLD_SEED, 41, round((city.lat + 90) * 1e4), round((city.lon + 180) * 1e4)])
    # Region ranks the materials; `tip` tips the balance, so that neighbouring cities differ but belong together.
    tip = [float(value) for value in rng.random(40)]
    own = [float(value) for value in rng.random(64)]
    nation = _country(city.country)
    return Style(
        city=city,
        country=nation,
        group=group_of(city.zone),
        field=field,
        **vars(_nature(city, region, field, tip, own)),
        **vars(_materials(city, region, field, tip, own)),
        **vars(_fabric(city, nation, field, own)),
        **vars(_furniture(nation, field, own)),
    )


def _nature(city: City, region: list[float], field: dict[str, float], tip: list[float], own: list[float]) -> Nature:
    vegetation = VEGETATION[group_of(city.zone)]
    of_species = region[len(WALLS) + len(ROOFS) :]
    likely = [vegetation.trees.get(name, -9.0) for name in SPECIES]
    best = rank([a + 0.8 * of_species[i] + 0.5 * tip[30 + i % 8] for i, a in enumerate(likely)])
    return Nature(
        vegetation=vegetation,
        species=(SPECIES[best[0]], SPECIES[best[1]]),
        trees=vegetation.density * min(1.0, max(0.0, 2.6 * own[17] - 0.75 + 0.5 * (field["trees"] - 0.5))),
        tree_spacing=6.0 + 9.0 * own[18],
        mountains=max(0.0, 1.6 * (0.45 * field["rugged"] + 0.3 * field["relief"] + 0.25 * own[40]) - 0.62),
        haze=0.3 + 0.7 * field["haze"],
        soil=mix(vegetation.soil, (0.12 * (field["soil"] - 0.5), 0.02, -0.08 * (field["soil"] - 0.5))),
        leaf=mix(vegetation.leaf, (0.14 * (own[41] - 0.5), 0.16 * (own[42] - 0.5), 0.08 * (own[41] - 0.5))),
        grass=mix(vegetation.grass, (0.22 * (own[43] - 0.5), 0.16 * (own[44] - 0.5), 0.06 * (own[43] - 0.5))),
    )


def _materials(
    city: City, region: list[float], field: dict[str, float], tip: list[float], own: list[float]
) -> Materials:
    group, of_roofs = group_of(city.zone), region[len(WALLS) :]
    walls = rank([w.affinity(group, city.continent) + region[i] + 0.45 * tip[i % 20] for i, w in enumerate(WALLS)])
    roofs = rank([r.affinity(group, city.continent) + of_roofs[i] + 0.25 * tip[20 + i] for i, r in enumerate(ROOFS)])
    tone = 0.05 * (field["tone"] - 0.5)
    shift = [0.26 * (value - 0.5) + tone for value in own[:9]]
    return Materials(
        walls=tuple(
            mix(WALLS[i].colour, (shift[k], shift[k + 1], shift[k + 2]))
            for k, i in zip((0, 3, 6), walls[:3], strict=True)
        ),
        wall_kinds=tuple(WALLS[index].kind for index in walls[:3]),
        wall_shares=(0.6 + 0.2 * own[10], 0.93, 1.0),
        roofs=(ROOFS[roofs[0]], ROOFS[roofs[1]]),
        roof_shares=0.8 + 0.2 * own[11],
        window_kind=2 if field["arches"] + WALLS[walls[0]].arches > 1.0 else int(own[22] * 2),
        shutters=_shutters(field, group, own[23], own[24]),
        balconies=own[39] + 0.5 * field["stucco"] > 0.95,
        trim=(0.93, 0.92, 0.88) if own[25] < 0.55 else (0.35 + 0.3 * own[26], 0.3, 0.25),
        doors=(_hue(own[27] + 0.15 * field["door"], 0.45), _hue(own[27], 0.35)),
        accent=_hue(own[28], 0.7),
    )


def _fabric(city: City, nation: Country, field: dict[str, float], own: list[float]) -> Fabric:
    size = min(1.0, max(0.0, (math.log10(max(city.population, 1000)) - 4.0) / 3.0))
    floors = 1.2 + 5.0 * size * (0.25 + 1.5 * own[9]) + 1.6 * (field["floors"] - 0.5) + 0.6 * (field["height"] - 0.5)
    urban = min(1.0, max(0.0, 0.15 + 0.7 * size + 0.5 * (own[45] - 0.5) + 0.3 * (field["urban"] - 0.5)))
    compound = field["compound"] + VEGETATION[group_of(city.zone)].compounds > 0.75 + 0.5 * own[46]
    return Fabric(
        floors=max(1.0, floors),
        storey=2.7 + 1.2 * own[12],
        road=2.6 + 4.4 * (0.8 * own[13] + 0.2 * field["width"]) + 0.8 * size * field["kind"],
        sidewalk=0.9 + 3.4 * own[14],
        setback=2.0 + 6.0 * own[15],
        lot=7.0 + 12.0 * own[16],
        urban=urban,
        bay=1.8 + 2.2 * (0.75 * own[19] + 0.25 * field["bay"]),
        window_width=0.28 + 0.42 * (0.4 * field["window"] + 0.6 * own[20]),
        window_height=0.38 + 0.38 * (0.2 * field["bay"] + 0.8 * own[21]),
        side="built" if urban > 0.5 else "compound" if compound else "houses",
        fence=int(4 * (0.4 * field["fence"] + 0.6 * own[37])) % 4,
        verge=0.0 if own[47] < 0.4 else 0.8 + 2.2 * own[48],
        median=own[49] > 0.82,
        wires=own[50] < nation.wires,
    )


def _furniture(nation: Country, field: dict[str, float], own: list[float]) -> Furniture:
    grey, red, blue = 0.24 * (own[36] - 0.5), 0.40 * (own[34] - 0.5), 0.40 * (own[35] - 0.5)
    return Furniture(
        lamp=(nation.lamp + int(own[30] * 3)) % 4,
        lamp_colour=((0.12, 0.13, 0.13), (0.45, 0.47, 0.48), (0.10, 0.27, 0.2), (0.62, 0.6, 0.55))[int(own[29] * 4)],
        lamp_height=0.65 + 0.7 * own[52],
        lamps_both=own[53] < 0.5,
        kerb=_hue(own[28], 0.7) if own[54] < 0.35 else (0.9, 0.9, 0.88) if own[54] < 0.6 else (0.55, 0.54, 0.52),
        lamp_spacing=9.0 + 19.0 * own[31],
        pole_spacing=18.0 + 16.0 * own[32],
        paving=int(3 * (0.5 * field["paving"] + 0.5 * own[33])),
        paving_colour=mix((0.62, 0.60, 0.57), (red, 0.2 * (own[51] - 0.5), blue)),
        asphalt=mix((0.33, 0.33, 0.34), (grey + 0.05 * (field["soil"] - 0.3), 0.4 * grey, -0.03)),
        horizon=tuple(int(value * 1000) for value in own[:12]),
        landmark=int(own[38] * 9),
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
