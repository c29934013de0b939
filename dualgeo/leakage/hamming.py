"""Perceptual hashes that differ in few bits."""

import faiss
import numpy as np

from dualgeo.leakage.pairs import Found, PairKeeper
from dualgeo.leakage.photos import Hashes

GALLERY_BLOCK = 1 << 18
QUERY_BLOCK = 256
"""A block's answer holds at most 256 x 262,144 pairs (0.8 GB), and that only if all photos are alike."""
BITS = 64


def alike_hashes(gallery: Hashes, queries: Hashes, bits: int, limit: int | None, within: bool) -> Found:
    """Every pair whose 64-bit hashes differ in at most `bits` bits; exact, every pair is compared.

    FAISS counts the bits of a billion pairs in a few seconds, whatever the hashes are. Tables by bands of the hash
    compare fewer pairs, but real hashes crowd into few bands and the bands for 6 bits are many.
    """
    keeper = PairKeeper(len(queries.value), limit)
    asked, held = np.flatnonzero(queries.known), np.flatnonzero(gallery.known)
    for begin in range(0, len(held), GALLERY_BLOCK):
        rows = held[begin : begin + GALLERY_BLOCK]
        index = faiss.IndexBinaryFlat(BITS)
        index.add(_bytes(gallery.value[rows]))
        for first in range(0, len(asked), QUERY_BLOCK):
            block = asked[first : first + QUERY_BLOCK]
            # FAISS returns distances below its radius.
            limits, distance, place = index.range_search(_bytes(queries.value[block]), bits + 1)
            query = np.repeat(block, np.diff(limits.astype(np.int64)))
            row = rows[place]
            other = query != row if within else np.ones(len(row), np.bool_)
            keeper.add(query[other], row[other], distance[other].astype(np.float64))
    return keeper.found()


def _bytes(values: np.typing.NDArray[np.uint64]) -> np.typing.NDArray[np.uint8]:
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, BITS // 8)
