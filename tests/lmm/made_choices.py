"""Coordinates to choose from, with the fit that a test wants them to have."""

import numpy as np

from dualgeo.lmm.choices import Choices
from dualgeo.lmm.generated import Generated
from dualgeo.params import RefineParams, load_params
from dualgeo.refinement.refine import answer
from dualgeo.refinement.rerank import Candidates
from tests.lmm.made_cell import PROJECT

REFINE: RefineParams = load_params(PROJECT / "params.yaml").refine
Place = tuple[float, float]
NOWHERE: Place = (np.nan, np.nan)


def choices(found: list[list[Place]], made: list[list[Place]], fit: list[list[float]] | None = None) -> Choices:
    """Candidates and generated coordinates of some photos, best first.

    `fit`: of the candidates, the retrieval answer and the generated ones; without it all fit alike.
    """
    places = np.array(found, np.float64).reshape(len(found), -1, 2)
    said = np.array(made, np.float64).reshape(len(made), -1, 2)
    score = np.broadcast_to(np.linspace(0.9, 0.5, places.shape[1]), places.shape[:2])
    candidates = Candidates(places[..., 0], places[..., 1], np.where(np.isnan(places[..., 0]), np.nan, score))
    generated = Generated(said[..., 0], said[..., 1], np.full(said.shape[:2], 10.0))

    def similarity(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        wanted = np.zeros(lat.shape) if fit is None else np.array(fit, np.float64)
        return np.where(np.isnan(lat), np.nan, wanted)

    return Choices.of(candidates, answer(candidates, REFINE), generated, similarity)
