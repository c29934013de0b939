"""Recall of an index: how many of the exact nearest neighbours its search finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Search = Callable[[Vectors, int], tuple[npt.NDArray[np.float32], Rows]]
"""(Q, D) vectors and k -> scores (Q, k) and rows (Q, k), -1 where there are fewer."""

NEIGHBOURS = 20
MOST_QUERIES = 200
BLOCK_ROWS = 16_384
"""Rows compared exactly at a time: 200 queries x 16,384 scores take 13 MB, however large the gallery."""
TIE = 1e-6
"""Scores nearer than this are equal: either of two such rows is a right answer."""


@dataclass(frozen=True)
class Recall:
    """Share (0 to 1) of the `k` nearest rows that a search returned, over `queries` of the gallery's own photos."""

    k: int
    queries: int
    value: float

    @staticmethod
    def of(stated: Mapping[str, Any]) -> "Recall":
        """Read what `vars` of a Recall wrote into JSON."""
        return Recall(int(stated["k"]), int(stated["queries"]), float(stated["value"]))


def measure_recall(search: Search, vectors: Vectors, k: int = NEIGHBOURS, queries: int = MOST_QUERIES) -> Recall | None:
    """Recall@`k` of `search` against exact inner products over all `vectors` (N, D), rounded to 6 decimals.

    Up to `queries` rows, evenly spaced, are searched; each is left out of its own answer, which would be found too
    easily. A returned row counts when its exact score reaches the k-th best one, so equal photos can stand for each
    other. None for fewer than two rows.
    """
    k = min(k, len(vectors) - 1)
    if k < 1:
        return None
    asked = np.unique(np.linspace(0, len(vectors) - 1, min(queries, len(vectors))).round().astype(np.int64))
    _, found = search(vectors[asked], k + 1)
    best = exact_neighbours(vectors, asked, k)
    hits = 0
    for query, rows, exact in zip(asked, found, best, strict=True):
        returned = rows[(rows >= 0) & (rows != query)][:k]
        enough = _scores(vectors, query, exact).min() - TIE
        hits += int(np.count_nonzero(_scores(vectors, query, returned) >= enough))
    return Recall(k, len(asked), round(hits / (k * len(asked)), 6))


def exact_neighbours(vectors: Vectors, asked: Rows, k: int) -> Rows:
    """Rows (Q, k), in no order, with the largest inner products with each row of `asked`, itself left out."""
    queries = vectors[asked]
    best_score = np.full((len(asked), 0), -np.inf, np.float32)
    best_row = np.zeros((len(asked), 0), np.int64)
    for start in range(0, len(vectors), BLOCK_ROWS):
        block = vectors[start : start + BLOCK_ROWS]
        rows = np.arange(start, start + len(block))
        scores = queries @ block.T
        scores[asked[:, None] == rows] = -np.inf
        best_score = np.concatenate([best_score, scores], axis=1)
        best_row = np.concatenate([best_row, np.broadcast_to(rows, scores.shape)], axis=1)
        if best_score.shape[1] > k:
            keep = np.argpartition(-best_score, k - 1, axis=1)[:, :k]
            best_score = np.take_along_axis(best_score, keep, axis=1)
            best_row = np.take_along_axis(best_row, keep, axis=1)
    return best_row


def _scores(vectors: Vectors, query: int, rows: Rows) -> npt.NDArray[np.float64]:
    return vectors[rows].astype(np.float64) @ vectors[query].astype(np.float64)
