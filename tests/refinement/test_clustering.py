"""Batched clustering gives the labels that scikit-learn gives to each query alone."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from dualgeo.geo.sphere import EARTH_RADIUS_KM, HALF_CIRCUMFERENCE_KM, destination, haversine_km
from dualgeo.refinement import clustering
from dualgeo.refinement.clustering import dbscan_labels


def reference(lat: np.ndarray, lon: np.ndarray, eps_km: float, min_samples: int) -> np.ndarray:
    points = np.radians(np.stack([lat, lon], axis=-1))
    model = DBSCAN(eps=eps_km / EARTH_RADIUS_KM, min_samples=min_samples, metric="haversine", algorithm="brute")
    return np.stack([model.fit_predict(query) for query in points])


def no_distance_on_the_edge(lat: np.ndarray, lon: np.ndarray, eps_km: float) -> bool:
    """Whether rounding cannot decide who is a neighbour of whom."""
    distance = haversine_km(lat[:, :, None], lon[:, :, None], lat[:, None, :], lon[:, None, :])
    return bool(np.abs(distance - eps_km).min() > 1e-4)


def around(lat0: float, lon0: float, shape: tuple[int, int], spread_km: float, rng: np.random.Generator):
    return destination(
        np.full(shape, lat0), np.full(shape, lon0), rng.uniform(0, 360, shape), rng.uniform(0, spread_km, shape)
    )


CENTRES = {
    "antimeridian": (-17.0, 180.0),
    "north pole": (90.0, 0.0),
    "south pole": (-90.0, 0.0),
    "near a pole": (89.9, 120.0),
    "equator": (0.0, 0.0),
}


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("min_samples", [1, 2, 3, 5])
def test_seams_of_the_globe(centre: str, min_samples: int) -> None:
    rng = np.random.default_rng(7)
    for spread in (60.0, 200.0, 500.0):
        lat, lon = around(*CENTRES[centre], (40, 20), spread, rng)
        expected = reference(lat, lon, 50.0, min_samples)
        np.testing.assert_array_equal(dbscan_labels(lat, lon, 50.0, min_samples), expected)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(1, 50),
    min_samples=st.integers(1, 5),
    eps_km=st.sampled_from([0.5, 5.0, 50.0, 300.0, 3000.0]),
    groups=st.integers(1, 8),
    spread=st.sampled_from([0.3, 1.0, 1.7, 4.0]),
    copies=st.floats(0, 0.5),
    strays=st.floats(0, 0.6),
)
def test_random_candidates(
    seed: int, k: int, min_samples: int, eps_km: float, groups: int, spread: float, copies: float, strays: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = (6, k)
    poles = np.array([list(point) for point in CENTRES.values()])
    centres = np.column_stack([rng.uniform(-90, 90, groups), rng.uniform(-180, 180, groups)])
    centres[0] = poles[rng.integers(len(poles))]
    chosen = centres[rng.integers(0, groups, shape)]
    reach = rng.uniform(0, spread * eps_km, shape)
    lat, lon = destination(chosen[..., 0], chosen[..., 1], rng.uniform(0, 360, shape), reach)
    stray = rng.random(shape) < strays
    lat[stray], lon[stray] = rng.uniform(-90, 90, stray.sum()), rng.uniform(-180, 180, stray.sum())
    copied = rng.random(shape) < copies
    lat, lon = np.where(copied, lat[:, :1], lat), np.where(copied, lon[:, :1], lon)
    assume(no_distance_on_the_edge(lat, lon, eps_km))
    np.testing.assert_array_equal(
        dbscan_labels(lat, lon, eps_km, min_samples), reference(lat, lon, eps_km, min_samples)
    )


@settings(max_examples=100, deadline=None)
@given(
    order=st.permutations(range(12)),
    min_samples=st.integers(1, 5),
    gaps=st.lists(st.sampled_from([20.0, 45.0, 55.0, 90.0]), min_size=11, max_size=11),
)
def test_chains_with_shared_border_points(order: list[int], min_samples: int, gaps: list[float]) -> None:
    """Along a line, border points lie between two clusters and candidate order decides whose they are."""
    degrees = np.degrees(np.concatenate([[0], np.cumsum(gaps)]) / EARTH_RADIUS_KM)
    lon = (179.0 + degrees[order] + 180) % 360 - 180
    lat = np.zeros(12)
    np.testing.assert_array_equal(
        dbscan_labels(lat[None], lon[None], 50.0, min_samples), reference(lat[None], lon[None], 50.0, min_samples)
    )


def test_all_noise_and_all_the_same() -> None:
    rng = np.random.default_rng(0)
    lat, lon = np.linspace(-80, 80, 20)[None], rng.uniform(-180, 180, (1, 20))
    assert (dbscan_labels(lat, lon, 50.0, 2) == -1).all()
    assert (dbscan_labels(lat, lon, 50.0, 1) == np.arange(20)).all()
    same = np.full((3, 20), 12.3456789)
    assert (dbscan_labels(same, same, 1e-4, 5) == 0).all()


@pytest.mark.parametrize("k", [63, 64, 65, 130, 200])
def test_more_candidates_than_a_machine_word(k: int) -> None:
    rng = np.random.default_rng(k)
    lat, lon = rng.uniform(-3, 3, (4, k)), rng.uniform(177, 183, (4, k))
    for min_samples in (2, 4):
        expected = reference(lat, lon, 50.0, min_samples)
        np.testing.assert_array_equal(dbscan_labels(lat, lon, 50.0, min_samples), expected)


def test_a_query_does_not_depend_on_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    lat, lon = around(10, 20, (50, 20), 300, rng)
    whole = dbscan_labels(lat, lon, 50.0, 2)
    monkeypatch.setattr(clustering, "_ROW_BYTES", 1)
    monkeypatch.setattr(clustering, "_DISTANCE_BYTES", 1)
    np.testing.assert_array_equal(dbscan_labels(lat, lon, 50.0, 2), whole)
    np.testing.assert_array_equal(dbscan_labels(lat[7:8], lon[7:8], 50.0, 2), whole[7:8])


def test_absent_candidates_are_noise_and_change_nothing() -> None:
    rng = np.random.default_rng(2)
    lat, lon = around(-17, 180, (10, 12), 120, rng)
    padded = [np.concatenate([values, np.full((10, 5), np.nan)], axis=1) for values in (lat, lon)]
    labels = dbscan_labels(*padded, 50.0, 2)
    np.testing.assert_array_equal(labels[:, :12], dbscan_labels(lat, lon, 50.0, 2))
    assert (labels[:, 12:] == -1).all()
    assert (dbscan_labels(*padded, float(HALF_CIRCUMFERENCE_KM), 2)[:, 12:] == -1).all()


def test_a_radius_of_the_whole_earth_joins_everything() -> None:
    assert (dbscan_labels([[90.0, -90.0, 0.0]], [[0.0, 0.0, 7.0]], 20100.0, 3) == 0).all()


def test_no_queries_and_no_candidates() -> None:
    assert dbscan_labels(np.empty((0, 20)), np.empty((0, 20)), 50.0, 2).shape == (0, 20)
    assert dbscan_labels(np.empty((4, 0)), np.empty((4, 0)), 50.0, 2).shape == (4, 0)
    with pytest.raises(ValueError, match="shape"):
        dbscan_labels([1.0], [1.0], 50.0, 2)
