"""Which photos meet in a batch: everything shuffled, neighbours kept together where the loss needs them."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import EARTH_RADIUS_KM, unit_vectors

Rows = npt.NDArray[np.int64]


def neighbourhoods(latlon: npt.NDArray[np.float64], radius_km: float) -> Rows:
    """Label (N,) photos of degrees (N, 2) by neighbourhood: cubes of space about `radius_km` wide.

    Cubes have no seam at 180 degrees and do not shrink towards the poles.
    """
    width = max(radius_km, 0.001) / EARTH_RADIUS_KM
    # Rounding centres a cube on each axis: flooring would put a face on the equator and on the 180th meridian.
    cubes = np.rint(unit_vectors(latlon[:, 0], latlon[:, 1]) / width).astype(np.int64)
    _, labels = np.unique(cubes, axis=0, return_inverse=True)
    return labels.reshape(-1)


def epoch_batches(labels: Rows, batch: int, neighbours: int, seed: int, epoch: int) -> list[Rows]:
    """Rows of each batch of one epoch; every photo appears once, except a last photo that would be alone.

    Photos of one neighbourhood are dealt in groups of up to `neighbours`; groups are shuffled. With 1 this is a plain
    shuffle. The order depends on nothing but the arguments.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(labels))
    if neighbours > 1:
        order = _deal_in_groups(order, labels, neighbours, random)
    batches = [order[start : start + batch] for start in range(0, len(order), batch)]
    # A photo alone in a batch has no negative and would give a loss of exactly 0.
    return [rows for rows in batches if len(rows) > 1]


def _deal_in_groups(order: Rows, labels: Rows, size: int, random: np.random.Generator) -> Rows:
    by_label = order[np.argsort(labels[order], kind="stable")]
    sorted_labels = labels[by_label]
    starts = np.flatnonzero(np.r_[True, sorted_labels[1:] != sorted_labels[:-1]])
    position = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    group = np.cumsum(position % size == 0) - 1
    shuffled = random.permutation(group[-1] + 1)
    return by_label[np.argsort(shuffled[group], kind="stable")]
