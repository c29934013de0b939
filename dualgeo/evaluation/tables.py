"""Hits of several runs laid over the same queries: what comparing and averaging start from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.clusters import Clusters, clusters_of
from dualgeo.evaluation.metrics import hits
from dualgeo.geo.sphere import Floats

KEYS = ["query_set", "query_id"]


@dataclass(frozen=True)
class SetHits:
    """Runs on one query set: hits (runs, n, thresholds) as 0.0 or 1.0, and who took the n photos."""

    hits: Floats
    clusters: Clusters


def aligned_hits(runs: list[pd.DataFrame], thresholds_km: list[float]) -> dict[str, SetHits]:
    """Per-query tables of the score stage, as hits by query set.

    Raises DualGeoError when there is no table or when they are not about the same queries.
    """
    if not runs:
        raise DualGeoError("There are no scored runs to compare; run `dvc repro score`.")
    ordered = [run.sort_values(KEYS, ignore_index=True) for run in runs]
    first = ordered[0]
    for other in ordered[1:]:
        if not other[KEYS].equals(first[KEYS]):
            raise DualGeoError("The scored runs are not about the same queries; run `dvc repro` so that all are new.")
    within = np.stack([hits(run["error_km"].to_numpy(np.float64), thresholds_km) for run in ordered])
    groups = first.groupby("query_set", sort=True).indices
    return {
        str(name): SetHits(within[:, rows], clusters_of(first["photographer"].iloc[rows]))
        for name, rows in groups.items()
    }
