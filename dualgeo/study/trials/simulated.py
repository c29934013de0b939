"""What the second stage makes of a model's answers, good or bad: models are simulated, verification is the real one."""

from dataclasses import dataclass
from typing import get_args

from dualgeo.geo.sphere import Floats, geodesic_km
from dualgeo.lmm.choices import Choices
from dualgeo.lmm.margin import Margins
from dualgeo.lmm.similarity import ImageGps
from dualgeo.lmm.simulated import SimulatedModel
from dualgeo.lmm.verify import verify
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.params import Params
from dualgeo.params.lmm import Verification
from dualgeo.refinement.refine import answer
from dualgeo.refinement.rerank import Candidates
from dualgeo.study.trials.predict import Predicted

SIMULATED = "LMM (simulated)"
METHODS: tuple[Verification, ...] = get_args(Verification)


@dataclass(frozen=True)
class Trial:
    """A simulated model and who verifies its answers."""

    model: SimulatedModel
    method: Verification

    @property
    def name(self) -> str:
        """How tables call it."""
        how = {"none": "no verification", "similarity-argmax": "similarity argmax"}.get(self.method, self.method)
        return f"{self.model.name}, {how}"


def models_of(params: Params) -> list[SimulatedModel]:
    """One that knows every photo to each of study.simulated_km, one that knows a share of them, one that guesses."""
    knowing, share = params.study.simulated_km, params.study.simulated_share
    half = [SimulatedModel(knowing[-1], share)] if share < 1 else []
    return [*(SimulatedModel(km) for km in knowing), *half, SimulatedModel(knowing[-1], 0.0)]


def trials_of(params: Params) -> list[Trial]:
    """Every simulated model with every way of verification."""
    return [Trial(model, method) for model in models_of(params) for method in METHODS]


def simulate(
    system: GeoSystem, gallery: CachedPhotos, asked: CachedPhotos, candidates: Candidates, params: Params, seed: int
) -> dict[str, Floats]:
    """Errors in km of every trial, by its name, for the photos of `asked`, whose candidates are those of the system.

    Photos are encoded once. A model's answers are the same for every verification; they depend on `seed` and
    `study.seed` and the photo. Margins are learned on validation photos, as the refine stage learns them.
    """
    ids, truth = asked.table["photo_id"].tolist(), asked.latlon
    answers, similarity = answer(candidates, params.refine), ImageGps.of(system, asked)
    validation = (asked.table["split"] == "validation").to_numpy()
    retrieval_km = Predicted(answers.lat, answers.lon).errors_km(asked.table)
    errors: dict[str, Floats] = {}
    for model in models_of(params):
        made = model.answer(ids, truth[:, 0], truth[:, 1], gallery.latlon, params.study.seed + seed)
        choices = Choices.of(candidates, answers, made, similarity)
        made_km = geodesic_km(truth[:, 0], truth[:, 1], made.lat[:, 0], made.lon[:, 0])
        known = [photo for photo, is_validation in zip(ids, validation, strict=True) if is_validation]
        margins = Margins.learn(known, choices.gain[validation], retrieval_km[validation], made_km[validation])
        for method in METHODS:
            final = verify(method, choices, params.refine, margins.of(ids, validation))
            errors[Trial(model, method).name] = Predicted(final.lat, final.lon).errors_km(asked.table)
    return errors
