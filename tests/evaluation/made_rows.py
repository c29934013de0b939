"""Per-query tables made by hand."""

import numpy as np
import pandas as pd

from dualgeo.params import ScoreParams

PARAMS = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=200, seed=0)


def rows(error_km: list[float], **columns: object) -> pd.DataFrame:
    """Queries with these errors, each by another photographer."""
    return pd.DataFrame(
        {
            "query_id": [f"q{row:03d}" for row in range(len(error_km))],
            "photographer": [f"person {row}" for row in range(len(error_km))],
            "error_km": np.asarray(error_km, np.float64),
            **columns,
        }
    )
