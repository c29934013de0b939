"""The renderer: same bytes, masks that no condition touches, and appearance that tells where one is."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from dualgeo.atlas import ade20k
from dualgeo.atlas.render import render
from dualgeo.atlas.standin import StandinScenes
from dualgeo.atlas.view import CONDITIONS
from dualgeo.errors import DualGeoError

DIGEST = """
import hashlib
from dualgeo.atlas.render import render
from dualgeo.atlas.standin import StandinScenes
scenes = StandinScenes(4, 6, 3)
digest = hashlib.sha256()
for index in range(len(scenes)):
    for part in render(scenes.scene(index), 64):
        digest.update(part.tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def scenes() -> StandinScenes:
    return StandinScenes(seed=4, cities=6, photos_per_city=3)


def test_a_scene_is_a_picture_and_a_mask_of_ade20k_ids(scenes: StandinScenes) -> None:
    picture, mask = render(scenes.scene(0), 64)
    assert picture.shape == (64, 64, 3) and mask.shape == (64, 64)
    assert picture.dtype == mask.dtype == np.uint8
    assert set(np.unique(mask)) <= set(ade20k.COLOURS)
    assert max(ade20k.COLOURS) < 150


def test_bytes_do_not_depend_on_the_process_or_its_hash_seed(scenes: StandinScenes) -> None:
    here = hashlib.sha256()
    for index in reversed(range(len(scenes))):
        render(scenes.scene(index), 64)
    for index in range(len(scenes)):
        for part in render(scenes.scene(index), 64):
            here.update(part.tobytes())
    for hash_seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == here.hexdigest()


def test_conditions_change_the_picture_and_not_the_mask(scenes: StandinScenes) -> None:
    for index in (0, 5, 11, 17):
        shown = [render(scenes.scene(index).under(condition), 64) for condition in CONDITIONS]
        assert all((mask == shown[0][1]).all() for _, mask in shown)
        for k, (picture, _) in enumerate(shown):
            assert all(np.abs(picture.astype(int) - other).mean() > 2 for other, _ in shown[:k])


def test_night_is_dark_and_fog_takes_the_colour(scenes: StandinScenes) -> None:
    def mean(condition: str, what: str) -> float:
        pictures = np.stack([render(scenes.scene(i).under(condition), 64)[0] for i in range(0, 18, 3)]).astype(float)
        return float(pictures.mean() if what == "light" else np.ptp(pictures, axis=3).mean())

    assert mean("night", "light") < 0.45 * mean("daylight", "light")
    assert mean("fog", "colour") < 0.5 * mean("daylight", "colour")
    assert mean("snow", "colour") < 0.6 * mean("daylight", "colour")


def test_sizes_show_the_same_scene(scenes: StandinScenes) -> None:
    small, large = render(scenes.scene(7), 64)[1], render(scenes.scene(7), 192)[1][1::3, 1::3]
    assert (small == large).mean() > 0.9


def test_photos_of_a_place_differ(scenes: StandinScenes) -> None:
    assert scenes.place(0) == scenes.place(1)
    first, second = (render(scenes.scene(index).under("daylight"), 64)[0].astype(int) for index in (0, 1))
    assert np.abs(first - second).mean() > 5


def test_simple_features_find_the_city_far_above_chance_and_lose_colour_at_night() -> None:
    cities, photos = 40, 16
    scenes = StandinScenes(seed=8, cities=cities, photos_per_city=photos)
    owner = np.arange(len(scenes)) // photos
    # Half of a city's places are the gallery, the other places ask.
    asks = np.arange(len(scenes)) % photos >= photos // 2
    day = [render(scenes.scene(index).under("daylight"), 48) for index in range(len(scenes))]
    dark = [render(scenes.scene(index).under("night"), 48)[0] for index in np.flatnonzero(asks)]

    def accuracy(gallery: np.ndarray, queries: np.ndarray) -> float:
        scale = gallery.std(axis=0) + 1e-6
        distance = np.abs((queries / scale)[:, None] - (gallery / scale)[None]).sum(axis=2)
        return float((owner[~asks][distance.argmin(axis=1)] == owner[asks]).mean())

    colour = np.stack([_colours(picture) for picture, _ in day])
    classes = np.stack([np.bincount(mask.ravel(), minlength=150)[:150] > 4 for _, mask in day]).astype(float)
    by_day = accuracy(colour[~asks], colour[asks])
    assert by_day > 5 / cities
    assert accuracy(classes[~asks], classes[asks]) > 4 / cities
    assert accuracy(colour[~asks], np.stack([_colours(picture) for picture in dark])) < 0.6 * by_day


def _colours(picture: np.ndarray) -> np.ndarray:
    """Mean and spread of colour in a coarse grid."""
    cells = picture.reshape(4, 12, 4, 12, 3).astype(float)
    return np.concatenate([cells.mean(axis=(1, 3)).ravel(), cells.std(axis=(1, 3)).ravel()])


def test_the_standin_plan_is_indexable_and_refuses_too_many_cities() -> None:
    scenes = StandinScenes(seed=1, cities=300, photos_per_city=2)
    assert len(scenes) == 600 and scenes.city(599) == 299
    assert scenes.latlon(3) == (scenes.scene(3).lat, scenes.scene(3).lon)
    assert StandinScenes(seed=1, cities=300, photos_per_city=2).scene(37) == scenes.scene(37)
    assert {scenes.scene(index).condition for index in range(120)} == set(CONDITIONS)
    with pytest.raises(IndexError):
        scenes.scene(600)
    with pytest.raises(DualGeoError, match="stand-in pool has"):
        StandinScenes(seed=1, cities=5000, photos_per_city=1)
