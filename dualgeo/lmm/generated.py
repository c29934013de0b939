"""The coordinates that a model gave for many photos, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.geo.sphere import Floats
from dualgeo.refinement.rerank import Integers

UNREACHED = "not asked"
"""Outcome of a prompt that the budget did not reach."""
WEIGHTIEST = ("answered", UNREACHED, "failed", "truncated", "invalid", "refused", "rejected")
"""Of several prompts about one photo, the outcome that comes first here is the photo's."""


@dataclass(frozen=True)
class Generated:
    """What a model said of B photos in at most m prompts each."""

    lat: Floats
    lon: Floats
    """Degrees (B, m); NaN where a prompt gave no coordinate."""
    radius_km: Floats
    """How far off the model says it may be (B, m); NaN without an answer."""

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Where there is a coordinate, (B, m)."""
        return np.isfinite(self.lat) & np.isfinite(self.lon)

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Which photos have any, (B,)."""
        return np.asarray(self.present.any(axis=1), np.bool_)


@dataclass(frozen=True)
class Said:
    """Rows of the table of what a model said (LMM_SCHEMA) laid over B photos."""

    row: Integers
    """Photo of each row of the table."""
    column: Integers
    """Its place among the prompts about that photo, in table order."""
    generated: Generated
    outcome: list[str | None]
    """By photo, the weightiest of its prompts' outcomes; None where the model was not meant to be asked."""

    @property
    def reached(self) -> npt.NDArray[np.bool_]:
        """Photos (B,) that were put to the model."""
        return np.array([outcome not in (None, UNREACHED) for outcome in self.outcome], dtype=np.bool_)

    @staticmethod
    def of(table: pd.DataFrame, photo_ids: Sequence[str]) -> "Said":
        """`table`: LMM_SCHEMA rows about photos of `photo_ids`, of the plain or of the filtered search, not of both."""
        row = pd.Index(photo_ids).get_indexer(pd.Index(table["query_id"])).astype(np.int64)
        if (row < 0).any():
            raise ValueError(f"{table['query_id'].iloc[int(np.argmax(row < 0))]} is none of the photos")
        column = np.asarray(table.groupby("query_id", sort=False).cumcount(), np.int64)
        shape = (len(photo_ids), int(column.max(initial=-1)) + 1)
        values: list[Floats] = []
        for name in ("lat", "lon", "radius_km"):
            laid = np.full(shape, np.nan)
            laid[row, column] = table[name].to_numpy(np.float64)
            values.append(laid)
        outcome: list[str | None] = [None] * len(photo_ids)
        for place, ended in zip(row.tolist(), table["outcome"], strict=True):
            outcome[place] = min((known for known in (outcome[place], str(ended)) if known), key=WEIGHTIEST.index)
        return Said(row, column, Generated(*values), outcome)
