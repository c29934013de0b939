"""Many memory-mapped arrays that read as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Half = npt.NDArray[np.float16]


class ShardedRows:
    """Arrays of one row shape, stacked along axis 0 without copying; indexing copies just the rows asked for."""

    dtype = np.dtype(np.float16)

    def __init__(self, parts: Sequence[Half]) -> None:
        self._parts = list(parts)
        self._starts = np.cumsum([0, *(len(part) for part in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """As if it were one array."""
        return (len(self), *(self._parts[0].shape[1:] if self._parts else ()))

    def __getitem__(self, rows: int | slice | npt.NDArray[Any]) -> Half:
        """Rows in the order asked for: an index, a slice, an integer array or a boolean mask; always a copy."""
        if isinstance(rows, int | np.integer):
            return self._gather(np.arange(len(self))[[int(rows)]])[0]
        return self._gather(np.arange(len(self))[rows])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All rows; one part alone is handed out as it lies on disk unless a copy is asked for."""
        if copy is False and len(self._parts) > 1:
            raise ValueError("rows of several files cannot be one array without copying")
        whole = self._parts[0] if len(self._parts) == 1 else self._gather(np.arange(len(self)))
        return np.array(whole, dtype=dtype, copy=copy)

    def _gather(self, rows: npt.NDArray[np.int64]) -> Half:
        out = np.empty((len(rows), *self.shape[1:]), np.float16)
        owner = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(owner):
            mine = owner == number
            out[mine] = self._parts[number][rows[mine] - self._starts[number]]
        return out
