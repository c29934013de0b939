"""The second stage with a large multimodal model for a single photo, as serving needs it."""

from collections.abc import Callable

import numpy as np

from dualgeo.geo.sphere import Floats
from dualgeo.lmm.choices import Choices
from dualgeo.lmm.generated import Generated
from dualgeo.lmm.learned import Learned, scale_of
from dualgeo.lmm.margin import NEVER
from dualgeo.lmm.verify import Verified, verify
from dualgeo.params import LmmParams, RefineParams
from dualgeo.refinement.radius import Calibration
from dualgeo.refinement.refine import LMM, NO_CANDIDATES, RETRIEVAL, Located, answer
from dualgeo.refinement.rerank import Candidates


def refine_one_with_lmm(
    found: Candidates,
    generated: Generated,
    similarity: Callable[[Floats, Floats], Floats],
    params: RefineParams,
    lmm: LmmParams,
    calibration: Calibration | None,
    learned: Learned | None,
) -> Located:
    """Answer for one photo from its candidates (1, k), best first, and what a model said of it (1, m).

    `similarity`: coordinates (1, n) -> cosines (1, n), as `ImageGps.of_views` gives them. `calibration` is that of the
    system without the model; `learned` what the refine stage wrote beside it, None where it asked no model: then
    "similarity" knows no margin and the retrieval answer stands, and an answer of the model's has no radius. The
    clusters and their order are those of the candidates alone.
    """
    answers = answer(found, params)
    choices = Choices.of(found, answers, generated, similarity)
    knows = learned is not None and learned.method == lmm.verification
    verified = verify(lmm.verification, choices, params, learned.margin.value if learned and knows else NEVER)
    cluster, position = answers.reranked.cluster[0], answers.reranked.position[0]
    lat, lon = float(verified.lat[0]), float(verified.lon[0])
    if np.isnan(lat):
        return Located(None, None, {}, 0, cluster, position, NO_CANDIDATES)
    radii = _radii(choices, verified, calibration, learned if knows else None)
    source = LMM if verified.generated[0] else RETRIEVAL
    return Located(lat, lon, radii, int(answers.cluster_size[0]), cluster, position, "ok", source)


def _radii(
    choices: Choices, verified: Verified, calibration: Calibration | None, learned: Learned | None
) -> dict[float, float]:
    own = bool(verified.generated[0])
    if learned is not None:
        calibration = learned.lmm if own else learned.retrieval
    elif own:
        calibration = None
    if calibration is None or calibration.photos == 0:
        return {}
    stated = calibration.radius_km(scale_of(choices, verified))[0]
    return {level: float(radius) for level, radius in zip(calibration.coverage, stated, strict=True)}
