"""Search in a gallery without the rows that would give a query away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.retrieval.candidates import candidate_table
from dualgeo.retrieval.filtered import FILTERED_SCHEMA
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Rows, Vectors


@dataclass(frozen=True)
class LeftOut:
    """Gallery rows that some queries must not be answered with."""

    queries: Rows
    """Rows of queries (n,), all with the same gallery rows to leave out."""
    own: Rows
    """Gallery rows by their photographer, rising."""
    alike: Rows
    """Gallery rows that are near-duplicates of them, rising."""

    @property
    def rows(self) -> Rows:
        return np.union1d(self.own, self.alike)


def filtered_table(
    index: GalleryIndex, vectors: Vectors, queries: pd.DataFrame, k: int, left_out: Sequence[LeftOut]
) -> pd.DataFrame:
    """Candidates of the queries that `left_out` names (FILTERED_SCHEMA), sorted by (query_set, query_id, rank).

    `vectors` (Q, D) and `queries` row for row. The answer is that of an index in which these rows never were: an IVF
    index keeps its cells.
    """
    parts = [_searched(index, vectors, queries, k, group) for group in left_out if len(group.rows)]
    if not parts:
        return FILTERED_SCHEMA.empty_table().to_pandas()
    return pd.concat(parts).sort_values(["query_set", "query_id", "rank"], ignore_index=True)


def _searched(index: GalleryIndex, vectors: Vectors, queries: pd.DataFrame, k: int, group: LeftOut) -> pd.DataFrame:
    asked = queries.iloc[group.queries].reset_index(drop=True)
    found = candidate_table(asked, index.gallery, *index.search(vectors[group.queries], k, without=group.rows))
    without_answer = ~asked["photo_id"].isin(found["query_id"])
    nothing = asked.loc[without_answer, ["photo_id", "dataset", "split"]]
    nothing = nothing.rename(columns={"photo_id": "query_id", "dataset": "query_set"})
    table = pd.concat([found.astype({"rank": "Int32"}), nothing]) if len(nothing) else found.astype({"rank": "Int32"})
    return table.assign(dropped=len(group.rows), dropped_own=len(group.own), dropped_alike=len(group.alike))
