"""Simulated models are as good as they are said to be, no better and no worse, and nobody can configure one."""

from typing import get_args

import numpy as np
import pytest
from scipy.stats import binomtest

from dualgeo.geo.sphere import haversine_km
from dualgeo.lmm.simulated import GUESS_RADIUS_KM, SimulatedModel, uniforms
from dualgeo.params.lmm import ProviderName
from tests.lmm.made_cell import made_params

COUNT = 3000
IDS = [f"photo-{number}" for number in range(COUNT)]
_DRAW = np.random.default_rng(0)
LAT, LON = np.degrees(np.arcsin(_DRAW.uniform(-1, 1, COUNT))), _DRAW.uniform(-180, 180, COUNT)
GALLERY = np.stack([_DRAW.uniform(-60, 60, 500), _DRAW.uniform(-180, 180, 500)], axis=1)


def errors_km(model: SimulatedModel, seed: int = 0) -> np.ndarray:
    made = model.answer(IDS, LAT, LON, GALLERY, seed)
    return haversine_km(LAT, LON, made.lat[:, 0], made.lon[:, 0])


@pytest.mark.parametrize("sigma", [0.5, 10.0, 300.0])
@pytest.mark.parametrize("threshold", [1.0, 25.0, 750.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_errors_follow_the_formula_within_binomial_bounds(sigma: float, threshold: float, seed: int) -> None:
    model = SimulatedModel(sigma)
    hits = int((errors_km(model, seed) <= threshold).sum())
    assert binomtest(hits, COUNT, model.expected(threshold)).pvalue > 0.001


def test_errors_point_everywhere_alike_at_the_poles_as_at_the_equator() -> None:
    made = SimulatedModel(50.0).answer(IDS, LAT, LON, GALLERY, 0)
    north = made.lat[:, 0] > LAT
    assert binomtest(int(north[np.abs(LAT) < 60].sum()), int((np.abs(LAT) < 60).sum()), 0.5).pvalue > 0.001
    for band in (np.abs(LAT) > 70, np.abs(LAT) < 10):
        length = errors_km(SimulatedModel(50.0))[band]
        assert np.sqrt((length**2).mean() / 2) == pytest.approx(50.0, rel=0.08)


def test_the_radius_it_states_holds_nine_times_in_ten() -> None:
    made = SimulatedModel(10.0).answer(IDS, LAT, LON, GALLERY, 0)
    inside = int((errors_km(SimulatedModel(10.0)) <= made.radius_km[:, 0]).sum())
    assert binomtest(inside, COUNT, 0.9).pvalue > 0.001


def test_it_knows_the_stated_share_and_guesses_gallery_places_for_the_rest() -> None:
    made = SimulatedModel(10.0, 0.3).answer(IDS, LAT, LON, GALLERY, 4)
    guessed = made.radius_km[:, 0] == GUESS_RADIUS_KM
    assert binomtest(int(guessed.sum()), COUNT, 0.7).pvalue > 0.001
    places = {tuple(place) for place in GALLERY}
    said = list(zip(made.lat[:, 0].tolist(), made.lon[:, 0].tolist(), strict=True))
    assert all((place in places) == bool(guess) for place, guess in zip(said, guessed, strict=True))
    assert len({place for place, guess in zip(said, guessed, strict=True) if guess}) > 450, "all over the gallery"
    assert SimulatedModel(10.0, 0.0).expected(25.0) == 0.0


def test_an_answer_depends_on_seed_and_photo_alone() -> None:
    model, order = SimulatedModel(5.0, 0.5), _DRAW.permutation(COUNT)[:100]
    all_ = model.answer(IDS, LAT, LON, GALLERY, 1)
    some = model.answer([IDS[n] for n in order], LAT[order], LON[order], GALLERY, 1)
    np.testing.assert_array_equal(some.lat[:, 0], all_.lat[order, 0])
    other = model.answer(IDS, LAT, LON, GALLERY, 2)
    assert (other.lat != all_.lat).mean() > 0.99
    drawn = uniforms(IDS, 0)
    assert drawn.min() >= 0 and drawn.max() < 1 and np.abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 0.07


def test_no_params_can_name_a_simulated_model_as_the_provider() -> None:
    assert "simulated" not in get_args(ProviderName)
    with pytest.raises(ValueError, match="provider"):
        made_params(provider="simulated")
