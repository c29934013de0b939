"""The line any system must beat: always answering one and the same place, the best there is in the gallery."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import EARTH_RADIUS_KM, HALF_CIRCUMFERENCE_KM, geodesic_km, unit_vectors

_PRODUCTS_AT_A_TIME = 1 << 22


def no_skill_shares(
    gallery_lat: npt.ArrayLike,
    gallery_lon: npt.ArrayLike,
    query_lat: npt.ArrayLike,
    query_lon: npt.ArrayLike,
    thresholds_km: list[float],
) -> list[float]:
    """For each threshold, the share of queries within it of the one gallery photo that reaches most of them.

    The place is chosen with knowledge of the queries and for each threshold anew, so the line is the best that skill
    in the photos cannot take credit for. Choosing is done on the sphere; the share given is by geodesics.
    """
    gallery_lats, gallery_lons = np.asarray(gallery_lat, np.float64), np.asarray(gallery_lon, np.float64)
    query_lats, query_lons = np.asarray(query_lat, np.float64), np.asarray(query_lon, np.float64)
    if gallery_lats.size == 0 or query_lats.size == 0:
        return [0.0] * len(thresholds_km)
    queries = unit_vectors(query_lats, query_lons).T
    arcs = np.minimum(np.asarray(thresholds_km, np.float64), HALF_CIRCUMFERENCE_KM) / EARTH_RADIUS_KM
    best = np.full(len(arcs), -1, dtype=np.int64)
    place = np.zeros(len(arcs), dtype=np.int64)
    step = max(1, _PRODUCTS_AT_A_TIME // query_lats.size)
    for start in range(0, gallery_lats.size, step):
        rows = slice(start, start + step)
        cosines = unit_vectors(gallery_lats[rows], gallery_lons[rows]) @ queries
        for number, arc in enumerate(arcs):
            reached = np.count_nonzero(cosines >= np.cos(arc), axis=1)
            top = int(np.argmax(reached))
            if reached[top] > best[number]:
                best[number], place[number] = reached[top], start + top
    shares: list[float] = []
    for threshold, row in zip(thresholds_km, place, strict=True):
        errors = geodesic_km(gallery_lats[row], gallery_lons[row], query_lats, query_lons)
        shares.append(float((errors <= threshold).mean()))
    return shares
