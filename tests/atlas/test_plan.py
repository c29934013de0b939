"""The plan: sizes as asked, splits that share nothing, conditions that are paired."""

from collections import Counter

import numpy as np
import pytest

from dualgeo.atlas.plan import PlannedPhoto, plan_atlas
from dualgeo.params import AtlasParams, load_params


@pytest.fixture(scope="module")
def planned(project) -> list[PlannedPhoto]:
    return plan_atlas(load_params(project / "params.yaml").atlas)


@pytest.fixture(scope="module")
def params(project) -> AtlasParams:
    return load_params(project / "params.yaml").atlas


def test_every_dataset_has_its_size(planned: list[PlannedPhoto], params: AtlasParams) -> None:
    sizes = Counter(photo.dataset for photo in planned)
    sets = {"daylight": "atlas"} | {name: f"atlas-{name}" for name in params.conditions if name != "daylight"}
    expected = {sets[name]: params.queries_per_set for name in params.conditions} | {
        "atlas-unseen": params.queries_per_set
    }
    expected |= {"atlas-gallery": params.gallery_photos, "atlas-validation": params.validation_photos}
    assert sizes == expected
    assert len({photo.photo_id for photo in planned}) == len(planned)


def test_the_gallery_covers_all_its_cities_evenly(planned: list[PlannedPhoto], params: AtlasParams) -> None:
    photos = Counter(photo.view.place.city for photo in planned if photo.split == "gallery")
    assert len(photos) == params.cities
    assert max(photos.values()) - min(photos.values()) <= 5


def test_no_place_and_no_photographer_is_in_two_splits(planned: list[PlannedPhoto]) -> None:
    for what in ("place", "photographer"):
        splits: dict[str, set[str]] = {}
        for photo in planned:
            splits.setdefault(getattr(photo, what), set()).add(photo.split)
        assert all(len(found) == 1 for found in splits.values()), what


def test_places_of_different_splits_are_far_enough_apart(planned: list[PlannedPhoto]) -> None:
    gallery = np.array([(p.view.lat, p.view.lon) for p in planned if p.split == "gallery"])
    others = np.array([(p.view.lat, p.view.lon) for p in planned if p.split != "gallery"])
    for lat, lon in others:
        north = (gallery[:, 0] - lat) * 111_195
        east = (gallery[:, 1] - lon) * 111_195 * np.cos(np.radians(lat))
        assert np.sqrt(north**2 + east**2).min() > 400


def test_a_trip_stays_in_one_city_and_takes_several_photos(planned: list[PlannedPhoto]) -> None:
    trips: dict[str, list[PlannedPhoto]] = {}
    for photo in planned:
        trips.setdefault(photo.photographer, []).append(photo)
    assert all(len({photo.view.place.city for photo in trip}) == 1 for trip in trips.values())
    assert max(len({photo.place for photo in trip}) for trip in trips.values()) == 2


def test_condition_sets_show_the_same_scenes(planned: list[PlannedPhoto]) -> None:
    by_set = {name: [p for p in planned if p.dataset == name] for name in ("atlas", "atlas-night", "atlas-snow")}
    for day, night, snow in zip(*by_set.values(), strict=True):
        assert day.view == night.view.under("daylight") == snow.view.under("daylight")
        assert day.place == night.place and day.photographer == snow.photographer
        assert (day.view.condition, night.view.condition, snow.view.condition) == ("daylight", "night", "snow")


def test_unseen_cities_are_in_no_other_set(planned: list[PlannedPhoto]) -> None:
    unseen = {photo.view.place.city for photo in planned if photo.dataset == "atlas-unseen"}
    assert unseen and not unseen & {photo.view.place.city for photo in planned if photo.dataset != "atlas-unseen"}


def test_the_share_of_dark_gallery_photos_is_exact(planned: list[PlannedPhoto], params: AtlasParams) -> None:
    found = Counter(photo.view.condition for photo in planned if photo.split == "gallery")
    assert found["daylight"] == params.gallery_photos - round(params.gallery_photos * params.gallery_dark_share)
    assert set(found) == set(params.conditions)
    assert {p.view.condition for p in planned if p.split == "validation"} == set(params.conditions)


def test_conditions_are_those_of_params(small: AtlasParams) -> None:
    only = plan_atlas(small.model_copy(update={"conditions": ["fog"], "gallery_dark_share": 0.5}))
    assert {photo.dataset for photo in only} == {"atlas-gallery", "atlas-validation", "atlas-fog", "atlas-unseen"}
