"""How good an answer could be that picks the best of the first k candidates: what a re-rank has to work with."""

import numpy as np

from dualgeo.evaluation.figures import percent, threshold_key
from dualgeo.evaluation.metrics import hits
from dualgeo.evaluation.ranked import Ranked
from dualgeo.geo.sphere import Floats


def depths(most: int) -> list[int]:
    """1, 5, 10, 20, 50, 100, 200, 500, 1000 ... below `most`, and `most` itself; nothing without candidates."""
    steps = [1, 5, *(step * 10**power for power in range(1, 7) for step in (1, 2, 5))]
    return [*(step for step in steps if step < most), most] if most > 0 else []


def oracle_km(candidates: Ranked) -> Floats:
    """Error (n, k) of the best of the first 1..k candidates, inf before the first one."""
    errors = np.where(np.isnan(candidates.error_km), np.inf, candidates.error_km)
    return np.minimum.accumulate(errors, axis=1)


def oracle_at(candidates: Ranked, thresholds_km: list[float]) -> dict[str, dict[str, float | None]]:
    """By k and threshold key, the percentage of all queries that one of the first k candidates answers."""
    best = oracle_km(candidates)
    answer: dict[str, dict[str, float | None]] = {}
    for k in depths(candidates.depth):
        shares = hits(best[:, k - 1], thresholds_km).mean(axis=0)
        answer[str(k)] = {threshold_key(km): percent(float(s)) for km, s in zip(thresholds_km, shares, strict=True)}
    return answer
