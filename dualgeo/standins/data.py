"""The photos that the stand-ins learn from and are measured on: Atlas cities that no Atlas dataset uses."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dualgeo.atlas.cities import STANDIN_CITIES
from dualgeo.atlas.render import render
from dualgeo.atlas.standin import StandinScenes
from dualgeo.atlas.view import CONDITIONS, SceneView
from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.progress import progress
from dualgeo.standins.descriptions import describe

PHOTO_SIZE = 96
HELD_OUT_EVERY = 6
"""Every sixth city is kept from training, to measure on."""
GALLERY_SHARE = 0.75
"""Of a held-out city's photos, the share that queries are searched in; whole places go to one side."""
PHOTOS_STEP = 16
"""Four places of four photos: three for the gallery, one for queries."""
_CHUNK = 64


@dataclass(frozen=True)
class Photos:
    """N rendered photos."""

    images: npt.NDArray[np.uint8]
    """(N, S, S, 3) RGB."""
    masks: npt.NDArray[np.uint8]
    """(N, S, S) ADE20K-150 ids."""
    city: npt.NDArray[np.int64]
    """(N,) number of the city."""
    condition: npt.NDArray[np.int64]
    """(N,) index into CONDITIONS."""
    description: npt.NDArray[np.float32]
    """(N, K) what the street is like, see `describe`."""

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class StandinData:
    """What to train on, and gallery and queries of held-out cities to measure on."""

    train: Photos
    gallery: Photos
    queries: Photos
    """Each held-out query scene under every condition."""


def load_data(cache: Path, seed: int, photos_per_city: int, workers: int, cities: int = STANDIN_CITIES) -> StandinData:
    """Render the photos in `workers` processes, or take them from `cache` (an .npz) when it is there.

    A cache is used as it is, whatever it was rendered with. Raises DualGeoError unless photos_per_city is a multiple
    of 16, so that the places of held-out cities can be split between gallery and queries.
    """
    if photos_per_city % PHOTOS_STEP:
        raise DualGeoError(f"photos per city must be a multiple of {PHOTOS_STEP}, not {photos_per_city}.")
    if not cache.exists():
        data = _render_all(seed, cities, photos_per_city, workers)
        columns = {f"{part}_{name}": getattr(getattr(data, part), name) for part, name in _columns()}
        with written_whole(cache) as temporary, temporary.open("wb") as file:
            np.savez(file, **columns)
        return data
    with np.load(cache) as stored:
        parts = {
            part.name: Photos(**{field.name: stored[f"{part.name}_{field.name}"] for field in fields(Photos)})
            for part in fields(StandinData)
        }
    return StandinData(**parts)


def _columns() -> Iterator[tuple[str, str]]:
    for part in fields(StandinData):
        for field in fields(Photos):
            yield part.name, field.name


def _render_all(seed: int, cities: int, photos_per_city: int, workers: int) -> StandinData:
    scenes = StandinScenes(seed, cities, photos_per_city, CONDITIONS, daylight_share=2 / 3)
    everyday = StandinScenes(seed, cities, photos_per_city, CONDITIONS, daylight_share=0.85)
    train: list[tuple[SceneView, int]] = []
    gallery: list[tuple[SceneView, int]] = []
    queries: list[tuple[SceneView, int]] = []
    for index in range(len(scenes)):
        city = scenes.city(index)
        if city % HELD_OUT_EVERY:
            train.append((scenes.scene(index), city))
        elif index % photos_per_city < GALLERY_SHARE * photos_per_city:
            gallery.append((everyday.scene(index), city))
        else:
            queries.extend((scenes.scene(index).under(condition), city) for condition in CONDITIONS)
    with ProcessPoolExecutor(workers) as pool:
        return StandinData(
            *(
                _render(pool, part, label)
                for part, label in ((train, "training photos"), (gallery, "gallery"), (queries, "queries"))
            )
        )


def _render(pool: ProcessPoolExecutor, views: list[tuple[SceneView, int]], label: str) -> Photos:
    chunks = [[view for view, _ in views[start : start + _CHUNK]] for start in range(0, len(views), _CHUNK)]
    drawn = list(progress(pool.map(_draw, chunks), len(chunks), f"render {label} (in chunks of {_CHUNK})"))
    return Photos(
        images=np.concatenate([images for images, _ in drawn]),
        masks=np.concatenate([masks for _, masks in drawn]),
        city=np.array([city for _, city in views]),
        condition=np.array([CONDITIONS.index(view.condition) for view, _ in views]),
        description=describe([view for view, _ in views]),
    )


def _draw(views: list[SceneView]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    drawn = [render(view, PHOTO_SIZE) for view in views]
    return np.stack([image for image, _ in drawn]), np.stack([mask for _, mask in drawn])
