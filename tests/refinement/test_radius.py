"""Radii hold what they say."""

from pathlib import Path

import numpy as np
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.files import write_json
from dualgeo.geo.sphere import destination
from dualgeo.refinement.radius import LARGEST_KM, SMALLEST_KM, Calibration, error_scale, radius_column
from dualgeo.refinement.rerank import Candidates

COVERAGE = [0.5, 0.9]


def heavy_tailed(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors over four decades whose size the scale foretells, roughly."""
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.uniform(0, 8, n))
    return scale * np.exp(rng.normal(0, 1, n)), scale


def test_coverage_is_near_nominal_and_never_far_below() -> None:
    covered = []
    for seed in range(60):
        calibration = Calibration.fit(*heavy_tailed(200, seed), COVERAGE)
        errors, scales = heavy_tailed(500, 1000 + seed)
        covered.append((errors[:, None] <= calibration.radius_km(scales)).mean(axis=0))
    np.testing.assert_allclose(np.mean(covered, axis=0), COVERAGE, atol=0.015)


def test_a_scale_that_foretells_errors_makes_radii_smaller() -> None:
    errors, scales = heavy_tailed(400, 0)
    normalised = Calibration.fit(errors, scales, COVERAGE).radius_km(scales)[:, 1]
    flat = Calibration.fit(errors, np.ones(400), COVERAGE).radius_km(np.ones(400))[:, 1]
    assert np.median(normalised) < 0.5 * np.median(flat)


def test_failures_count_as_infinite_errors() -> None:
    errors, scales = heavy_tailed(100, 1)
    errors[:20], scales[:20] = np.nan, np.nan
    calibration = Calibration.fit(errors, scales, COVERAGE)
    assert calibration.failed == 20
    assert calibration.quantiles[0] is not None
    assert calibration.quantiles[1] is None  # 80 % answered cannot promise 90 %
    assert calibration.radius_km(5.0)[1] == LARGEST_KM
    assert "90 %" in calibration.note


def test_few_validation_photos_give_one_radius_and_say_so() -> None:
    calibration = Calibration.fit(np.arange(1.0, 12.0), np.ones(11), COVERAGE)
    assert not calibration.normalised
    assert "Only 11 validation photos" in calibration.note
    np.testing.assert_array_equal(calibration.radius_km([1.0, 900.0]), [[6, 11], [6, 11]])
    assert np.isnan(calibration.radius_km(np.nan)).all()


def test_no_validation_photos_give_no_radius() -> None:
    calibration = Calibration.fit([], [], COVERAGE)
    assert np.isnan(calibration.radius_km([1.0, 2.0])).all()
    assert "No validation photos" in calibration.note


def test_radii_stay_on_the_earth() -> None:
    calibration = Calibration.fit(np.zeros(50), np.ones(50), COVERAGE)
    assert calibration.radius_km(1.0).tolist() == [SMALLEST_KM, SMALLEST_KM]
    wide = Calibration.fit(np.full(50, 9000.0), np.ones(50), COVERAGE)
    assert wide.radius_km(1e6).tolist() == [LARGEST_KM, LARGEST_KM]


@pytest.mark.parametrize("n", [0, 7, 100])
def test_a_saved_calibration_states_the_same_radii(tmp_path: Path, n: int) -> None:
    calibration = Calibration.fit(*heavy_tailed(n, 3), COVERAGE)
    calibration.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == calibration


def test_a_foreign_calibration_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "calibration.json", {"format": 99})
    with pytest.raises(DualGeoError, match="another version"):
        Calibration.load(tmp_path / "calibration.json")
    write_json(tmp_path / "calibration.json", {"format": 1, "coverage": [0.5]})
    with pytest.raises(DualGeoError, match="incomplete"):
        Calibration.load(tmp_path / "calibration.json")


def test_scale_grows_with_disagreement_and_with_a_thin_margin() -> None:
    rng = np.random.default_rng(0)
    bearing = rng.uniform(0, 360, (1, 20))
    score = np.linspace(0.9, 0.5, 20)[None]
    here = np.zeros(1)

    def scale(spread_km: float, similarity: np.ndarray = score) -> float:
        lat, lon = destination(np.zeros((1, 20)), 0.0, bearing, np.linspace(0, spread_km, 20))
        return float(error_scale(Candidates(lat, lon, similarity), here, here)[0])

    assert 1 <= scale(2) < scale(50) < scale(5000)
    sure = np.concatenate([[[0.99]], np.full((1, 19), 0.2)], axis=1)
    assert scale(5000, sure) < scale(5000)
    nothing = np.full((1, 3), np.nan)
    assert np.isnan(error_scale(Candidates(nothing, nothing, nothing), here, here)[0])


def test_columns_are_named_by_percent() -> None:
    assert [radius_column(level) for level in (0.5, 0.9, 0.995)] == ["radius_km_50", "radius_km_90", "radius_km_99.5"]
