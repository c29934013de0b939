"""Figures about errors: what counts as a hit, a failure, a miss."""

import numpy as np
import pytest

from dualgeo.evaluation.baseline import no_skill_shares
from dualgeo.evaluation.metrics import geoscore, hits, mean_km, median_km, null_island, quantile_km
from dualgeo.geo.sphere import destination, geodesic_km, haversine_km

THRESHOLDS = [1.0, 25.0, 200.0, 750.0, 2500.0]


def test_an_error_on_the_threshold_is_a_hit_and_a_failure_never() -> None:
    within = hits([0.0, 1.0, 25.0, 25.000001, np.nan], THRESHOLDS)
    assert within[:, 0].tolist() == [1, 1, 0, 0, 0]
    assert within[:, 1].tolist() == [1, 1, 1, 0, 0]
    assert within[4].sum() == 0


def test_median_takes_failures_as_infinite() -> None:
    assert median_km([1.0, 2.0, np.nan]) == 2.0
    assert median_km([1.0, 2.0, 3.0, np.nan]) == 2.5
    assert median_km([1.0, np.nan]) is None
    assert median_km([np.nan] * 3) is None
    assert median_km([]) is None


def test_mean_and_quantile_leave_failures_out() -> None:
    assert mean_km([1.0, 3.0, np.nan]) == 2.0
    assert quantile_km([*np.arange(11.0), np.nan], 0.9) == 9.0
    assert mean_km([np.nan]) is None and quantile_km([np.nan], 0.9) is None


def test_geoscore_of_known_errors() -> None:
    np.testing.assert_allclose(geoscore([0.0, 1492.7, np.nan]), [5000, 5000 / np.e, 0])


def test_no_skill_answers_the_one_best_gallery_place() -> None:
    # Three queries near Berlin, two near Sydney; gallery has both and a place nobody asked about.
    gallery = np.array([[0.0, 0.0], [-33.87, 151.21], [52.52, 13.40]])
    queries = np.array([[52.5, 13.4], [52.6, 13.5], [52.4, 13.2], [-33.9, 151.2], [-33.8, 151.3]])
    shares = no_skill_shares(*gallery.T, *queries.T, THRESHOLDS)
    assert shares == [0.0, 0.6, 0.6, 0.6, 0.6]
    assert no_skill_shares([], [], *queries.T, THRESHOLDS) == [0.0] * 5


def test_no_skill_equals_trying_every_place() -> None:
    rng = np.random.default_rng(0)
    lat, lon = destination(10.0, 179.5, rng.uniform(0, 360, 150), rng.uniform(0, 900, 150))
    gallery, queries = slice(0, 100), slice(100, 150)
    errors = geodesic_km(lat[gallery, None], lon[gallery, None], lat[None, queries], lon[None, queries])
    expected = [(errors <= threshold).mean(axis=1).max() for threshold in THRESHOLDS]
    assert no_skill_shares(lat[gallery], lon[gallery], lat[queries], lon[queries], THRESHOLDS) == pytest.approx(
        expected, abs=0.021
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_skill_looks_into_every_cell_that_matters(seed: int) -> None:
    """Dense and sparse places, repeated coordinates, both sides of 180 degrees and a pole."""
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, 5, 400)
    lat, lon = destination(
        np.array([0.0, 89.9, -45.0, 48.9, 48.2])[centre],
        np.array([179.9, 10.0, -179.0, 2.3, 16.4])[centre],
        rng.uniform(0, 360, 400),
        rng.choice([0.0, 3.0, 80.0, 1500.0], 400) * rng.random(400),
    )
    gallery, queries = slice(0, 300), slice(300, 400)
    errors = haversine_km(lat[gallery, None], lon[gallery, None], lat[None, queries], lon[None, queries])
    expected = [float((errors <= threshold).mean(axis=1).max()) for threshold in [*THRESHOLDS, 30000.0]]
    found = no_skill_shares(
        lat[gallery], lon[gallery], lat[queries], lon[queries], [*THRESHOLDS, 30000.0], haversine_km
    )
    assert found == expected


def test_null_island_is_a_square_of_a_hundredth_degree() -> None:
    lat = [0.0, 0.0099, -0.0099, 0.01, 0.0, np.nan]
    lon = [0.0, -0.0099, 0.0, 0.0, 5.0, np.nan]
    assert null_island(lat, lon) == 3
