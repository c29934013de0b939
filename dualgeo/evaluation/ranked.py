"""Candidates of queries as matrices, best first, with the error of each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.geo.sphere import Distance, Floats, geodesic_km

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranked:
    """Up to k candidates of n queries, degrees and km (to the truth), each (n, k); NaN where there is none."""

    lat: Floats
    lon: Floats
    error_km: Floats

    @property
    def depth(self) -> int:
        """The most candidates of any query."""
        return self.lat.shape[1]

    @property
    def first_km(self) -> Floats:
        """Error of the first candidate (n,), NaN without."""
        return self.error_km[:, 0] if self.depth else np.full(len(self.lat), np.nan)

    @property
    def best_km(self) -> Floats:
        """Error of the best candidate (n,), NaN without."""
        best = np.min(np.where(np.isnan(self.error_km), np.inf, self.error_km), axis=1, initial=np.inf)
        return np.where(np.isinf(best), np.nan, best)

    def rows(self, rows: Integers) -> "Ranked":
        """Those queries alone."""
        return Ranked(self.lat[rows], self.lon[rows], self.error_km[rows])


@dataclass(frozen=True)
class Candidates:
    """Candidates of n queries: as retrieved, and as the system ranks them in the end."""

    retrieved: Ranked
    final: Ranked

    def rows(self, rows: Integers) -> "Candidates":
        """Those queries alone."""
        return Candidates(self.retrieved.rows(rows), self.final.rows(rows))


def candidates_of(candidates: pd.DataFrame, queries: pd.DataFrame, distance: Distance = geodesic_km) -> Candidates:
    """Candidates (query_id, rank, lat, lon, and `order` where the system re-ranked them; 0 = first) of `queries`.

    `queries`: query_id, lat, lon, whose order is kept. Candidates of other queries are ignored.
    """
    row = pd.Index(queries["query_id"]).get_indexer(pd.Index(candidates["query_id"])).astype(np.int64)
    mine, row = candidates[row >= 0], row[row >= 0]
    truth_lat, truth_lon, lat, lon = (
        frame[name].to_numpy(np.float64)[at]
        for frame, at in ((queries, row), (mine, slice(None)))
        for name in ("lat", "lon")
    )
    values = [lat, lon, distance(truth_lat, truth_lon, lat, lon)]
    retrieved = _ranked(values, row, mine["rank"].to_numpy(np.int64), len(queries))
    if "order" not in mine:
        return Candidates(retrieved, retrieved)
    return Candidates(retrieved, _ranked(values, row, mine["order"].to_numpy(np.int64), len(queries)))


def _ranked(values: list[Floats], row: Integers, column: Integers, queries: int) -> Ranked:
    depth = int(column.max()) + 1 if len(column) else 0
    matrices = [np.full((queries, depth), np.nan) for _ in values]
    for matrix, value in zip(matrices, values, strict=True):
        matrix[row, column] = value
    return Ranked(*matrices)
