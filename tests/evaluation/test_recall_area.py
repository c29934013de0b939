"""Recall versus area: areas known from formulas and from an independent projection."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from dualgeo.evaluation.ranked import Ranked
from dualgeo.evaluation.recall_area import (
    EARTH_KM2,
    GRID_KM2,
    answer_area_km2,
    area_at,
    candidates_area_km2,
    cells_area_km2,
    recall,
)
from dualgeo.geo.sphere import EARTH_RADIUS_KM, cap_area_km2, destination, haversine_km

CAP_25 = float(cap_area_km2(25.0))


def ranked(lat: list[list[float]], lon: list[list[float]], truth: tuple[float, float]) -> Ranked:
    lats, lons = np.array(lat), np.array(lon)
    return Ranked(lats, lons, haversine_km(truth[0], truth[1], lats, lons))


def test_an_answer_is_searched_around() -> None:
    quarter = np.pi / 2 * EARTH_RADIUS_KM
    found = answer_area_km2([0.0, 1.0, quarter, 2 * quarter, 3 * quarter, np.nan])
    np.testing.assert_allclose(found, [0, np.pi, EARTH_KM2 / 2, EARTH_KM2, EARTH_KM2, np.inf], rtol=1e-6)


def test_caps_apart_add_up_until_the_truth_is_covered() -> None:
    # The truth lies 10 km from the third candidate; the fourth is never searched.
    lat, lon = [[0.0, 10.0, 20.0, 30.0]], [[0.0, 0.0, 0.0, 0.0]]
    found = ranked(lat, lon, (20.09, 0.0))
    assert candidates_area_km2(found, 25.0)[0] == pytest.approx(3 * CAP_25)
    assert candidates_area_km2(found, 5.0)[0] == np.inf
    assert candidates_area_km2(found, 25000.0)[0] == pytest.approx(EARTH_KM2)


def test_the_same_place_twice_is_searched_once() -> None:
    found = ranked([[0.0, 0.0, 0.0, 5.0]], [[180.0, -180.0, 180.0, 0.0]], (5.0, 0.0))
    assert candidates_area_km2(found, 25.0)[0] == pytest.approx(2 * CAP_25, rel=1e-9)


def test_a_gap_in_the_ranking_costs_nothing() -> None:
    found = ranked([[np.nan, 1.0, np.nan, 5.0]], [[np.nan, 0.0, np.nan, 0.0]], (5.0, 0.0))
    assert candidates_area_km2(found, 25.0)[0] == pytest.approx(2 * CAP_25)


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 180.0), (89.9, 30.0), (-50.0, 10.0), (-90.0, 0.0)])
@pytest.mark.parametrize("radius", [1.0, 25.0, 200.0])
def test_overlapping_caps_equal_their_union(lat: float, lon: float, radius: float) -> None:
    """Unions of discs in an azimuthal equal-area projection (PROJ, GEOS), within 2 % of a cap."""
    rng = np.random.default_rng(3)
    centres = destination(lat, lon, rng.uniform(0, 360, 6), rng.uniform(0, 1.5 * radius, 6))
    far = destination(lat, lon, 45.0, 6 * radius)
    lats, lons = np.array([[*centres[0], far[0]]]), np.array([[*centres[1], far[1]]])
    errors = np.full((1, 7), 1e9)
    errors[0, 6] = 0.0
    flat = Transformer.from_crs(
        f"+proj=longlat +R={1000 * EARTH_RADIUS_KM}",
        f"+proj=laea +lat_0={lat} +lon_0={lon} +R={1000 * EARTH_RADIUS_KM} +units=km",
        always_xy=True,
    )
    discs = []
    for y, x in zip(lats[0], lons[0], strict=True):
        edge = destination(y, x, np.arange(0, 360, 0.5), radius)
        discs.append(shapely.Polygon(np.column_stack(flat.transform(edge[1], edge[0]))))
    expected = shapely.union_all(discs).area
    found = candidates_area_km2(Ranked(lats, lons, errors), radius)[0]
    assert found == pytest.approx(expected, abs=0.02 * 7 * float(cap_area_km2(radius)) / 2)
    assert found < 0.85 * 7 * float(cap_area_km2(radius))


def test_cells_are_searched_by_score() -> None:
    scores = [[0.1, 0.5, 0.4], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6], [0.1, 0.5, 0.4]]
    areas = [100.0, 10.0, 1.0]
    # Second and third: the cell in question is last; ties count half of the others; outside all cells.
    found = cells_area_km2(scores, areas, [1, 0, 0, -1])
    np.testing.assert_allclose(found, [10.0, 111.0, 1.0 + 100.0 + 10.0 / 2, np.inf])


def test_area_at_half_recall_counts_failures() -> None:
    assert area_at(np.array([1.0, 5.0, 7.0, np.inf])) == 5.0
    assert area_at(np.array([1.0, 5.0, np.inf])) == 5.0
    assert area_at(np.array([1.0, np.inf, np.inf])) is None
    assert area_at(np.array([])) is None


@settings(max_examples=50)
@given(st.lists(st.floats(0, 20015) | st.just(np.nan), min_size=1, max_size=30))
def test_recall_rises_with_area_up_to_what_is_answered(errors: list[float]) -> None:
    shares = recall(answer_area_km2(errors))
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == pytest.approx(1 - np.isnan(errors).mean())
    half = area_at(answer_area_km2(errors))
    if half is not None:
        assert recall(answer_area_km2(errors), np.array([half]))[0] >= 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_caps_never_count_more_than_their_sum_nor_less_than_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = destination(60.0, 179.9, rng.uniform(0, 360, (4, 6)), rng.uniform(0, 120, (4, 6)))
    errors = haversine_km(60.0, 179.9, lat, lon)
    found = candidates_area_km2(Ranked(lat, lon, errors), 50.0)
    place = np.where((errors <= 50).any(axis=1), np.argmax(errors <= 50, axis=1), -1)
    cap = float(cap_area_km2(50.0))
    assert (np.isinf(found) == (place < 0)).all()
    covered = place >= 0
    assert (found[covered] >= cap * (1 - 1e-9)).all()
    assert (found[covered] <= (place[covered] + 1) * cap * (1 + 1e-9)).all()


def test_the_grid_ends_at_the_whole_earth() -> None:
    assert GRID_KM2[0] == 1.0 and GRID_KM2[-1] == pytest.approx(5.1006e8, rel=1e-4)
    assert (np.diff(GRID_KM2) > 0).all()
