"""The questions of a trained system: its photos, what was retrieved for them, and what looks least like them."""

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.lmm.asked import asked_photos
from dualgeo.lmm.question import Place, Question
from dualgeo.params import Params
from dualgeo.params.lmm import Strategy
from dualgeo.refinement.clustering import dbscan_labels
from dualgeo.retrieval.candidates import read_candidates
from dualgeo.retrieval.filtered import read_filtered
from dualgeo.workspace import Cell, Workspace

WITH_NEGATIVES: tuple[Strategy, ...] = ("rag", "dualgeo", "ensemble")
"""Strategies that show unlikely places. The others need no model of ours to be asked."""


def questions_of_cell(workspace: Workspace, params: Params, cell: Cell) -> list[Question]:
    """What the model is asked about the candidates of `cell`: nothing is sent, and no provider is needed.

    Validation and query photos (`lmm.photos_per_set` of each), sorted by (query set, photo id); then, in the same
    order, those of them again for which a filtered search exists, with what that found: else the accuracy without
    the photos that give a query away would rest on an answer that was given with them in view. Raises DualGeoError
    naming the stage that has not run.
    """
    photos = read_photos(workspace.data(params.dataset))
    asked = asked_photos(photos, params.lmm.photos_per_set)
    retrieve = f"retrieve@{cell.name}"
    candidates = read_candidates(workspace.require(workspace.candidates(cell), retrieve))
    filtered = read_filtered(workspace.require(workspace.filtered_candidates(cell), retrieve))
    unlikely: dict[str, tuple[Place, ...]] = {}
    if params.lmm.negatives and params.lmm.strategy in WITH_NEGATIVES:
        from dualgeo.lmm.negatives import negatives_of_cell  # loads torch and the model

        unlikely = negatives_of_cell(workspace, params, cell)
    again = asked[asked["photo_id"].isin(filtered.dropped.index)]
    return [
        *questions_about(asked, candidates, unlikely, params, filtered=False),
        *questions_about(again, filtered.candidates, unlikely, params, filtered=True),
    ]


def questions_about(
    asked: pd.DataFrame,
    candidates: pd.DataFrame,
    unlikely: dict[str, tuple[Place, ...]],
    params: Params,
    *,
    filtered: bool,
) -> list[Question]:
    """A question for each row of `asked`, in its order; `candidates` has the columns of CANDIDATE_SCHEMA."""
    places = _places(candidates[candidates["query_id"].isin(asked["photo_id"])], params)
    return [
        Question(
            str(photo_id),
            str(query_set),
            str(split),
            filtered,
            places.get(str(photo_id), ()),
            unlikely.get(str(photo_id), ()),
        )
        for photo_id, query_set, split in zip(asked["photo_id"], asked["dataset"], asked["split"], strict=True)
    ]


def _places(candidates: pd.DataFrame, params: Params) -> dict[str, tuple[Place, ...]]:
    """Candidates by query, most similar first, with the labels of the configured radius."""
    table = candidates.sort_values(["query_id", "rank"], ignore_index=True)
    row, queries = pd.factorize(table["query_id"])
    column = table.groupby("query_id", sort=False).cumcount().to_numpy(np.int64)
    shape = (len(queries), int(column.max(initial=-1)) + 1)
    lat, lon = (np.full(shape, np.nan) for _ in range(2))
    lat[row, column], lon[row, column] = table["lat"], table["lon"]
    labels = dbscan_labels(lat, lon, params.refine.eps_km, params.refine.min_samples)[row, column]
    places: dict[str, list[Place]] = {str(name): [] for name in queries}
    columns = (table[name].to_numpy() for name in ("query_id", "photo_id", "lat", "lon", "score"))
    for query, photo_id, north, east, score, label in zip(*columns, labels, strict=True):
        similarity = round(float(score), 6)
        places[str(query)].append(Place(str(photo_id), float(north), float(east), similarity, int(label)))
    return {name: tuple(found) for name, found in places.items()}
