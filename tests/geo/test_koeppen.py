"""Köppen main groups of known places."""

import numpy as np
import pytest

from dualgeo.atlas.climate import ClimateMap
from dualgeo.geo.koeppen import main_groups

KNOWN = {
    "tropical": [(1.35, 103.82), (-3.12, -60.02), (6.52, 3.38)],
    "dry": [(24.71, 46.68), (-25.0, 134.0), (36.17, -115.14)],
    "temperate": [(51.51, -0.13), (-33.87, 151.21), (41.90, 12.50)],
    "continental": [(55.76, 37.62), (43.06, 141.35), (45.50, -73.57)],
    "polar": [(72.0, -40.0), (-80.0, 20.0), (-89.99, 0.0)],
    "at sea": [(0.0, 0.0), (45.0, -35.0), (-40.0, 179.999), (89.99, 0.0)],
}


@pytest.mark.parametrize("group", KNOWN)
def test_known_places(group: str) -> None:
    lat, lon = np.array(KNOWN[group]).T
    assert list(main_groups(lat, lon)) == [group] * len(lat)
    assert list(main_groups(lat, lon + 360)) == [group] * len(lat)


def test_what_is_not_known_has_no_climate() -> None:
    assert list(main_groups([np.nan, 1.0], [2.0, np.inf])) == [None, None]


def test_groups_are_the_first_letters_of_the_zones() -> None:
    rng = np.random.default_rng(0)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 400))), rng.uniform(-180, 180, 400)
    letters = dict(zip(("tropical", "dry", "temperate", "continental", "polar"), "ABCDE", strict=True))
    zones, groups = ClimateMap(), main_groups(lat, lon)
    compared = [
        (zones.zone(y, x)[0], letters[group]) for y, x, group in zip(lat, lon, groups, strict=True) if group in letters
    ]
    assert len(compared) > 80 and len({mine for mine, _ in compared}) == 5
    # By the sea the most frequent zone need not be of the most frequent group.
    assert sum(mine != other for mine, other in compared) <= 2
