"""Photos of which a column says the same: the same id, photographer or bytes."""

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dualgeo.geo.sphere import haversine_km
from dualgeo.leakage.pairs import Found, PairKeeper, Pairs, slices, spread
from dualgeo.leakage.photos import Ints, Photos

PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Matches:
    """Gallery rows of each query: `order[start[i] : start[i] + count[i]]`, rising."""

    order: Ints
    start: Ints
    count: Ints


def matches(gallery: Any, queries: Any) -> Matches:
    """Where the text of `queries` (Q,) occurs in `gallery` (N,), exactly; null equals nothing."""
    values = pc.unique(queries.drop_null())
    code, asked = _codes(gallery, values), _codes(queries, values)
    rows = np.flatnonzero(code >= 0)
    order = rows[np.argsort(code[rows], kind="stable")]
    held = np.bincount(code[rows], minlength=len(values)).astype(np.int64)
    first = np.cumsum(held) - held
    is_known = asked >= 0
    start, count = np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
    start[is_known], count[is_known] = first[asked[is_known]], held[asked[is_known]]
    return Matches(order.astype(np.int64), start, count)


def _codes(column: Any, values: Any) -> Ints:
    code = pc.index_in(column, value_set=values, skip_nulls=True)
    return pc.fill_null(code, pa.scalar(-1, pa.int32())).to_numpy(zero_copy_only=False).astype(np.int64)


def same_text(gallery: Any, queries: Any, limit: int | None, within: bool) -> Found:
    """Every pair of equal text; the kept ones are the first gallery rows. `within`: a row is not its own pair."""
    found = matches(gallery, queries)
    count = found.count - (found.count > 0) if within else found.count
    # One more than asked for, because the photo itself may be among the first.
    most = found.count if limit is None else np.minimum(found.count, limit + within)
    query, position = spread(found.start, most)
    row = found.order[position]
    if within:
        query, row = query[query != row], row[query != row]
    if limit is not None:
        place = np.arange(len(query)) - np.searchsorted(query, query)
        query, row = query[place < limit], row[place < limit]
    return Found(count, Pairs(query, row, np.full(len(query), np.nan)))


def same_photographer_near(gallery: Photos, queries: Photos, metres: float, limit: int | None, within: bool) -> Found:
    """Pairs of one photographer at most `metres` apart (great circle on the mean sphere)."""
    assert gallery.lat is not None and gallery.lon is not None
    assert queries.lat is not None and queries.lon is not None
    found = matches(gallery.photographer, queries.photographer)
    keeper = PairKeeper(queries.count, limit)
    for part in slices(found.count, PAIRS_AT_ONCE):
        query, position = spread(found.start[part], found.count[part])
        query, row = query + part.start, found.order[position]
        apart = 1000 * haversine_km(queries.lat[query], queries.lon[query], gallery.lat[row], gallery.lon[row])
        near = (apart <= metres) & ~((query == row) if within else np.zeros(len(row), np.bool_))
        keeper.add(query[near], row[near], apart[near])
    return keeper.found()
