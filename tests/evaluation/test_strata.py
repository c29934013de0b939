"""Strata: who belongs where, and that they add up to the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualgeo.evaluation.strata import continents_of, densities_of, gallery_counts, set_strata
from dualgeo.geo.sphere import destination, haversine_km
from tests.evaluation.made_rows import PARAMS, rows


def test_continents_of_codes() -> None:
    codes = np.array(["DE", "GF", "RU", "TR", "US", "PA", "NZ", "AQ", None, "ZZ"], dtype=object)
    assert list(continents_of(codes)) == [
        "Europe",
        "South America",
        "Europe",
        "Asia",
        "North America",
        "North America",
        "Oceania",
        "Antarctica",
        "at sea",
        "unknown",
    ]


def test_densities_of_counts() -> None:
    assert list(densities_of([0, 1, 9, 10, 99, 100, 10**6])) == ["0", "1-9", "1-9", "10-99", "10-99", "100+", "100+"]


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 180.0), (90.0, 0.0), (-89.99, 40.0), (48.9, 2.3)])
def test_gallery_counts_equal_trying_every_photo(lat: float, lon: float) -> None:
    rng = np.random.default_rng(0)
    gallery = destination(lat, lon, rng.uniform(0, 360, 500), rng.uniform(0, 80, 500))
    points = destination(lat, lon, rng.uniform(0, 360, 20), rng.uniform(0, 40, 20))
    expected = (haversine_km(points[0][:, None], points[1][:, None], *gallery) <= 25).sum(axis=1)
    assert expected.max() > 20
    np.testing.assert_array_equal(gallery_counts(*points, *gallery), expected)


def test_an_empty_gallery_is_near_nobody() -> None:
    assert gallery_counts([1.0, 2.0], [3.0, 4.0], [], []).tolist() == [0, 0]


@given(
    st.lists(
        st.tuples(st.sampled_from(["Asia", "Europe", "at sea"]), st.floats(0, 20000) | st.just(np.nan)), min_size=1
    )
)
def test_strata_add_up_to_the_whole(queries: list[tuple[str, float]]) -> None:
    errors = np.array([error for _, error in queries])
    found = set_strata(rows(list(errors), continent=[name for name, _ in queries]), PARAMS)
    assert set(found) == {"continent"}
    strata = found["continent"].values()
    assert sum(stratum["queries"] for stratum in strata) == len(queries)
    for key in ("1", "2500"):
        hit = sum(stratum["queries"] * stratum["acc"][key]["value"] / 100 for stratum in strata)
        assert hit == pytest.approx((errors <= float(key)).sum(), abs=1e-3)


def test_figures_of_a_stratum_are_those_of_its_queries() -> None:
    table = rows(
        [0.5, 30.0, np.nan, 10.0], settlement=["city", "city", "city", "rural"], gallery_within_25km=[0, 5, 50, 500]
    )
    found = set_strata(table, PARAMS)
    assert set(found) == {"settlement", "gallery_density"}
    city = found["settlement"]["city"]
    assert (city["queries"], city["median_km"], city["acc"]["1"]["value"]) == (3, 30.0, 33.3333)
    assert found["settlement"]["rural"]["acc"]["25"]["value"] == 100.0
    assert {name: s["queries"] for name, s in found["gallery_density"].items()} == {
        "0": 1,
        "1-9": 1,
        "10-99": 1,
        "100+": 1,
    }
