"""What the ablation table says of a simulated model: its share within the nearest threshold, and that predicted."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dualgeo.params import Params
from dualgeo.study.trials.simulated import trials_of


def simulated_note(params: Params, name: str, queries: Sequence[pd.DataFrame], reference_km: float) -> str:
    """Percent of `queries` (one table a seed) within the nearest threshold; for a model that knows every photo and is
    believed, also what its noise alone predicts there and within `reference_km`.
    """
    near = min(params.score.thresholds_km)
    shares = [100 * float(np.mean(table["error_km"].to_numpy(np.float64) <= near)) for table in queries]
    note = f"within {near:g} km {sum(shares) / len(shares):.1f}"
    trial = next((trial for trial in trials_of(params) if trial.name == name), None)
    if trial is None or trial.method != "none" or trial.model.knows < 1:
        return note
    predicted = [f"{100 * trial.model.expected(km):.1f} within {km:g} km" for km in (near, reference_km)]
    return f"{note}; predicted {', '.join(predicted)}"
