"""Shares averaged over the seeds of a variant, with an interval over photographers."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.summary import accuracy_intervals
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams
from dualgeo.report.findings import Figure

NOTHING = Figure(float("nan"))


def pooled_share(tables: list[pd.DataFrame], hit: Callable[[pd.DataFrame], Floats], params: ScoreParams) -> Figure:
    """Percent of hits, the mean over seeds of each query, with its interval.

    `tables`: the same queries in the same order, one table a seed. `hit` gives 0.0 or 1.0 for each row (n,), NaN for a
    query that is not asked; those that no seed asks are left out. NaN where a seed asks nothing.
    """
    values = np.stack([hit(table) for table in tables])
    asked = ~np.isnan(values).all(axis=0)
    if np.isnan(values).all(axis=1).any():
        return NOTHING
    by_seed = 100 * np.nanmean(values[:, asked], axis=1)
    # The interval needs every seed's answer to a query; the mean does not.
    everywhere = np.flatnonzero(~np.isnan(values).any(axis=0))
    clusters = clusters_of(tables[0]["photographer"].iloc[everywhere])
    low, high = (
        accuracy_intervals(values[:, everywhere, None], clusters, params) if len(everywhere) else ([np.nan], [np.nan])
    )
    sd = float(by_seed.std(ddof=1)) if len(tables) > 1 else float("nan")
    return Figure(float(by_seed.mean()), sd, 100 * float(low[0]), 100 * float(high[0]))


def within(km: float, column: str = "error_km") -> Callable[[pd.DataFrame], Floats]:
    """Hits within a distance; a failure is a miss."""
    return lambda table: (table[column].to_numpy(np.float64) <= km).astype(np.float64)


def covered(column: str) -> Callable[[pd.DataFrame], Floats]:
    """Whether the truth lies within a stated radius; not asked where none is stated."""

    def hit(table: pd.DataFrame) -> Floats:
        radius = table[column].to_numpy(np.float64)
        inside = (table["error_km"].to_numpy(np.float64) <= radius).astype(np.float64)
        return np.where(np.isnan(radius), np.nan, inside)

    return hit


def named(column: str) -> Callable[[pd.DataFrame], Floats]:
    """A column that holds hits already."""
    return lambda table: table[column].to_numpy(np.float64)
