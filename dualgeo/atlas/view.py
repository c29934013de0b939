"""One photo before it is drawn: where it is taken, of which place, and under which condition."""

import math
from dataclasses import dataclass

from dualgeo.atlas.cities import EARTH_KM, City

CONDITIONS = ("daylight", "night", "fog", "rain", "snow", "autumn")


@dataclass(frozen=True)
class Place:
    """A spot in a street, about 100 m across: its buildings, trees and poles stand still between photos.

    lat, lon in degrees; `key` names it in the random streams (the same key and coordinates give the same street).
    """

    city: City
    lat: float
    lon: float
    key: tuple[int, ...]


@dataclass(frozen=True)
class SceneView:
    """A photo of `place` taken from lat, lon (degrees; within about 60 m of the place).

    `shot` numbers the photos of a place: it decides camera position, heading, exposure and who passes by. Views that
    differ in `condition` alone show the same scene: same mask, same camera, other light and weather.
    """

    place: Place
    lat: float
    lon: float
    shot: int
    condition: str

    def under(self, condition: str) -> "SceneView":
        """The same scene under another condition, one of CONDITIONS."""
        return SceneView(self.place, self.lat, self.lon, self.shot, condition)


def offset(lat: float, lon: float, east_km: float, north_km: float) -> tuple[float, float]:
    """The point (degrees, rounded to 1e-6) some kilometres east and north of lat, lon; for short distances."""
    to_lat = lat + math.degrees(north_km / EARTH_KM)
    to_lon = lon + math.degrees(east_km / (EARTH_KM * math.cos(math.radians(lat))))
    return round(to_lat, 6), round((to_lon + 180) % 360 - 180, 6)
