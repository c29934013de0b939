"""Whether a stated radius holds what it says, and how much it says."""

import numpy as np
import pandas as pd

from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.figures import rounded, shares_of
from dualgeo.params import ScoreParams

RADIUS_PREFIX = "radius_km_"


def radius_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of radii, such as radius_km_90, the smallest stated coverage first."""
    names = [str(name) for name in frame.columns if str(name).startswith(RADIUS_PREFIX)]
    return sorted(names, key=_level)


def level_key(column: str) -> str:
    """`radius_km_90` -> "0.9"."""
    return f"{_level(column):g}"


def radius_figures(rows: pd.DataFrame, params: ScoreParams) -> dict[str, dict[str, float | None]]:
    """By stated coverage: `coverage` with its interval, and sharpness, the median radius.

    `rows`: error_km, photographer and radius columns. Only the `queries` with a radius are asked; a radius that holds
    what it says covers the truth in the stated share of them. Among systems that do, the one with the smaller median
    radius says more (Gneiting, Balabdaoui and Raftery 2007).
    """
    return {level_key(column): _figures(rows, column, params) for column in radius_columns(rows)}


def _figures(rows: pd.DataFrame, column: str, params: ScoreParams) -> dict[str, float | None]:
    errors, radii = rows["error_km"].to_numpy(np.float64), rows[column].to_numpy(np.float64)
    stated = ~np.isnan(radii)
    if not stated.any():
        return {"coverage": None, "low": None, "high": None, "median_km": None, "queries": 0}
    covered = (errors[stated] <= radii[stated]).astype(np.float64)
    share = shares_of(covered[:, None], clusters_of(rows["photographer"][stated]), params)[0]
    return {
        "coverage": share["value"],
        "low": share["low"],
        "high": share["high"],
        "median_km": rounded(float(np.median(radii[stated]))),
        "queries": int(stated.sum()),
    }


def _level(column: str) -> float:
    return float(column.removeprefix(RADIUS_PREFIX)) / 100
