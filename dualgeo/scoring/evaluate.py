"""Answers of any system through the engine that scores the pipeline: the same metrics, counted the same way."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import PHOTO_COLUMNS
from dualgeo.errors import DualGeoError
from dualgeo.evaluation.score import Scored, score
from dualgeo.geo.sphere import Distance, geodesic_km, haversine_km
from dualgeo.params import ScoreParams
from dualgeo.scoring.matching import Places, match_ids
from dualgeo.scoring.predictions import Predictions, summary_row
from dualgeo.scoring.suspicion import suspicion
from dualgeo.scoring.truth import Truth

EMPTY = "empty answer"
_EXAMPLES = 2


@dataclass(frozen=True)
class Options:
    """How to score: thresholds and intervals, the figure of the Earth, and whether suspect answers are let through."""

    params: ScoreParams
    sphere_km: float | None = None
    """Radius of the sphere that distances are taken on; None: geodesics on WGS84."""
    as_given: bool = False

    @property
    def distance(self) -> Distance:
        return geodesic_km if self.sphere_km is None else partial(haversine_km, radius_km=self.sphere_km)

    @property
    def distance_name(self) -> str:
        return "geodesic on WGS84" if self.sphere_km is None else f"great circle on a sphere of {self.sphere_km:g} km"


@dataclass(frozen=True)
class Counts:
    """What became of every row of a file and every query of the truth."""

    rows: int
    queries: int
    answered: int
    empty: int
    """Queries whose row gives no position: misses."""
    missing: int
    """Queries without a row: misses."""
    extra: int
    """Rows about photos that the truth does not know."""
    elsewhere: int
    """Rows about photos of another split."""
    by_name: int
    """Rows matched by file name: another folder before it, or another ending."""
    ambiguous: int
    """Rows among `extra` whose file name could stand for several photos."""
    repeated: int
    """Rows that give an answer again."""


@dataclass(frozen=True)
class Answers:
    """One file, scored."""

    predictions: Predictions
    counts: Counts
    scored: Scored
    warnings: list[str]


def score_predictions(
    predictions: Predictions,
    truth: Truth,
    options: Options,
    gallery: pd.DataFrame | None = None,
    filtered: pd.DataFrame | None = None,
) -> Answers:
    """Score the answers of one file.

    `gallery` (lat, lon) is what the system could retrieve, if it is known. `filtered`: answers of a search without the
    photos that give queries away, as the refine stage writes them.

    Raises DualGeoError where no answer is about a photo of the truth, for summary rows, and for answers that cannot be
    meant as they stand (unless `options.as_given`).
    """
    answers, counts = _matched(predictions, truth)
    warnings = _warnings(predictions, counts)
    known = truth.frame.set_index("query_id").loc[answers["query_id"]]
    doubt = suspicion(predictions.path, *(
        values.to_numpy(np.float64) for values in (known["lat"], known["lon"], answers["lat"], answers["lon"])
    ))  # fmt: skip
    if doubt and not options.as_given:
        raise DualGeoError(f"{doubt} (--as-given scores it all the same.)")
    photos = photo_table(truth, gallery)
    candidates = _candidates(predictions, truth)
    scored = score(answers, candidates, photos, options.params, distance=options.distance, filtered=filtered)
    return Answers(predictions, counts, scored, [*warnings, *([doubt] if doubt else [])])


def photo_table(truth: Truth, gallery: pd.DataFrame | None = None) -> pd.DataFrame:
    """The truth as the photo table that the engine reads, with the gallery where there is one."""
    parts = [truth.frame.assign(split="query")]
    places = truth.gallery if gallery is None else gallery
    if len(places):
        parts.append(places.assign(split="gallery"))
    table = pd.concat(parts, ignore_index=True).rename(columns={"query_id": "photo_id", "query_set": "dataset"})
    return table.reindex(columns=list(PHOTO_COLUMNS))


def _matched(predictions: Predictions, truth: Truth) -> tuple[pd.DataFrame, Counts]:
    """The answers to queries, under the truth's ids, and what became of all."""
    given = predictions.frame
    matched = match_ids(given["query_id"], truth.frame["query_id"])
    found = matched.place >= 0
    strangers = given[~found]
    _refuse_summaries(predictions, np.flatnonzero(~found))
    other_split = match_ids(strangers["query_id"], pd.Series(truth.elsewhere, dtype="str")).place >= 0
    if not found.any():
        raise DualGeoError(_no_overlap(predictions, truth, int(other_split.sum())))
    answers = given[found].drop(columns="row").reset_index(drop=True)
    answers["query_id"] = truth.frame["query_id"].to_numpy()[matched.place[found]]
    empty = answers["lat"].isna()
    answers["status"] = np.where(empty, EMPTY, "ok")
    counts = Counts(
        rows=predictions.rows.count,
        queries=len(truth.frame),
        answered=int((~empty).sum()),
        empty=int(empty.sum()),
        missing=len(truth.frame) - len(answers),
        extra=len(strangers) - int(other_split.sum()),
        elsewhere=int(other_split.sum()),
        by_name=matched.by_name,
        ambiguous=matched.ambiguous,
        repeated=predictions.repeated,
    )
    return answers, counts


def _refuse_summaries(predictions: Predictions, strangers: Places) -> None:
    """Raise DualGeoError for a row that is no photo but a mean or a total below the table."""
    ids = predictions.frame["query_id"].iloc[strangers]
    summary = np.flatnonzero(summary_row(ids))
    if len(summary):
        row = int(strangers[summary[0]])
        raise DualGeoError(
            f"{predictions.path}, {predictions.place(row)}: '{ids.iloc[summary[0]]}' is a summary, not a photo; "
            "remove the row."
        )


def _no_overlap(predictions: Predictions, truth: Truth, other_split: int) -> str:
    mine = ", ".join(predictions.frame["query_id"].head(_EXAMPLES))
    theirs = ", ".join(truth.frame["query_id"].head(_EXAMPLES))
    more = f" ({other_split:,} are of another split; see --split)" if other_split else ""
    return (
        f"{predictions.path} answers none of the {len(truth.frame):,} photos of {truth.name}{more}: its ids are like "
        f"{mine}, the truth's like {theirs}; give the truth of the same photos, or name the id column with --id."
    )


def _warnings(predictions: Predictions, counts: Counts) -> list[str]:
    warnings: list[str] = []
    if not counts.answered:
        warnings.append(f"{predictions.path}: every answer is empty, so everything is a miss.")
    elif 2 * (counts.answered + counts.empty) < counts.queries:
        warnings.append(
            f"{predictions.path} has no row for {counts.missing:,} of {counts.queries:,} queries; they count as misses."
        )
    return warnings


def _candidates(predictions: Predictions, truth: Truth) -> pd.DataFrame | None:
    """Candidates of the queries under the truth's ids; None where the file gives none."""
    given = predictions.candidates
    if given is None:
        return None
    ids = pd.Series(given["query_id"].unique(), dtype="str")
    matched = match_ids(ids, truth.frame["query_id"])
    found = matched.place >= 0
    names = pd.Series(truth.frame["query_id"].to_numpy()[matched.place[found]], index=ids[found])
    mine = given[given["query_id"].isin(ids[found])]
    return mine.assign(query_id=mine["query_id"].map(names)).reset_index(drop=True)
