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
class Refined:
    """What the refine stage writes."""

    predictions: pd.DataFrame
    candidates: pd.DataFrame
    calibration: Calibration


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
    return Located(float(answers.lat[0]), float(answers.lon[0]), radii, size, cluster, position, "ok")


def refine(candidates: pd.DataFrame, photos: pd.DataFrame, params: RefineParams) -> Refined:
    """Answer every validation and query photo and calibrate the radii on the validation photos.

    `candidates`: the retrieve stage's table (CANDIDATE_KEYS). `photos`: columns photo_id, dataset, split, lat, lon; its
    gallery rows are ignored, and the coordinates are used for validation photos only. A photo without candidates gets
    a null coordinate and the status "no candidates". Raises DualGeoError when the tables do not fit together.
    """
    queries = photos[photos["split"] != "gallery"].sort_values(["dataset", "photo_id"], ignore_index=True)
    table, row, column, answers = _answered(candidates, queries, params)

    validation = (queries["split"] == "validation").to_numpy()
    truth = queries.loc[validation, ["lat", "lon"]].to_numpy(np.float64)
    errors = geodesic_km(truth[:, 0], truth[:, 1], answers.lat[validation], answers.lon[validation])
    calibration = Calibration.fit(errors, answers.scale_km[validation], params.radius_coverage)

    table["cluster"] = answers.reranked.cluster[row, column]
    table["order"] = answers.reranked.position[row, column]
    return Refined(_predictions(queries, answers, calibration), table, calibration)


def refine_again(
    candidates: pd.DataFrame, photos: pd.DataFrame, params: RefineParams, calibration: Calibration
) -> pd.DataFrame:
    """Predictions of `photos` alone from other candidates (a filtered search), radii by a calibration made before.

    Tables and errors as in `refine`; every row of `photos` is answered.
    """
    queries = photos.sort_values(["dataset", "photo_id"], ignore_index=True)
    return _predictions(queries, _answered(candidates, queries, params)[3], calibration)


def _answered(
    candidates: pd.DataFrame, queries: pd.DataFrame, params: RefineParams
) -> tuple[pd.DataFrame, Integers, Integers, Answers]:
    """The candidates in order, the place of each among the queries, and the answers."""
    table = candidates.sort_values(["query_set", "query_id", "rank"], ignore_index=True)
    row, column = _places(table, queries)
    return table, row, column, answer(_batch(table, row, column, len(queries)), params)


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


def _predictions(queries: pd.DataFrame, answers: Answers, calibration: Calibration) -> pd.DataFrame:
    radii = calibration.radius_km(answers.scale_km)
    found = np.isfinite(answers.lat)
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
    frame["status"] = np.where(found, "ok", NO_CANDIDATES)
    return frame
