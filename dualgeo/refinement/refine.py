"""From retrieved candidates to one coordinate with a radius: the second stage, for a table or for a single photo."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import Floats, geodesic_km
from dualgeo.params import RefineParams
from dualgeo.refinement.consensus import consensus
from dualgeo.refinement.radius import Calibration, error_scale, radius_column
from dualgeo.refinement.rerank import Candidates, Integers, Reranked, rerank

NO_CANDIDATES = "no candidates"
RETRIEVAL, LMM = "retrieval", "lmm"
"""Whose coordinate an answer is: a retrieved photo's, or a large multimodal model's."""
CANDIDATE_KEYS = ("query_id", "query_set", "split", "rank", "photo_id", "lat", "lon", "score")


@dataclass(frozen=True)
class Answers:
    """Answers to B queries with k candidates each."""

    lat: Floats
    lon: Floats
    """Final coordinate (B,), degrees; NaN without candidates."""
    scale_km: Floats
    """What the calibrated radius is proportional to (B,); NaN without candidates."""
    cluster_size: Integers
    """Candidates in the chosen cluster (B,), 0 without one."""
    reranked: Reranked


@dataclass(frozen=True)
class Retrieved:
    """B queries with their candidates, and the answers that these give."""

    queries: pd.DataFrame
    """Rows of the photo table, sorted by (dataset, photo_id)."""
    table: pd.DataFrame
    """CANDIDATE_KEYS, sorted by (query_set, query_id, rank)."""
    row: Integers
    """Row of `queries` that each candidate of `table` belongs to."""
    column: Integers
    """Its rank."""
    candidates: Candidates
    """The same candidates as arrays (B, k)."""
    answers: Answers


@dataclass(frozen=True)
class Refined:
    """What the refine stage writes where no large multimodal model is asked, and what it was made from."""

    predictions: pd.DataFrame
    candidates: pd.DataFrame
    calibration: Calibration
    retrieved: Retrieved


@dataclass(frozen=True)
class Located:
    """The answer for one photo."""

    lat: float | None
    lon: float | None
    radius_km: dict[float, float]
    """Stated coverage -> calibrated radius; empty without a calibration or without an answer."""
    cluster_size: int
    cluster: Integers
    """DBSCAN label of each candidate (k,), -1 for noise."""
    position: Integers
    """Place of each candidate after the re-rank (k,)."""
    status: str
    """"ok", or why there is no answer."""
    source: str | None = None
    """RETRIEVAL or LMM: whose coordinate it is; None without an answer."""


def answer(candidates: Candidates, params: RefineParams) -> Answers:
    """Re-rank the candidates and pick the final coordinate; the one way every caller goes."""
    reranked = rerank(candidates, params)
    queries, k = candidates.lat.shape
    if k == 0:
        nowhere = np.full(queries, np.nan)
        return Answers(nowhere, nowhere, nowhere, np.zeros(queries, dtype=np.int64), reranked)
    column = consensus(candidates, reranked) if params.refiner == "consensus" else reranked.first
    lat, lon = (np.take_along_axis(v, column[:, None], axis=1)[:, 0] for v in (candidates.lat, candidates.lon))
    scale = error_scale(candidates, lat, lon)
    return Answers(lat, lon, scale, reranked.members.sum(axis=1), reranked)


def refine_one(
    lat: npt.ArrayLike, lon: npt.ArrayLike, score: npt.ArrayLike, params: RefineParams, calibration: Calibration | None
) -> Located:
    """Answer for one photo from its candidates, best first: degrees and similarity, each (k,)."""
    arrays = [np.asarray(values, np.float64)[None, :] for values in (lat, lon, score)]
    answers = answer(Candidates(*arrays), params)
    cluster, position = answers.reranked.cluster[0], answers.reranked.position[0]
    if np.isnan(answers.lat[0]):
        return Located(None, None, {}, 0, cluster, position, NO_CANDIDATES)
    radii: dict[float, float] = {}
    if calibration is not None and calibration.photos > 0:
        stated = calibration.radius_km(answers.scale_km)[0]
        radii = {level: float(radius) for level, radius in zip(calibration.coverage, stated, strict=True)}
    size = int(answers.cluster_size[0])
    return Located(float(answers.lat[0]), float(answers.lon[0]), radii, size, cluster, position, "ok", RETRIEVAL)


def refine(candidates: pd.DataFrame, photos: pd.DataFrame, params: RefineParams) -> Refined:
    """Answer every validation and query photo and calibrate the radii on the validation photos.

    `candidates`: the retrieve stage's table (CANDIDATE_KEYS). `photos`: columns photo_id, dataset, split, lat, lon; its
    gallery rows are ignored, and the coordinates are used for validation photos only. A photo without candidates gets
    a null coordinate and the status "no candidates". Raises DualGeoError when the tables do not fit together.
    """
    found = retrieved(candidates, photos[photos["split"] != "gallery"], params)
    queries, answers = found.queries, found.answers

    validation = (queries["split"] == "validation").to_numpy()
    truth = queries.loc[validation, ["lat", "lon"]].to_numpy(np.float64)
    errors = geodesic_km(truth[:, 0], truth[:, 1], answers.lat[validation], answers.lon[validation])
    calibration = Calibration.fit(errors, answers.scale_km[validation], params.radius_coverage)

    table = found.table.assign(
        cluster=answers.reranked.cluster[found.row, found.column],
        order=answers.reranked.position[found.row, found.column],
    )
    return Refined(predictions_of(found, calibration), table, calibration, found)


def refine_again(
    candidates: pd.DataFrame, photos: pd.DataFrame, params: RefineParams, calibration: Calibration
) -> pd.DataFrame:
    """Predictions of `photos` alone from other candidates (a filtered search), radii by a calibration made before.

    Tables and errors as in `refine`; every row of `photos` is answered.
    """
    return predictions_of(retrieved(candidates, photos, params), calibration)


def retrieved(candidates: pd.DataFrame, photos: pd.DataFrame, params: RefineParams) -> Retrieved:
    """The answers that stand without a large multimodal model; every row of `photos` is answered."""
    queries = photos.sort_values(["dataset", "photo_id"], ignore_index=True)
    table = candidates.sort_values(["query_set", "query_id", "rank"], ignore_index=True)
    row, column = _places(table, queries)
    batch = _batch(table, row, column, len(queries))
    return Retrieved(queries, table, row, column, batch, answer(batch, params))


def predictions_of(found: Retrieved, calibration: Calibration) -> pd.DataFrame:
    """The prediction table of answers that no large multimodal model had a part in."""
    queries, answers = found.queries, found.answers
    radii = calibration.radius_km(answers.scale_km)
    answered = np.isfinite(answers.lat)
    frame = pd.DataFrame(
        {
            "query_id": queries["photo_id"],
            "query_set": queries["dataset"],
            "split": queries["split"],
            "lat": answers.lat,
            "lon": answers.lon,
        }
    )
    for position, level in enumerate(calibration.coverage):
        frame[radius_column(level)] = radii[:, position]
    frame["cluster_size"] = answers.cluster_size
    frame["status"] = np.where(answered, "ok", NO_CANDIDATES)
    frame["source"] = pd.Series([RETRIEVAL if known else None for known in answered], dtype="str")
    frame["lmm_outcome"] = pd.Series([None] * len(frame), dtype="str")
    frame["without_lmm_lat"], frame["without_lmm_lon"] = answers.lat, answers.lon
    return frame


def _places(table: pd.DataFrame, queries: pd.DataFrame) -> tuple[Integers, Integers]:
    """Row (position in `queries`) and column (rank) of each candidate, checked to be a proper ranking."""
    missing = [name for name in CANDIDATE_KEYS if name not in table.columns]
    if missing:
        raise DualGeoError(f"The candidates lack the column {missing[0]}; run `dvc repro retrieve` again.")
    row = pd.Index(queries["photo_id"]).get_indexer(pd.Index(table["query_id"])).astype(np.int64)
    if (row < 0).any():
        stranger = table["query_id"].iloc[int(np.argmax(row < 0))]
        raise DualGeoError(f"The candidates name the query {stranger}, which photos.parquet does not hold as one.")
    rank = table["rank"].to_numpy(np.int64)
    expected = table.groupby("query_id", sort=False).cumcount().to_numpy(np.int64)
    if not np.array_equal(rank, expected):
        wrong = table["query_id"].iloc[int(np.argmax(rank != expected))]
        raise DualGeoError(f"The candidates of {wrong} are not ranked 0, 1, 2, ...; run `dvc repro retrieve` again.")
    return row, rank


def _batch(table: pd.DataFrame, row: Integers, column: Integers, queries: int) -> Candidates:
    width = int(column.max(initial=-1)) + 1
    values: list[Floats] = []
    for name in ("lat", "lon", "score"):
        padded = np.full((queries, width), np.nan)
        padded[row, column] = table[name].to_numpy(np.float64)
        values.append(padded)
    return Candidates(*values)
