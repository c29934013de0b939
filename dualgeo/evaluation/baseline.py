"""The line any system must beat: always answering one and the same place, the best there is in the gallery."""

from typing import Any

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Distance, Floats, chord_of_km, geodesic_km, unit_vectors

_CELL = 0.01
"""Edge, on the unit sphere, of the cubes that gallery photos are gathered in: 64 km."""


def no_skill_shares(
    gallery_lat: npt.ArrayLike,
    gallery_lon: npt.ArrayLike,
    query_lat: npt.ArrayLike,
    query_lon: npt.ArrayLike,
    thresholds_km: list[float],
    distance: Distance = geodesic_km,
) -> list[float]:
    """For each threshold, the share of queries within it of the one gallery photo that reaches most of them.

    The place is chosen with knowledge of the queries and for each threshold anew, so the line is the best that skill
    in the photos cannot take credit for. Choosing is done on the sphere, the first photo of equals; the share given is
    by `distance`.
    """
    lats, lons = np.asarray(gallery_lat, np.float64), np.asarray(gallery_lon, np.float64)
    query_lats, query_lons = np.asarray(query_lat, np.float64), np.asarray(query_lon, np.float64)
    if lats.size == 0 or query_lats.size == 0:
        return [0.0] * len(thresholds_km)
    from scipy.spatial import KDTree  # 0.2 s to import

    gallery, queries = unit_vectors(lats, lons), KDTree(unit_vectors(query_lats, query_lons))
    cell, first = _cells(gallery)
    shares: list[float] = []
    for threshold in thresholds_km:
        row = _best_row(gallery, cell, first, queries, float(chord_of_km(threshold)))
        errors = distance(lats[row], lons[row], query_lats, query_lons)
        shares.append(float((errors <= threshold).mean()))
    return shares


def _cells(points: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The cell of each point (n,), and the first point of each cell."""
    corner = np.floor(points / _CELL).astype(np.int64)
    side = int(2 / _CELL) + 2
    keys = (corner[:, 0] * side + corner[:, 1]) * side + corner[:, 2]
    _, first, cell = np.unique(keys, return_index=True, return_inverse=True)
    return cell.astype(np.int64), first.astype(np.int64)


def _best_row(
    gallery: Floats, cell: npt.NDArray[np.int64], first: npt.NDArray[np.int64], queries: Any, chord: float
) -> int:
    """Row of the gallery photo with most queries within `chord`, the first of equals.

    No photo of a cell reaches more queries than its first photo does with the cell's diagonal added, so only cells
    where that is not below the best first photo are looked into.
    """
    reach = queries.query_ball_point(gallery[first], chord, return_length=True)
    most = queries.query_ball_point(gallery[first], chord + _CELL * np.sqrt(3), return_length=True)
    rows = np.flatnonzero((most >= reach.max())[cell])
    counts = queries.query_ball_point(gallery[rows], chord, return_length=True)
    return int(rows[np.argmax(counts)])
