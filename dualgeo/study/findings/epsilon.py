"""The cluster radius, chosen on validation photos; the published sweep chose it on a test set."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dualgeo.evaluation.metrics import hits
from dualgeo.params import StudyParams
from dualgeo.study.trials.variations import EPS, radius_name

VALIDATION = "validation"


@dataclass(frozen=True)
class RadiusChoice:
    """Validation accuracy by cluster radius, and the radius it chooses."""

    eps_km: tuple[float, ...]
    accuracy: tuple[float, ...]
    """Percent of validation photos within the reference threshold, mean over seeds."""
    chosen_km: float


def choose_radius(tables: Sequence[pd.DataFrame], params: StudyParams, threshold_km: float) -> RadiusChoice | None:
    """The radius of params.eps_km with the best validation accuracy over all seeds; of equals the smallest.

    `tables`: those of the `ablate` stage, one a seed. Query photos are not looked at. None without validation photos.
    """
    rows = [table[(table["group"] == EPS) & (table["split"] == VALIDATION)] for table in tables]
    if any(part.empty for part in rows) or not rows:
        return None
    radii = sorted(params.eps_km)
    accuracy = [_accuracy(rows, radius_name(eps), threshold_km) for eps in radii]
    best = max(range(len(radii)), key=lambda place: (accuracy[place], -place))
    return RadiusChoice(tuple(radii), tuple(accuracy), radii[best])


def _accuracy(tables: Sequence[pd.DataFrame], name: str, threshold_km: float) -> float:
    shares = [hits(table.loc[table["name"] == name, "error_km"].to_numpy(), [threshold_km]).mean() for table in tables]
    return 100 * float(sum(shares) / len(shares))
