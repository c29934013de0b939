"""Per-query tables with chosen hits."""

import numpy as np
import pandas as pd

from dualgeo.params import ScoreParams

PARAMS = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=2000, seed=0)
ERROR_KM = (0.5, 10.0, 100.0, 500.0, 2000.0, 9000.0)
"""An error that is a hit from the first, second... threshold on, and a miss at all."""


def per_query(hit: np.ndarray, photographers: np.ndarray) -> pd.DataFrame:
    """A table whose queries hit from 25 km on, or never."""
    return table(np.where(hit, 10.0, 5000.0), photographers)


def table(error_km: np.ndarray, photographers: np.ndarray) -> pd.DataFrame:
    """The columns of scores/<cell>/queries.parquet that comparing reads."""
    return pd.DataFrame(
        {
            "query_id": [f"q{row:04d}" for row in range(len(error_km))],
            "query_set": "made",
            "photographer": pd.Series(photographers).astype(str),
            "error_km": error_km,
        }
    )
