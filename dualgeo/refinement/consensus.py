"""The final coordinate: the candidate on which the winning cluster agrees."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats, haversine_km
from dualgeo.refinement.rerank import Candidates, Integers, Reranked

SHARPNESS = 1.0
"""How fast trust falls with similarity: e-fold for each standard deviation of the query's own similarities."""


def trust(candidates: Candidates) -> Floats:
    """How much each candidate counts, (B, k): the best 1, the others less by similarity, absent ones 0.

    Similarities are compared in standard deviations of the query's own candidates, so that the scale of the encoder
    does not matter. Candidates of equal similarity count equally.
    """
    present = candidates.present
    score = np.where(present, np.nan_to_num(candidates.score), 0.0).astype(np.float64)
    count = np.maximum(present.sum(axis=1, keepdims=True), 1)
    mean = score.sum(axis=1, keepdims=True) / count
    deviation = np.sqrt((np.where(present, score - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / count)
    best = np.max(np.where(present, score, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    behind = np.where(present, np.where(present, best, 0.0) - score, 0.0)
    return np.where(present, np.exp(-SHARPNESS * behind / np.maximum(deviation, 1e-9)), 0.0)


def medoid(candidates: Candidates, eligible: npt.NDArray[np.bool_], weights: Floats) -> Integers:
    """Column (B,) of the eligible candidate with the least weighted summed distance to the eligible ones.

    An actual candidate, not a mean: a mean of two streets is neither. Equal sums go to the better ranked candidate.
    Rows without an eligible candidate give column 0.
    """
    queries, k = eligible.shape
    answer = np.zeros(queries, dtype=np.int64)
    step = max(1, (1 << 20) // max(1, k * k))
    for start in range(0, queries, step):
        rows = slice(start, start + step)
        lat, lon = candidates.lat[rows], candidates.lon[rows]
        distance = haversine_km(lat[:, :, None], lon[:, :, None], lat[:, None, :], lon[:, None, :])
        mass = np.where(eligible[rows], weights[rows], 0.0)[:, None, :]
        # Rounded to a millimetre: below that the order of summation would decide.
        cost = np.round(np.where(mass > 0, distance, 0.0) @ np.swapaxes(mass, 1, 2), 6)[:, :, 0]
        answer[rows] = np.argmin(np.where(eligible[rows], cost, np.inf), axis=1)
    return answer


def consensus(candidates: Candidates, reranked: Reranked) -> Integers:
    """Column (B,) of the answer: the medoid of the chosen cluster, weighted by trust; else the first candidate."""
    answer = medoid(candidates, reranked.members, trust(candidates))
    return np.where(reranked.winner >= 0, answer, reranked.first)
