"""Pairs (query, gallery photo) that a check found: all counted, the best of each query kept."""

from dataclasses import dataclass

import numpy as np

from dualgeo.errors import DualGeoError
from dualgeo.leakage.photos import Floats, Ints

BUFFERED = 2_000_000
"""Pairs gathered before the kept ones are sorted out again: about 50 MB."""
MOST_PAIRS = 50_000_000
"""Pairs held at once where all are asked for: about 1.2 GB."""


@dataclass(frozen=True)
class Pairs:
    """Rows of queries and of gallery photos (n,), and what was measured between them (n,): bits, cosine or metres."""

    query: Ints
    gallery: Ints
    value: Floats

    def __len__(self) -> int:
        return len(self.query)

    @staticmethod
    def none() -> "Pairs":
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def taken(self, which: object) -> "Pairs":
        """The pairs at positions (or of a mask) `which`."""
        return Pairs(self.query[which], self.gallery[which], self.value[which])  # pyright: ignore[reportArgumentType, reportCallIssue]


@dataclass(frozen=True)
class Found:
    """What a check found: pairs of each query (Q,), all counted, and those kept, by query, nearest first."""

    count: Ints
    kept: Pairs


class PairKeeper:
    """Takes pairs as a check finds them, in any order; each query keeps its nearest `limit` (None: all).

    `falling`: a larger value is nearer (cosine). Equal values are ordered by gallery row, so the answer does not
    depend on the order in which pairs came.
    """

    def __init__(self, queries: int, limit: int | None, falling: bool = False) -> None:
        self._count = np.zeros(queries, np.int64)
        self._limit = limit
        self._falling = falling
        self._parts: list[Pairs] = []
        self._buffered = 0

    def add(self, query: Ints, gallery: Ints, value: Floats) -> None:
        """Raises DualGeoError when all pairs are asked for and they are too many to hold."""
        if len(query) == 0:
            return
        self._count += np.bincount(query, minlength=len(self._count))
        self._parts.append(Pairs(query, gallery, value))
        self._buffered += len(query)
        if self._limit is None and self._buffered > MOST_PAIRS:
            raise DualGeoError(
                f"More than {MOST_PAIRS:,} pairs are alike; use a stricter threshold: that many are no duplicates."
            )
        if self._limit is not None and self._buffered > BUFFERED:
            self._parts = [self._nearest()]
            self._buffered = len(self._parts[0])

    def found(self) -> Found:
        return Found(self._count, self._nearest())

    def _nearest(self) -> Pairs:
        if not self._parts:
            return Pairs.none()
        pairs = Pairs(
            np.concatenate([part.query for part in self._parts]),
            np.concatenate([part.gallery for part in self._parts]),
            np.concatenate([part.value for part in self._parts]),
        )
        key = -pairs.value if self._falling else pairs.value
        pairs = pairs.taken(np.lexsort((pairs.gallery, key, pairs.query)))
        if self._limit is None:
            return pairs
        starts = np.searchsorted(pairs.query, pairs.query)
        return pairs.taken(np.arange(len(pairs)) - starts < self._limit)


def spread(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Row i and each number of start[i], start[i] + 1, ... (count[i] of them), as two flat arrays."""
    row = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    return row, np.arange(len(row)) - first[row] + start[row]


def slices(count: Ints, most: int) -> list[slice]:
    """Runs of consecutive rows whose counts sum to at most `most` each; a single row may exceed it."""
    total = np.cumsum(count)
    found: list[slice] = []
    begin = 0
    while begin < len(count):
        before = int(total[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, before + most, side="right")))
        found.append(slice(begin, end))
        begin = end
    return found
