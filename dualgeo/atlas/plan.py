"""Which photos the Atlas holds: places, trips, splits and conditions, all decided before anything is drawn.

- A city has several street places, at least SEPARATION_KM apart whatever their split; a place has a few photos.
- A `photographer` is a simulated trip: it takes photos at one or two places of one city, all of one split.
- The query sets of the conditions are paired: query k of `atlas`, `atlas-night`, ... is the same scene (place,
  camera, passers-by, mask, photographer) under another condition, so a difference between two sets is the condition's
  doing alone.
- `atlas-validation` mixes all conditions at places and trips of its own; `atlas-unseen` is daylight in cities without
  gallery photos.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dualgeo.atlas.cities import City, choose_cities
from dualgeo.atlas.view import Place, SceneView, offset
from dualgeo.params import AtlasParams

SEPARATION_KM = 0.5
"""Between any two places of a city. More than 1 km would make Acc@1km impossible rather than hard."""
CITY_RADIUS_KM = 4.0
PLACE_RADIUS_KM = 0.05
_GALLERY_PER_PLACE, _QUERIES_PER_PLACE = 4, 2
_GALLERY, _VALIDATION, _QUERY, _UNSEEN = range(4)


@dataclass(frozen=True)
class PlannedPhoto:
    """A photo to be drawn, and its row in the photo table apart from what depends on its bytes."""

    photo_id: str
    view: SceneView
    split: str
    dataset: str
    photographer: str
    place: str


@dataclass(frozen=True)
class _Scene:
    """A scene before it has a condition."""

    view: SceneView
    photographer: str
    place: str


def plan_atlas(params: AtlasParams) -> list[PlannedPhoto]:
    """All photos of the Atlas, in the order they are stored; DualGeoError when so many cities cannot be placed."""
    pools = choose_cities(params.seed, params.cities, params.unseen_cities)
    surveyor = _Surveyor(params.seed)
    rng = np.random.default_rng([params.seed, 50])
    gallery = surveyor.scenes(_GALLERY, pools.gallery, params.gallery_photos, _GALLERY_PER_PLACE)
    validation = surveyor.scenes(_VALIDATION, pools.gallery, params.validation_photos, _QUERIES_PER_PLACE)
    queries = surveyor.scenes(_QUERY, pools.gallery, params.queries_per_set, _QUERIES_PER_PLACE)
    unseen = surveyor.scenes(_UNSEEN, pools.unseen, params.queries_per_set, _QUERIES_PER_PLACE)
    planned = [
        *_photos(gallery, _gallery_conditions(params, len(gallery), rng), "gallery", "atlas-gallery"),
        *_photos(validation, _cycled(params.conditions, len(validation), rng), "validation", "atlas-validation"),
    ]
    for condition in dict.fromkeys(params.conditions):
        name = "atlas" if condition == "daylight" else f"atlas-{condition}"
        planned += _photos(queries, [condition] * len(queries), "query", name)
    return planned + list(_photos(unseen, ["daylight"] * len(unseen), "query", "atlas-unseen"))


def _photos(scenes: list[_Scene], conditions: list[str], split: str, dataset: str) -> Iterator[PlannedPhoto]:
    label = "atlas-day" if dataset == "atlas" else dataset
    for index, (scene, condition) in enumerate(zip(scenes, conditions, strict=True)):
        yield PlannedPhoto(
            f"{label}-{index:06d}", scene.view.under(condition), split, dataset, scene.photographer, scene.place
        )


def _gallery_conditions(params: AtlasParams, count: int, rng: np.random.Generator) -> list[str]:
    """Daylight, except for an exact share spread over the other conditions."""
    other = [condition for condition in dict.fromkeys(params.conditions) if condition != "daylight"]
    dark = round(count * params.gallery_dark_share) if other else 0
    conditions = ["daylight"] * count
    for rank, index in enumerate(rng.permutation(count)[:dark].tolist()):
        conditions[index] = other[rank % len(other)]
    return conditions


def _cycled(names: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Each of `names` equally often, in random order."""
    return [names[int(index) % len(names)] for index in rng.permutation(count).tolist()]


class _Surveyor:
    """Finds places in cities, keeping all of a city's places apart, and sends trips to them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._places: dict[City, list[tuple[float, float]]] = {}
        self._count = 0

    def scenes(self, purpose: int, cities: tuple[City, ...], photos: int, per_place: int) -> list[_Scene]:
        """`photos` scenes spread evenly over `cities` (in random order where there are fewer photos than cities)."""
        rng = np.random.default_rng([self._seed, 51, purpose])
        visits = math.ceil(photos / per_place)
        order = rng.permutation(len(cities)).tolist()
        counts = [0] * len(cities)
        for visit in range(visits):
            counts[order[visit % len(order)]] += 1
        scenes: list[_Scene] = []
        for index, city in enumerate(cities):
            scenes += self._of_city(purpose, index, city, counts[index], per_place, rng)
        # The last place may be one photo too many; which photos are left out is drawn, so that no city always loses.
        kept = np.sort(rng.permutation(len(scenes))[:photos]).tolist()
        return [scenes[index] for index in kept]

    def _of_city(
        self, purpose: int, number: int, city: City, places: int, per_place: int, rng: np.random.Generator
    ) -> Iterator[_Scene]:
        letter = "gvqu"[purpose]
        trip = -1
        for visit in range(places):
            # Every other place begins a new trip, and some trips end early.
            if visit % 2 == 0 or rng.random() < 0.4:
                trip += 1
            place = self._place(city, rng)
            for shot in range(per_place):
                lat, lon = offset(place.lat, place.lon, *_in_disc(rng, PLACE_RADIUS_KM))
                view = SceneView(place, lat, lon, shot, "daylight")
                yield _Scene(view, f"trip-{letter}{number:04d}-{trip}", f"place-{letter}{number:04d}-{visit}")

    def _place(self, city: City, rng: np.random.Generator) -> Place:
        taken = self._places.setdefault(city, [])
        radius = CITY_RADIUS_KM
        while True:
            east, north = (round(value, 5) for value in _in_disc(rng, radius))
            least = (SEPARATION_KM + 2 * PLACE_RADIUS_KM) ** 2
            if all((east - x) ** 2 + (north - y) ** 2 >= least for x, y in taken):
                break
            # A city that is asked for very many places grows.
            radius *= 1.02
        taken.append((east, north))
        self._count += 1
        lat, lon = offset(city.lat, city.lon, east, north)
        return Place(city, lat, lon, (self._seed, 52, self._count))


def _in_disc(rng: np.random.Generator, radius_km: float) -> tuple[float, float]:
    """A point evenly spread over a disc: km east, km north."""
    distance, angle = radius_km * math.sqrt(rng.random()), 2 * math.pi * rng.random()
    return distance * math.cos(angle), distance * math.sin(angle)
