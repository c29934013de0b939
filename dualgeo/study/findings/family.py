"""One correction for all that the verdict rests on: the test over everything and the test of each condition."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats


def weighted_holm(p: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Corrected p values (m,) of Holm's step-down procedure with weights (Holm 1979), in the same order, at most 1.

    A heavier hypothesis gets more of the allowed error. Rejecting where the corrected p is at most alpha keeps the
    chance of any false rejection at alpha, however the tests depend on each other; equal weights give Holm's usual
    correction. Weights must be positive.
    """
    values, given = np.asarray(p, np.float64), np.asarray(weights, np.float64)
    if values.shape != given.shape or not (given > 0).all():
        raise ValueError("every p value needs one positive weight")
    order = np.argsort(values / given, kind="stable")
    remaining = np.cumsum(given[order][::-1])[::-1]
    stepped = np.maximum.accumulate(values[order] / given[order] * remaining)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
