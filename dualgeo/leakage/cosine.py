"""Image embeddings that point the same way."""

from typing import Any

import numpy as np
import numpy.typing as npt

from dualgeo.errors import DualGeoError
from dualgeo.leakage.pairs import Found, PairKeeper
from dualgeo.leakage.photos import Bools, Embeddings, Floats, Ints

SCORES_AT_ONCE = 1 << 24
"""Cosines held at a time: 67 MB of float32."""
ROUNDING = 1e-4
"""Far above the error of a float32 product: nearer to the threshold than this, a cosine is computed in float64."""
PAIRS_AT_ONCE = 1 << 16
Vectors = npt.NDArray[np.float32]


def known_rows(embedding: Embeddings) -> Bools:
    """Rows (N,) that point somewhere: no NaN, no infinity, not all zeros."""
    result = np.zeros(len(embedding), np.bool_)
    for begin, block in _blocks(embedding):
        result[begin : begin + len(block)] = np.isfinite(block).all(axis=1) & np.any(block != 0, axis=1)
    return result


def alike_embeddings(
    gallery: Embeddings, queries: Embeddings, cosine: float, limit: int | None, within: bool
) -> tuple[Found, int]:
    """Every pair with a cosine of at least `cosine`, and how many gallery rows could be compared.

    `gallery` (N, D) is read once, block by block; `queries` (Q, D) is held in memory as float32. Pairs near the
    threshold are decided in float64, so the answer depends neither on the number of threads nor on the blocks.
    Raises DualGeoError when the two have different widths.
    """
    if gallery.shape[1] != queries.shape[1]:
        raise DualGeoError(
            f"The gallery's embeddings have {gallery.shape[1]} numbers and the queries' {queries.shape[1]}; "
            "both must come from one encoder."
        )
    keeper = PairKeeper(len(queries), limit, falling=True)
    raw = np.asarray(queries[:])
    asked, asked_known = _unit(raw)
    compared = 0
    step = max(1, SCORES_AT_ONCE // max(1, len(queries)))
    scores = np.empty((step, len(queries)), np.float32)
    for begin, block in _blocks(gallery, step):
        unit, is_known = _unit(block)
        compared += int(is_known.sum())
        part = np.matmul(unit, asked.T, out=scores[: len(block)])
        row, query = np.divmod(np.flatnonzero(part >= cosine - ROUNDING), len(queries))
        allowed = is_known[row] & asked_known[query] & ((row + begin != query) if within else True)
        row, query = row[allowed], query[allowed]
        value = _settled(part[row, query].astype(np.float64), block, raw, row, query, cosine)
        enough = value >= cosine
        keeper.add(query[enough], row[enough] + begin, value[enough])
    return keeper.found(), compared


def _blocks(rows: Embeddings, step: int = 1 << 14):
    for begin in range(0, len(rows), step):
        yield begin, np.asarray(rows[begin : begin + step])


def _unit(vectors: npt.NDArray[np.floating]) -> tuple[Vectors, Bools]:
    """Rows of unit length (n, D), zeros where a row points nowhere, and which do point somewhere."""
    wide = vectors.astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    is_known = np.isfinite(length) & (length > 0)
    wide[~is_known] = 0
    wide /= np.where(is_known, length, 1)[:, None]
    return wide, is_known


def _settled(
    value: Floats, gallery: npt.NDArray[Any], queries: npt.NDArray[Any], row: Ints, query: Ints, cosine: float
) -> Floats:
    """`value` with what lies near the threshold computed again from the embeddings as given, in float64."""
    near = np.flatnonzero(np.abs(value - cosine) <= ROUNDING)
    for begin in range(0, len(near), PAIRS_AT_ONCE):
        some = near[begin : begin + PAIRS_AT_ONCE]
        a, b = gallery[row[some]].astype(np.float64), queries[query[some]].astype(np.float64)
        value[some] = np.einsum("ij,ij->i", a, b) / np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    return np.minimum(value, 1.0)
