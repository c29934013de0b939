"""The country of a coordinate, from Natural Earth's 1:50 million polygons."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import shapely

from dualgeo.geo.outlines import Outline, load_outlines
from dualgeo.geo.sphere import wrap_longitude

KM_PER_DEGREE = 111.195
# Natural Earth gives these no ISO number; XK is what the EU and the postal union use for Kosovo.
_UNNUMBERED = {"Kosovo": "XK"}


@dataclass(frozen=True)
class Country:
    """Natural Earth's name and the ISO 3166-1 alpha-2 code, None where ISO has none (Northern Cyprus, Somaliland)."""

    name: str
    code: str | None


class CountryMap:
    """Country polygons in a search tree. Loading takes about 0.2 s; use `country_map()` to share one."""

    def __init__(self, outlines: list[Outline]) -> None:
        codes = _codes()
        self.countries = [Country(o.name, codes.get(o.numeric or "", _UNNUMBERED.get(o.name))) for o in outlines]
        pieces = [(polygon, owner) for owner, outline in enumerate(outlines) for polygon in outline.polygons]
        self._polygons = np.array([polygon for polygon, _ in pieces], dtype=object)
        self._owner = np.array([owner for _, owner in pieces], dtype=np.int64)
        self._area: npt.NDArray[np.float64] = shapely.area(self._polygons)
        shapely.prepare(self._polygons)
        self._tree = shapely.STRtree(self._polygons)

    def index(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Position in `countries` of each point (arrays of shape (n,)), -1 over sea.

        Where polygons overlap, the smallest wins, so that an enclave is not taken for what surrounds it.
        """
        y, x = np.atleast_1d(np.asarray(lat, np.float64)), np.atleast_1d(wrap_longitude(lon))
        answer = np.full(len(y), -1, dtype=np.int64)
        known = np.flatnonzero(np.isfinite(y) & np.isfinite(x))
        point, polygon = self._tree.query(shapely.points(x[known], y[known]))
        point = known[point]
        inside = shapely.intersects_xy(self._polygons[polygon], x[point], y[point])
        point, polygon = point[inside], polygon[inside]
        # Largest first, so that the smallest is written last.
        order = np.argsort(-self._area[polygon], kind="stable")
        answer[point[order]] = self._owner[polygon[order]]
        return answer

    def nearest(self, lat: float, lon: float, within_km: float) -> int:
        """Position of the country whose land lies nearest to a point, -1 if none within `within_km` (at most 500).

        Meant for points just off the generalised coast: distances are taken on the locally flat map.
        """
        on_land = int(self.index([lat], [lon])[0])
        if on_land >= 0 or within_km <= 0:
            return on_land
        squeeze = max(float(np.cos(np.radians(lat))), 0.02)
        high = min(within_km, 500.0) / KM_PER_DEGREE
        wide = high / squeeze
        best, best_distance = -1, high
        here = float(wrap_longitude(lon))
        for x in (here, here - 360, here + 360):
            window = shapely.box(x - wide, lat - high, x + wide, lat + high)
            for polygon in np.sort(self._tree.query(window)):
                land = shapely.clip_by_rect(self._polygons[polygon], x - wide, lat - high, x + wide, lat + high)
                if bool(shapely.is_empty(land)):
                    continue
                flat = shapely.transform(land, lambda xy, by=squeeze: xy * [by, 1.0])
                distance = float(shapely.distance(flat, shapely.Point(x * squeeze, lat)))
                if distance < best_distance:
                    best, best_distance = int(self._owner[polygon]), distance
        return best


@cache
def country_map() -> CountryMap:
    """The shared map at 1:50 million, loaded at the first call."""
    return CountryMap(load_outlines("50m"))


def countries_of(lat: npt.ArrayLike, lon: npt.ArrayLike, within_km: float = 0.0) -> list[Country | None]:
    """Country of each point (degrees, arrays of shape (n,)); None over sea, or NaN.

    `within_km` > 0 also accepts the nearest land up to that distance: the 1:50 million coast is off by a kilometre or
    so, and leaves small islands out.
    """
    lookup = country_map()
    lats, lons = np.atleast_1d(np.asarray(lat, np.float64)), np.atleast_1d(np.asarray(lon, np.float64))
    found = lookup.index(lats, lons)
    if within_km > 0:
        for row in np.flatnonzero((found < 0) & np.isfinite(lats) & np.isfinite(lons)):
            found[row] = lookup.nearest(float(lats[row]), float(lons[row]), within_km)
    return [lookup.countries[position] if position >= 0 else None for position in found]


def _codes() -> dict[str, str]:
    """ISO 3166-1 numeric code -> alpha-2 code."""
    text = (files("dualgeo.geo") / "data" / "iso3166.csv").read_text(encoding="utf-8")
    return {row["numeric"]: row["alpha2"] for row in csv.DictReader(text.splitlines())}
