"""The scenes that the stand-in encoders are trained on: cities that no Atlas uses, whatever its params."""

import numpy as np

from dualgeo.atlas.cities import STANDIN_CITIES, City, standin_cities
from dualgeo.atlas.view import CONDITIONS, Place, SceneView, offset
from dualgeo.errors import DualGeoError

_PHOTOS_PER_PLACE = 4
_CITY_RADIUS_KM = 5.0


class StandinScenes:
    """An indexable plan of `cities * photos_per_city` scenes; scene i shows city i // photos_per_city.

    seed: any non-negative int. cities: 1..420 (STANDIN_CITIES). conditions: drawn with equal chance except that
    `daylight` gets `daylight_share`. Same arguments, same scenes. Cheap to pickle to workers.
    Draw a scene with `dualgeo.atlas.render.render(scenes.scene(i), size)`.
    """

    def __init__(
        self,
        seed: int,
        cities: int,
        photos_per_city: int,
        conditions: tuple[str, ...] = CONDITIONS,
        daylight_share: float = 0.5,
    ) -> None:
        if not 1 <= cities <= STANDIN_CITIES:
            raise DualGeoError(f"the stand-in pool has {STANDIN_CITIES} cities; ask for 1 to that many, not {cities}.")
        pool = standin_cities()
        # Spread over the pool, which is sorted by continent, so that few cities still cover the Earth.
        self._cities: tuple[City, ...] = tuple(pool[index * len(pool) // cities] for index in range(cities))
        self._seed = seed
        self._photos = photos_per_city
        self._dark = tuple(condition for condition in conditions if condition != "daylight")
        self._daylight = 1.0 if not self._dark else daylight_share if "daylight" in conditions else 0.0

    def __len__(self) -> int:
        return len(self._cities) * self._photos

    def city(self, index: int) -> int:
        """Number of the city that scene `index` shows, 0..cities-1."""
        return index // self._photos

    def place(self, index: int) -> int:
        """Number of the street place that scene `index` shows; scenes of one place share buildings."""
        return self.city(index) * (1 + self._photos // _PHOTOS_PER_PLACE) + index % self._photos // _PHOTOS_PER_PLACE

    def latlon(self, index: int) -> tuple[float, float]:
        """Degrees."""
        scene = self.scene(index)
        return scene.lat, scene.lon

    def scene(self, index: int) -> SceneView:
        """Scene `index`, 0 <= index < len(self); IndexError outside."""
        if not 0 <= index < len(self):
            raise IndexError(f"scene {index} of {len(self)}")
        city, place_number = self._cities[self.city(index)], self.place(index)
        of_place = np.random.default_rng([self._seed, 61, place_number])
        lat, lon = offset(city.lat, city.lon, *_disc(of_place, _CITY_RADIUS_KM))
        rng = np.random.default_rng([self._seed, 62, index])
        at_lat, at_lon = offset(lat, lon, *_disc(rng, 0.05))
        condition = "daylight" if rng.random() < self._daylight else self._dark[int(rng.integers(len(self._dark)))]
        place = Place(city, lat, lon, (self._seed, 60, place_number))
        return SceneView(place, at_lat, at_lon, index % self._photos, condition)


def _disc(rng: np.random.Generator, radius_km: float) -> tuple[float, float]:
    """A point evenly spread over a disc: km east, km north."""
    distance, angle = radius_km * np.sqrt(rng.random()), 2 * np.pi * rng.random()
    return float(distance * np.cos(angle)), float(distance * np.sin(angle))
