"""Distances, means and areas on the Earth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Proj

from dualgeo.geo.projections import MERCATOR_LATITUDE_LIMIT, equal_earth, web_mercator
from dualgeo.geo.sphere import (
    EARTH_RADIUS_KM,
    HALF_CIRCUMFERENCE_KM,
    cap_area_km2,
    chord_of_km,
    degrees_of,
    destination,
    geodesic_km,
    haversine_km,
    km_of_chord,
    spherical_mean,
    unit_vectors,
    wrap_longitude,
)

lats = st.floats(-90, 90)
lons = st.floats(-180, 180)


def random_points(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.degrees(np.arcsin(rng.uniform(-1, 1, count))), rng.uniform(-180, 180, count)


def test_geodesic_equals_pyproj_one_by_one() -> None:
    (lat1, lon1), (lat2, lon2) = random_points(200, 1), random_points(200, 2)
    geod = Geod(ellps="WGS84")
    one_by_one = [geod.inv(b, a, d, c)[2] / 1000 for a, b, c, d in zip(lat1, lon1, lat2, lon2, strict=True)]
    np.testing.assert_array_equal(geodesic_km(lat1, lon1, lat2, lon2), one_by_one)


def test_geodesic_knows_a_quarter_meridian() -> None:
    assert geodesic_km(0, 0, 90, 0) == pytest.approx(10001.965729, abs=1e-5)


def test_geodesic_broadcasts_and_keeps_unknown_unknown() -> None:
    distances = geodesic_km([0, np.nan, 10], [0, 0, np.nan], 0.0, 1.0)
    assert distances[0] == pytest.approx(111.319, abs=1e-3)
    assert np.isnan(distances[1:]).all()
    assert geodesic_km([[0], [1]], [[0], [1]], [0, 1, 2], [0, 1, 2]).shape == (2, 3)


def test_haversine_differs_from_the_ellipsoid_by_under_0_6_percent() -> None:
    (lat1, lon1), (lat2, lon2) = random_points(2000, 3), random_points(2000, 4)
    true = geodesic_km(lat1, lon1, lat2, lon2)
    assert np.max(np.abs(haversine_km(lat1, lon1, lat2, lon2) - true) / true) < 0.006


@given(lats, lons, lats, lons)
def test_haversine_is_a_distance(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    distance = float(haversine_km(lat1, lon1, lat2, lon2))
    assert 0 <= distance <= HALF_CIRCUMFERENCE_KM
    assert distance == pytest.approx(float(haversine_km(lat2, lon2, lat1, lon1)), abs=1e-9)
    assert distance == pytest.approx(float(haversine_km(lat1, lon1 + 360, lat2, lon2)), abs=1e-3)
    chord = float(np.linalg.norm(unit_vectors(lat1, lon1) - unit_vectors(lat2, lon2)))
    assert distance == pytest.approx(float(km_of_chord(chord)), abs=1e-3)


def test_haversine_across_the_antimeridian_and_at_the_poles() -> None:
    assert haversine_km(0, 179.5, 0, -179.5) == pytest.approx(EARTH_RADIUS_KM * np.radians(1))
    assert haversine_km(90, 0, 90, 123) == pytest.approx(0, abs=1e-9)
    assert haversine_km(90, 0, -90, 77) == pytest.approx(HALF_CIRCUMFERENCE_KM)


@given(st.floats(0, float(HALF_CIRCUMFERENCE_KM)))
def test_chord_and_arc_are_inverse(distance: float) -> None:
    assert float(km_of_chord(chord_of_km(distance))) == pytest.approx(distance, rel=1e-6, abs=1e-9)


@given(lats, lons)
def test_vectors_keep_the_point(lat: float, lon: float) -> None:
    back = degrees_of(unit_vectors(lat, lon))
    assert float(haversine_km(lat, lon, *back)) < 1e-6
    assert -180 <= float(back[1]) < 180


def test_wrapping_keeps_longitudes_in_range_to_the_bit() -> None:
    lon = np.array([-180.0, -0.1, 0.1, 179.99999999999997])
    np.testing.assert_array_equal(wrap_longitude(lon), lon)
    np.testing.assert_allclose(wrap_longitude([180, 190, -181, 540]), [-180, -170, 179, -180])


def test_mean_across_the_antimeridian() -> None:
    lat, lon = spherical_mean([-17, -17], [179, -179])
    assert lat == pytest.approx(-17, abs=0.01)
    assert abs(float(lon)) == pytest.approx(180)


def test_mean_around_a_pole_is_the_pole() -> None:
    lat, _ = spherical_mean([80, 80, 80, 80], [0, 90, 180, -90])
    assert lat == pytest.approx(90)


def test_mean_of_antipodes_is_the_heaviest_point() -> None:
    assert [float(v) for v in spherical_mean([0, 0], [10, -170])] == [0, 10]
    assert [float(v) for v in spherical_mean([30, -30], [10, -170], [1, 1 + 1e-12])] == [-30, -170]


def test_mean_weights_mask_and_batches() -> None:
    lat = np.array([[10.0, 20.0, np.nan], [5.0, 6.0, 7.0], [1.0, 1.0, 1.0]])
    lon = np.array([[10.0, 20.0, np.nan], [5.0, 6.0, 7.0], [1.0, 1.0, 1.0]])
    mean_lat, mean_lon = spherical_mean(lat, lon, [[1, 0, 0], [0, 0, 3], [0, 0, 0]])
    np.testing.assert_allclose(mean_lat[:2], [10, 7])
    np.testing.assert_allclose(mean_lon[:2], [10, 7])
    assert np.isnan(mean_lat[2]) and np.isnan(mean_lon[2])
    assert all(np.isnan(v) for v in spherical_mean([], []))
    with pytest.raises(ValueError, match="negative"):
        spherical_mean([0, 1], [0, 1], [1, -1])


@given(lats, lons, st.floats(0, 360), st.floats(0, 15000))
def test_destination_lies_at_the_distance(lat: float, lon: float, bearing: float, distance: float) -> None:
    arrived = destination(lat, lon, bearing, distance)
    assert float(haversine_km(lat, lon, *arrived)) == pytest.approx(distance, abs=1e-3)


def test_destination_follows_the_bearing() -> None:
    lat, lon = destination(0, 0, [0, 90, 180, 270], 100)
    degrees = np.degrees(100 / EARTH_RADIUS_KM)
    np.testing.assert_allclose(lat, [degrees, 0, -degrees, 0], atol=1e-12)
    np.testing.assert_allclose(lon, [0, degrees, 0, -degrees], atol=1e-12)


def test_cap_area() -> None:
    whole = 4 * np.pi * EARTH_RADIUS_KM**2
    assert cap_area_km2(HALF_CIRCUMFERENCE_KM) == pytest.approx(whole)
    assert cap_area_km2(HALF_CIRCUMFERENCE_KM / 2) == pytest.approx(whole / 2)
    assert cap_area_km2(0.001) == pytest.approx(np.pi * 1e-6, rel=1e-6)


def test_projections_equal_proj() -> None:
    lat, lon = random_points(500)
    np.testing.assert_allclose(equal_earth(lat, lon), Proj("+proj=eqearth +R=1")(lon, lat), atol=1e-12)
    lat = lat * MERCATOR_LATITUDE_LIMIT / 90
    np.testing.assert_allclose(web_mercator(lat, lon), Proj("+proj=merc +R=1")(lon, lat), atol=1e-12)


def test_mercator_stays_finite_at_the_poles() -> None:
    _, y = web_mercator([90, -90], [0, 0])
    np.testing.assert_allclose(y, [np.pi, -np.pi])
