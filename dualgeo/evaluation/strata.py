"""Where errors live: accuracy by continent, climate, settlement, and by how many gallery photos are near."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.atlas.countries import continent_of
from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.figures import accuracies, rounded
from dualgeo.evaluation.metrics import median_km
from dualgeo.geo.gazetteer import Names
from dualgeo.geo.sphere import chord_of_km, unit_vectors
from dualgeo.params import ScoreParams

DENSITY_KM = 25.0
DENSITY_COLUMN = "gallery_within_25km"
DENSITIES = {"0": 0, "1-9": 1, "10-99": 10, "100+": 100}
"""Stratum -> the fewest gallery photos within DENSITY_KM."""
UNKNOWN = "unknown"


def continents_of(codes: Names) -> Names:
    """Continent of each ISO alpha-2 code (n,), whole countries; `Antarctica`, `at sea` for None, else `unknown`."""
    names: dict[str | None, str] = {None: "at sea", "AQ": "Antarctica"}
    for code in set(codes) - names.keys():
        names[code] = continent_of(code) or UNKNOWN
    return np.array([names[code] for code in codes], dtype=object)


def gallery_counts(
    lat: npt.ArrayLike, lon: npt.ArrayLike, gallery_lat: npt.ArrayLike, gallery_lon: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """How many gallery photos lie within DENSITY_KM of each of n points (degrees), on the sphere."""
    from scipy.spatial import KDTree  # 0.2 s to import

    gallery = unit_vectors(gallery_lat, gallery_lon)
    if len(gallery) == 0:
        return np.zeros(len(np.atleast_1d(lat)), np.int64)
    # Unbalanced trees build several times faster, and coordinates that repeat thousands of times do not slow them.
    tree = KDTree(gallery, balanced_tree=False, compact_nodes=False)
    counts = tree.query_ball_point(unit_vectors(lat, lon), chord_of_km(DENSITY_KM), return_length=True)
    return np.asarray(counts, np.int64)


def densities_of(counts: npt.ArrayLike) -> Names:
    """The stratum of each count of gallery photos."""
    steps = np.array(list(DENSITIES.values()))
    names = np.array(list(DENSITIES), dtype=object)
    return names[np.searchsorted(steps, np.asarray(counts), side="right") - 1]


def set_strata(rows: pd.DataFrame, params: ScoreParams) -> dict[str, dict[str, object]]:
    """Accuracy of one query set by kind of stratum and stratum; a kind that `rows` does not know is left out.

    `rows`: error_km, photographer, and of `continent`, `climate`, `settlement`, `gallery_within_25km` what there is.
    Strata are disjoint and hold every query; intervals are those of the stratum's own queries.
    """
    kinds = {name: rows[name].to_numpy(object) for name in ("continent", "climate", "settlement") if name in rows}
    if DENSITY_COLUMN in rows:
        kinds["gallery_density"] = densities_of(rows[DENSITY_COLUMN])
    return {kind: _by_stratum(rows, strata, params) for kind, strata in kinds.items()}


def _by_stratum(rows: pd.DataFrame, strata: Names, params: ScoreParams) -> dict[str, object]:
    answer: dict[str, object] = {}
    for name in sorted(set(strata)):
        mine = rows[strata == name]
        errors = mine["error_km"].to_numpy(np.float64)
        answer[name] = {
            "queries": len(mine),
            "acc": accuracies(errors, clusters_of(mine["photographer"]), params),
            "median_km": rounded(median_km(errors)),
        }
    return answer
