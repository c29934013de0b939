"""Photos of the same place, and of the same place at the same time."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from dualgeo.geo.sphere import chord_of_km, km_of_chord, unit_vectors
from dualgeo.leakage.pairs import Found, PairKeeper, slices
from dualgeo.leakage.photos import Photos

PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Nearby:
    """Pairs within a distance, and those of them that are also within a time."""

    place: Found
    moment: Found


def nearby(gallery: Photos, queries: Photos, metres: float, minutes: float, limit: int | None, within: bool) -> Nearby:
    """Every pair at most `metres` apart (great circle on the mean sphere), and at most `minutes` apart in time.

    Both sides need coordinates; a photo without a time is in no pair of `moment`.
    """
    place, moment = (PairKeeper(queries.count, limit) for _ in range(2))
    held, asked = np.flatnonzero(gallery.located), np.flatnonzero(queries.located)
    if len(held) and len(asked):
        tree = KDTree(_points(gallery, held), balanced_tree=False)
        points = _points(queries, asked)
        chord = float(chord_of_km(metres / 1000))
        counts = np.asarray(tree.query_ball_point(points, chord, return_length=True), np.int64)
        for part in slices(counts, PAIRS_AT_ONCE):
            found = KDTree(points[part]).sparse_distance_matrix(tree, chord, output_type="ndarray")
            query, row = asked[part][found["i"]], held[found["j"]]
            apart = 1000 * km_of_chord(found["v"])
            if within:
                query, row, apart = query[query != row], row[query != row], apart[query != row]
            place.add(query, row, apart)
            if gallery.times is not None and queries.times is not None:
                # NaN, an unknown time, is within no time.
                soon = queries.times.apart_s(query, gallery.times, row) <= 60 * minutes
                moment.add(query[soon], row[soon], apart[soon])
    return Nearby(place.found(), moment.found())


def _points(photos: Photos, rows: np.typing.NDArray[np.int64]) -> np.typing.NDArray[np.float64]:
    assert photos.lat is not None and photos.lon is not None
    return unit_vectors(photos.lat[rows], photos.lon[rows])
