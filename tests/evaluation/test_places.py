"""Country, region and city of answers: borders, coasts, the antimeridian, poles, and what has no place."""

import numpy as np
import pytest

from dualgeo.evaluation.places import agreement, place_shares, places_of
from tests.evaluation.made_rows import PARAMS, rows

# name: (lat, lon), country, region, settlement. The region is GeoNames' spelling.
KNOWN = {
    "Eiffel Tower": (48.8584, 2.2945, "France", "FR/Île-de-France", "city"),
    "Kehl, across the Rhine from Strasbourg": (48.5736, 7.8150, "Germany", "DE/Baden-Wurttemberg", "city"),
    "El Paso, across the river from Juarez": (31.7850, -106.4500, "United States of America", "US/Texas", "city"),
    "Cayenne, France by polygons": (4.9372, -52.3260, "France", "GF/Guyane", "city"),
    "Taveuni, Fiji, by 180 degrees": (-16.9500, 179.9000, "Fiji", "FJ/Northern", "rural"),
    "By Chamonix": (45.9000, 6.8500, "France", "FR/Auvergne-Rhône-Alpes", "town"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_places(name: str) -> None:
    lat, lon, country, region, settlement = KNOWN[name]
    found = places_of([lat], [lon])
    assert found.country[0] == country
    assert found.region[0] == region
    assert found.settlement[0] == settlement


def test_a_city_is_one_place_and_its_neighbour_another() -> None:
    # Montmartre and the Eiffel Tower; Versailles lies in the circle of Paris too; Chartres, 80 km off, does not.
    paris = places_of([48.8867, 48.8584, 48.8049, 48.4470], [2.3431, 2.2945, 2.1204, 1.4890])
    assert len(set(paris.city[:3])) == 1
    assert paris.city[3] not in (paris.city[0], -1)


def test_both_sides_of_the_antimeridian_are_one_place() -> None:
    found = places_of([-16.95, -16.95, -16.95], [179.9, -180.1, 539.9])
    assert len(set(found.city)) == len(set(found.region)) == len(set(found.country)) == 1


@pytest.mark.parametrize(
    ("lat", "lon"), [(0.0, 0.0), (90.0, 0.0), (45.0, -35.0), (-48.876, -123.393)], ids=["null", "pole", "sea", "nemo"]
)
def test_open_sea_has_no_place(lat: float, lon: float) -> None:
    found = places_of([lat], [lon])
    assert found.country[0] is found.region[0] is None and found.city[0] == -1
    assert found.settlement[0] == "at sea"


def test_land_without_a_town_has_a_country_only() -> None:
    found = places_of([-90.0, -75.0], [0.0, 60.0])
    assert list(found.country) == ["Antarctica"] * 2
    assert list(found.region) == [None] * 2 and list(found.city) == [-1, -1]


def test_a_place_that_is_not_known_is_no_place() -> None:
    found = places_of([np.nan, 48.8], [2.0, np.nan])
    assert list(found.country) == [None, None] == list(found.settlement)


def test_agreement_is_a_hit_a_miss_or_not_asked() -> None:
    # Truths: Paris, Paris, Paris, Paris, open sea, Antarctica.
    truth = places_of([48.86, 48.86, 48.86, 48.86, 45.0, -75.0], [2.35, 2.35, 2.35, 2.35, -35.0, 60.0])
    # Answers: Paris, Rouen (another region), no answer, open sea, Paris, Antarctica.
    answer = places_of([48.88, 49.44, np.nan, 45.0, 48.86, -75.1], [2.34, 1.10, np.nan, -35.0, 2.35, 61.0])
    said = agreement(truth, answer)
    nan = np.nan
    np.testing.assert_array_equal(said["country"], [1, 1, 0, 0, nan, 1])
    np.testing.assert_array_equal(said["region"], [1, 0, 0, 0, nan, nan])
    np.testing.assert_array_equal(said["city"], [1, 0, 0, 0, nan, nan])


def test_shares_are_of_the_queries_that_can_be_hit() -> None:
    nan = np.nan
    table = rows(
        [1.0] * 5,
        same_country=[1.0, 1.0, 0.0, nan, 1.0],
        same_region=[1.0, 0.0, 0.0, nan, nan],
        same_city=[nan] * 5,
    )
    said = place_shares(table, PARAMS)
    assert (said["country"]["value"], said["country"]["queries"], said["country"]["no_place"]) == (75.0, 4, 1)
    assert (said["region"]["value"], said["region"]["queries"], said["region"]["no_place"]) == (33.3333, 3, 2)
    assert said["city"] == {"value": None, "low": None, "high": None, "queries": 0, "no_place": 5}
    assert said["country"]["low"] < 75.0 < said["country"]["high"]
