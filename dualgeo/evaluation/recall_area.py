"""Recall versus area: how much of the Earth must be searched, in the order a system gives, to find a share of queries.

The metric of Bianco, Eigen and Gormish (arXiv 2407.13862): regions are ranked by score, and their area is accumulated
until the truth is in one of them. Three kinds of systems: one answer, whose search is a cap that grows around it;
ranked candidates, each a cap of fixed radius; scores on the cells of a partition of the Earth.
"""

import numpy as np
import numpy.typing as npt

from dualgeo.evaluation.figures import threshold_key
from dualgeo.evaluation.ranked import Ranked
from dualgeo.geo.sphere import EARTH_RADIUS_KM, Floats, cap_area_km2, unit_vectors

HALF = 0.5
EARTH_KM2 = 4 * np.pi * EARTH_RADIUS_KM**2
GRID_KM2 = np.array([*np.logspace(0, 8.5, 35), EARTH_KM2])
"""Where curves are drawn: four points to a factor of ten, from 1 km^2 to the whole Earth."""
LATTICE = 128
_GOLDEN = np.pi * (3 - np.sqrt(5))
_COSINES_AT_A_TIME = 1 << 22


def answer_area_km2(error_km: npt.ArrayLike) -> Floats:
    """Area (n,) of the cap around an answer that reaches the truth, 2 pi R^2 (1 - cos(error / R)); a failure: inf."""
    errors = np.asarray(error_km, np.float64)
    return np.where(np.isnan(errors), np.inf, cap_area_km2(np.nan_to_num(errors)))


def candidates_area_km2(candidates: Ranked, radius_km: float) -> Floats:
    """Area (n,) of the caps of `radius_km` around the candidates, best first, until one covers the truth; else inf.

    What several caps cover is counted once. The part of a cap that earlier ones cover is measured on LATTICE points
    that divide its area evenly (a golden-angle spiral), which errs by 0.8 % of a cap (RMS over random pairs).
    """
    covers = candidates.error_km <= radius_km
    found = np.flatnonzero(covers.any(axis=1))
    area = np.full(len(covers), np.inf)
    if len(found) == 0:
        return area
    last = np.argmax(covers[found], axis=1)
    centres = unit_vectors(candidates.lat[found], candidates.lon[found])
    caps = np.where(np.isnan(candidates.lat[found, 0]), 0.0, 1.0)
    for place in range(1, int(last.max()) + 1):
        asked = np.flatnonzero((last >= place) & ~np.isnan(candidates.lat[found, place]))
        caps[asked] += _new_shares(centres[asked, place], centres[asked, :place], radius_km)
    area[found] = np.minimum(caps * cap_area_km2(radius_km), EARTH_KM2)
    return area


def cells_area_km2(scores: npt.ArrayLike, area_km2: npt.ArrayLike, truth: npt.ArrayLike) -> Floats:
    """Area (n,) of the cells with the highest scores, up to the one that holds the truth, for a density on cells.

    `scores` (n, cells), higher first; `area_km2` (cells,) of a partition without overlap; `truth` (n,) the position of
    the cell that holds the truth, -1 where none does (inf). Cells of equal score come in random order: of those tied
    with the truth's cell, half of the others is counted, the mean over all orders.
    """
    values, areas = np.asarray(scores, np.float64), np.asarray(area_km2, np.float64)
    cell = np.asarray(truth, np.int64)
    mine = values[np.arange(len(cell)), cell][:, None]
    higher, tied = ((mask * areas).sum(axis=1) for mask in (values > mine, values == mine))
    return np.where(cell < 0, np.inf, higher + (tied + areas[cell]) / 2)


def recall(area_km2: Floats, grid_km2: Floats = GRID_KM2) -> Floats:
    """Share of all queries whose truth is found within each area of the grid; rises from 0 to at most 1."""
    within = np.searchsorted(np.sort(area_km2), grid_km2 * (1 + 1e-12), side="right")
    return within / max(len(area_km2), 1)


def area_at(area_km2: Floats, share: float = HALF) -> float | None:
    """Smallest area per query within which at least `share` of all queries are found; None where never so many are."""
    if len(area_km2) == 0:
        return None
    area = float(np.sort(area_km2)[max(int(np.ceil(share * len(area_km2) - 1e-9)), 1) - 1])
    return area if np.isfinite(area) else None


def areas_of(error_km: Floats, candidates: Ranked | None, thresholds_km: list[float]) -> dict[str, Floats]:
    """Areas (n,) by `answer`, and by `candidates_R` for each threshold R km as the caps' radius, if there are any."""
    areas = {"answer": answer_area_km2(error_km)}
    if candidates is not None and candidates.depth:
        areas |= {f"candidates_{threshold_key(km)}": candidates_area_km2(candidates, km) for km in thresholds_km}
    return areas


def _new_shares(centre: Floats, earlier: Floats, radius_km: float) -> Floats:
    """Share of the cap around each `centre` (n, 3) that no cap around `earlier` (n, m, 3) covers; NaN covers none."""
    points, edge = _lattice(radius_km), np.cos(min(radius_km / EARTH_RADIUS_KM, np.pi))
    shares = np.ones(len(centre))
    # Caps that lie apart cannot overlap: most queries need no lattice, and the others few of the caps.
    closeness = np.nan_to_num((earlier @ centre[:, :, None])[:, :, 0], nan=-2.0)
    close = closeness >= np.cos(min(2 * radius_km / EARTH_RADIUS_KM, np.pi))
    near, most = np.flatnonzero(close.any(axis=1)), int(close.sum(axis=1).max(initial=0))
    step = max(1, _COSINES_AT_A_TIME // (LATTICE * max(most, 1)))
    for start in range(0, len(near), step):
        rows = near[start : start + step]
        kept = np.argsort(-closeness[rows], axis=1, kind="stable")[:, :most]
        around = np.take_along_axis(earlier[rows], kept[:, :, None], axis=1)
        cosine = np.nan_to_num(points @ _frames(centre[rows]) @ around.transpose(0, 2, 1), nan=-2.0)
        shares[rows] = (cosine < edge).all(axis=2).mean(axis=1)
    return shares


def _lattice(radius_km: float) -> Floats:
    """LATTICE unit vectors (LATTICE, 3) around the pole that stand for equal parts of the cap."""
    number = np.arange(LATTICE)
    height = 1 - (number + 0.5) / LATTICE * cap_area_km2(radius_km) / (2 * np.pi * EARTH_RADIUS_KM**2)
    flat = np.sqrt(np.clip(1 - height**2, 0.0, None))
    return np.column_stack([flat * np.cos(number * _GOLDEN), flat * np.sin(number * _GOLDEN), height])


def _frames(centre: Floats) -> Floats:
    """Orthonormal axes (n, 3, 3), as rows, that turn the pole to each `centre` (n, 3)."""
    # Any direction will do for the first axis that is far from the centre's own.
    aside = np.where(np.abs(centre[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    east = np.asarray(np.cross(aside, centre), np.float64)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.asarray(np.cross(centre, east), np.float64)
    return np.stack([east, north, centre], axis=1)
