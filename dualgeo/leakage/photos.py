"""What is known of the photos on one side of the comparison, column by column; an absent column stays absent."""

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EMPTY_WORDS = ("", "nan", "na", "n/a", "null", "none")
"""How tables spell "unknown" in a column of text, in lower case."""


class Embeddings(Protocol):
    """(N, D) numbers that need not lie in memory: an array, a memory map, a cache of shards."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


@dataclass(frozen=True)
class Hashes:
    """64-bit perceptual hashes (N,) and which of them are known."""

    value: npt.NDArray[np.uint64]
    known: Bools


@dataclass(frozen=True)
class Times:
    """When photos were taken (N,): seconds by the clock as written, and its offset from UTC; NaN where unknown."""

    clock_s: Floats
    offset_s: Floats

    def apart_s(self, rows: Ints, other: "Times", other_rows: Ints) -> Floats:
        """Seconds between photos of one place: in UTC where both offsets are known, else by their clocks."""
        clock = self.clock_s[rows] - other.clock_s[other_rows]
        offset = self.offset_s[rows] - other.offset_s[other_rows]
        return np.abs(clock - np.where(np.isnan(offset), 0.0, offset))


@dataclass(frozen=True)
class Photos:
    """N photos as the checks see them; None where the source has no such column, null or NaN where a row has no value.

    Text columns are Arrow large_string arrays of length N (`text` makes them), so millions of rows stay small.
    """

    name: str
    count: int
    photo_id: Any | None = None
    photographer: Any | None = None
    sha256: Any | None = None
    hashes: Hashes | None = None
    embedding: Embeddings | None = None
    """Image features (N, D), of any length; a row of zeros or with NaN counts as unknown."""
    lat: Floats | None = None
    lon: Floats | None = None
    """Degrees (N,), both or neither."""
    times: Times | None = None
    query_set: Any | None = None
    """Name of the set each photo belongs to; None: all are one set."""

    @property
    def located(self) -> Bools:
        """Rows with a coordinate (N,); all False without the columns."""
        if self.lat is None or self.lon is None:
            return np.zeros(self.count, np.bool_)
        return np.isfinite(self.lat) & np.isfinite(self.lon)


def text(values: Any) -> Any:
    """Trimmed text (N,) of any Arrow array or pandas column; what only says "unknown" becomes null."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    plain = pc.utf8_trim_whitespace(pc.cast(array, pa.large_string()))
    if isinstance(plain, pa.ChunkedArray):
        plain = plain.combine_chunks()
    unknown = pc.is_in(pc.utf8_lower(plain), value_set=pa.array(EMPTY_WORDS, pa.large_string()))
    return pc.if_else(unknown, pa.scalar(None, pa.large_string()), plain)


def known(column: Any) -> Bools:
    """Rows (N,) where a text column says something."""
    return pc.is_valid(column).to_numpy(zero_copy_only=False)
