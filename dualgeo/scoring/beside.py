"""What the pipeline writes beside its predictions, so that scoring them by hand gives the pipeline's figures."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from dualgeo.errors import DualGeoError

PREDICTIONS, CANDIDATES, FILTERED = "predictions.parquet", "candidates.parquet", "filtered.parquet"


@dataclass(frozen=True)
class Beside:
    """Files of one folder refined/<cell>; None where there is no such file, or the predictions are another system's."""

    candidates: Path | None = None
    filtered: pd.DataFrame | None = None
    """Answers to the queries for which gallery photos were left out."""


def beside(predictions: Path) -> Beside:
    """Look next to a file named predictions.parquet."""
    if predictions.name != PREDICTIONS:
        return Beside()
    candidates, filtered = predictions.with_name(CANDIDATES), predictions.with_name(FILTERED)
    return Beside(candidates if candidates.is_file() else None, _read(filtered) if filtered.is_file() else None)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        raise DualGeoError(f"{path} cannot be read ({' '.join(str(error).split())[:120]}).") from None
