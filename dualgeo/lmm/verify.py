"""The final coordinate of photos for which there are retrieved and generated ones.

Img2Loc (arXiv 2403.19584) takes the model's answer as it is. G3 (arXiv 2405.14702) compares the photo with all
coordinates, retrieved and generated, in the space of its image and location encoders, and takes the best fit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats
from dualgeo.lmm.choices import Choices
from dualgeo.params import RefineParams
from dualgeo.params.lmm import Verification
from dualgeo.refinement.consensus import consensus, medoid
from dualgeo.refinement.rerank import Candidates, Integers, rerank


@dataclass(frozen=True)
class Verified:
    """Final coordinates of B photos."""

    lat: Floats
    lon: Floats
    """Degrees; NaN where neither retrieval nor the model gave one."""
    chosen: Integers
    """Column (B,) of the generated coordinate that became the answer, -1 where a retrieved one stands."""

    @property
    def generated(self) -> npt.NDArray[np.bool_]:
        """Whether the answer is the model's, (B,)."""
        return self.chosen >= 0


def verify(method: Verification, choices: Choices, refine: RefineParams, margin: float | Floats) -> Verified:
    """Pick a coordinate for each photo.

    Where the model gave none, the retrieval answer stands, and where retrieval gave none, the model's, whatever the
    method. `margin`, one or one for each photo (B,), is for "similarity" alone; `refine` says how "consensus" clusters.
    """
    match method:
        case "none":
            picked = _models_own(choices)
        case "similarity":
            better = np.nan_to_num(choices.gain, nan=-np.inf) > margin
            picked = np.where(better, choices.best_generated, choices.retrieval)
        case "similarity-argmax":
            picked = np.argmax(np.where(np.isnan(choices.fit), -np.inf, choices.fit), axis=1)
        case "consensus":
            picked = _agreed(choices, refine)
    retrieved = np.isfinite(choices.answers.lat)
    picked = np.where(~retrieved & (picked <= choices.retrieval), _models_own(choices), picked)
    picked = np.where(choices.generated.answered, picked, choices.retrieval)
    lat, lon = (np.take_along_axis(v, picked[:, None], axis=1)[:, 0] for v in (choices.lat, choices.lon))
    return Verified(lat, lon, np.maximum(picked - choices.retrieval - 1, -1))


def _models_own(choices: Choices) -> Integers:
    """The generated coordinate nearest to the others (B,): an actual answer, never a mean of several."""
    made = choices.generated
    if made.lat.shape[1] == 0:
        return np.full(len(made.lat), choices.retrieval)
    everyone = Candidates(made.lat, made.lon, np.where(made.present, 0.0, np.nan))
    return choices.retrieval + 1 + medoid(everyone, made.present, np.ones(made.lat.shape))


def _agreed(choices: Choices, refine: RefineParams) -> Integers:
    """The medoid (B,) of the winning cluster of retrieved and generated coordinates; where none forms, retrieval.

    A generated coordinate has no similarity to the photo's picture: it counts as much as the most similar candidate.
    """
    found, made = choices.candidates, choices.generated
    best = np.max(np.where(found.present, found.score, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    vote = np.where(made.present, np.where(np.isfinite(best), best, 1.0), np.nan)
    joined = Candidates(
        np.concatenate([found.lat, made.lat], axis=1),
        np.concatenate([found.lon, made.lon], axis=1),
        np.concatenate([found.score, vote], axis=1),
    )
    if joined.lat.shape[1] == 0:
        return np.full(len(joined.lat), choices.retrieval)
    clusters = rerank(joined, refine.model_copy(update={"rerank": "cluster"}))
    column = consensus(joined, clusters)
    return np.where(clusters.winner >= 0, column + (column >= choices.retrieval), choices.retrieval)
