"""The cities: real, on six continents, and pools that never come near each other."""

import numpy as np
import pytest

from dualgeo.atlas.cities import STANDIN_CITIES, City, CityPools, choose_cities, standin_cities
from dualgeo.atlas.climate import ZONES, group_of
from dualgeo.atlas.countries import CONTINENTS, country
from dualgeo.errors import DualGeoError


@pytest.fixture(scope="module")
def pools() -> CityPools:
    return choose_cities(seed=2604, gallery=220, unseen=40)


def _nearest_km(some: tuple[City, ...], others: tuple[City, ...]) -> float:
    def units(cities: tuple[City, ...]) -> np.ndarray:
        lat, lon = np.radians([c.lat for c in cities]), np.radians([c.lon for c in cities])
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)

    chord = np.sqrt(((units(some)[:, None] - units(others)[None]) ** 2).sum(axis=2)).min()
    return float(2 * np.arcsin(chord / 2) * 6371)


def test_each_pool_has_its_size_and_all_six_continents(pools: CityPools) -> None:
    assert (len(pools.gallery), len(pools.unseen), len(pools.standin)) == (220, 40, STANDIN_CITIES)
    for pool in (pools.gallery, pools.unseen, pools.standin):
        assert {city.continent for city in pool} == set(CONTINENTS)


def test_pools_keep_50_km_from_each_other(pools: CityPools) -> None:
    assert _nearest_km(pools.gallery, pools.unseen) > 50
    assert _nearest_km(pools.gallery, pools.standin) > 50
    assert _nearest_km(pools.unseen, pools.standin) > 50


def test_the_standin_pool_does_not_depend_on_params(pools: CityPools) -> None:
    other = choose_cities(seed=1, gallery=30, unseen=8)
    assert other.standin == pools.standin == standin_cities()
    assert other.gallery != pools.gallery[:30]


def test_cities_are_real_and_of_many_climates(pools: CityPools) -> None:
    assert all(city.zone in ZONES and -90 < city.lat < 90 and city.population > 0 for city in pools.gallery)
    assert len({group_of(city.zone) for city in pools.gallery}) >= 8
    assert len({city.country for city in pools.gallery}) > 60
    assert any(city.coastal for city in pools.gallery)


def test_a_world_of_two_thousand_cities_is_possible_and_too_many_is_said(pools: CityPools) -> None:
    assert len(set(choose_cities(seed=3, gallery=1200, unseen=40).gallery)) == 1200
    with pytest.raises(DualGeoError, match=r"atlas\.cities: only .* ask for fewer"):
        choose_cities(seed=3, gallery=20_000, unseen=1)


def test_countries_drive_on_their_side() -> None:
    assert {code for code in ("GB", "JP", "AU", "FR", "US", "BR") if country(code, 1).drives_left} == {"GB", "JP", "AU"}
