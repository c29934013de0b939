"""The second stage with a large multimodal model: from what was retrieved and what the model said to final answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import Floats, geodesic_km
from dualgeo.lmm.choices import Choices
from dualgeo.lmm.generated import Said
from dualgeo.lmm.learned import Learned, scale_of
from dualgeo.lmm.margin import Margins
from dualgeo.lmm.verify import Verified, verify
from dualgeo.params import LmmParams, RefineParams
from dualgeo.refinement.radius import Calibration, radius_column
from dualgeo.refinement.refine import LMM, RETRIEVAL, Refined, Retrieved, predictions_of

SimilarityOf = Callable[[list[str]], Callable[[Floats, Floats], Floats]]
"""Photo ids (B,) -> image-GPS similarity of these photos: coordinates (B, n) -> cosines (B, n)."""


@dataclass(frozen=True)
class RefinedWithLmm:
    """What the refine stage writes where a model is asked."""

    predictions: pd.DataFrame
    filtered: pd.DataFrame
    said: pd.DataFrame
    """LMM_SCHEMA, in the order in which it came, `similarity` and `chosen` filled."""
    learned: Learned


@dataclass(frozen=True)
class _Search:
    """One search's answers beside what the model said of them."""

    found: Retrieved
    table: pd.DataFrame
    said: Said
    choices: Choices

    @staticmethod
    def of(found: Retrieved, table: pd.DataFrame, similarity: SimilarityOf) -> "_Search":
        ids = found.queries["photo_id"].tolist()
        said = Said.of(table, ids)
        return _Search(found, table, said, Choices.of(found.candidates, found.answers, said.generated, similarity(ids)))

    @property
    def validation(self) -> np.ndarray:
        return (self.found.queries["split"] == "validation").to_numpy()

    def errors_km(self, lat: Floats, lon: Floats, which: np.ndarray) -> Floats:
        truth = self.found.queries.loc[which, ["lat", "lon"]].to_numpy(np.float64)
        return geodesic_km(truth[:, 0], truth[:, 1], lat[which], lon[which])


def refine_with_lmm(
    refined: Refined,
    again: Retrieved,
    table: pd.DataFrame,
    similarity: SimilarityOf,
    params: RefineParams,
    lmm: LmmParams,
) -> RefinedWithLmm:
    """Verify what the model said and state radii that hold for the answers that result.

    `refined`: the answers without the model; `again`: those of the filtered search. `table`: LMM_SCHEMA, what the model
    said about photos of either. Coordinates of validation photos alone are used. A photo of which the model gave no
    coordinate keeps its retrieval answer, marked as such; one that was not put to the model also keeps its radii.
    """
    plain = _Search.of(refined.retrieved, table[~table["filtered"].astype(bool)], similarity)
    filtered = _Search.of(again, table[table["filtered"].astype(bool)], similarity)
    margins = _margins(plain)
    verified = _verified(plain, margins, params, lmm)
    asked = plain.validation & plain.said.reached
    learned = Learned.fit(
        lmm.verification,
        margins.new,
        plain.errors_km(verified.lat, verified.lon, asked),
        scale_of(plain.choices, verified)[asked],
        verified.generated[asked],
        params.radius_coverage,
    )
    verified_again = _verified(filtered, margins, params, lmm)
    parts = [_marked(plain, verified), _marked(filtered, verified_again)]
    return RefinedWithLmm(
        _predictions(plain, verified, refined.calibration, learned),
        _predictions(filtered, verified_again, refined.calibration, learned),
        pd.concat(parts).sort_index(),
        learned,
    )


def _margins(search: _Search) -> Margins:
    """Learned on the validation photos that the model answered."""
    which, made = search.validation, search.choices
    lat, lon = (np.take_along_axis(v, made.best_generated[:, None], axis=1)[:, 0] for v in (made.lat, made.lon))
    lat, lon = (np.where(made.generated.answered, v, np.nan) for v in (lat, lon))
    return Margins.learn(
        search.found.queries["photo_id"][which].tolist(),
        made.gain[which],
        search.errors_km(made.answers.lat, made.answers.lon, which),
        search.errors_km(lat, lon, which),
    )


def _verified(search: _Search, margins: Margins, params: RefineParams, lmm: LmmParams) -> Verified:
    margin = margins.of(search.found.queries["photo_id"].tolist(), search.validation)
    return verify(lmm.verification, search.choices, params, margin)


def _predictions(search: _Search, verified: Verified, calibration: Calibration, learned: Learned) -> pd.DataFrame:
    frame = predictions_of(search.found, calibration)
    radii = learned.radius_km(scale_of(search.choices, verified), verified.generated)
    for position, level in enumerate(calibration.coverage):
        name = radius_column(level)
        frame[name] = np.where(search.said.reached, radii[:, position], frame[name])
    answered = np.isfinite(verified.lat)
    frame["lat"], frame["lon"] = verified.lat, verified.lon
    frame.loc[answered, "status"] = "ok"
    frame["source"] = pd.Series(
        [
            (LMM if own else RETRIEVAL) if known else None
            for own, known in zip(verified.generated, answered, strict=True)
        ],
        dtype="str",
    )
    frame["lmm_outcome"] = pd.Series(search.said.outcome, dtype="str")
    return frame


def _marked(search: _Search, verified: Verified) -> pd.DataFrame:
    row, column = search.said.row, search.said.column
    fit = search.choices.fit[row, search.choices.retrieval + 1 + column]
    return search.table.assign(similarity=fit, chosen=verified.chosen[row] == column)
