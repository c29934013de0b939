"""Gallery, validation and query photos that share neither place nor photographer.

Photos closer than a separation form one place (single linkage); places joined by a photographer form one group;
whole groups go to one split. So no query can be answered by a photo of its own street or its own roll of film.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import BallTree

from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import EARTH_RADIUS_KM

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PAIRS_AT_ONCE = 20_000_000
"""Neighbour pairs held in memory together (about 0.5 GB); a dense city has far more than that."""


def places(lat: Floats, lon: Floats, separation_m: float) -> Ints:
    """Label photos (degrees) by place: 0, 1, ... in order of first photo; two labels are always more than
    `separation_m` apart on the mean sphere, and within one a chain of closer steps joins any two photos.
    """
    points = np.radians(np.column_stack([lat, lon]))
    tree = BallTree(points, metric="haversine")
    radius = separation_m / 1000 / EARTH_RADIUS_KM
    counts = np.asarray(tree.query_radius(points, radius, count_only=True), np.int64)
    labels = np.arange(len(points), dtype=np.int64)
    for rows in _slices(counts):
        neighbours = np.concatenate(list(tree.query_radius(points[rows], radius))).astype(np.int64)
        labels = _joined(labels, np.repeat(rows, counts[rows]), neighbours)
    return _renumbered(labels)


def groups(place: Ints, photographers: Sequence[str | None]) -> Ints:
    """Label photos by group: the same place or the same photographer (None: unknown) means the same group."""
    first: dict[str, int] = {}
    pairs = [(row, first.setdefault(who, row)) for row, who in enumerate(photographers) if who is not None]
    same_place = np.unique(place, return_index=True)[1][place]
    rows = np.array([row for row, _ in pairs], np.int64)
    others = np.array([other for _, other in pairs], np.int64)
    return _renumbered(_joined(same_place.astype(np.int64), rows, others))


def assign(group: Ints, validation_share: float, query_share: float, seed: int) -> list[str]:
    """Give every photo the split of its group; the shares are of photos and are met as closely as whole groups allow.

    The largest group is always gallery. Raises DualGeoError with fewer groups than splits.
    """
    sizes = np.bincount(group)
    targets = {"query": query_share * len(group), "validation": validation_share * len(group)}
    if len(sizes) < 3:
        raise DualGeoError(
            f"The photos form {len(sizes)} separate group{'s' if len(sizes) > 1 else ''} (by place and photographer); "
            "at least 3 are needed, one each for gallery, validation and query: add photos of other places or lower "
            "the separation."
        )
    split = {int(sizes.argmax()): "gallery"}
    order = [int(label) for label in np.random.default_rng(seed).permutation(len(sizes)) if int(label) not in split]
    for name, target in targets.items():
        taken = 0
        for label in order:
            if label not in split and taken + sizes[label] <= target:
                split[label] = name
                taken += int(sizes[label])
    for name in targets:
        if name not in split.values():
            free = [label for label in order if label not in split] or _spare(split)
            split[min(free, key=lambda label: (sizes[label], label))] = name
    return [split.get(int(label), "gallery") for label in group]


def _spare(split: dict[int, str]) -> list[int]:
    """Groups that a split can give up because it has more than one."""
    names = list(split.values())
    return [label for label, name in split.items() if names.count(name) > 1]


def _slices(counts: Ints) -> Iterator[Ints]:
    """Consecutive row numbers whose neighbour counts sum to at most PAIRS_AT_ONCE (at least one row)."""
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + PAIRS_AT_ONCE, side="right")))
        yield np.arange(start, stop)
        start = stop


def _joined(labels: Ints, rows: Ints, others: Ints) -> Ints:
    """Merge components: `labels` names a member of each row's component, and rows[i] belongs with others[i]."""
    n = len(labels)
    left, right = np.concatenate([np.arange(n), rows]), np.concatenate([labels, others])
    graph = coo_matrix((np.ones(len(left), np.bool_), (left, right)), shape=(n, n))
    component = connected_components(graph, directed=False)[1]
    return np.unique(component, return_index=True)[1][component].astype(np.int64)


def _renumbered(labels: Ints) -> Ints:
    """Labels 0, 1, ... in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
