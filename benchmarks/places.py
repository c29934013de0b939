"""How far the rules behind places and strata can be trusted, and what they cost: python benchmarks/places.py

1. Regions: every GeoNames place is left out in turn and named by the nearest other place of its country. A photo is
   usually nearer to a place than places are to each other, so this is what the rule does at its worst.
2. Union of caps: random pairs of overlapping caps against the exact area of a lens.
3. Counting 4,700,000 made gallery photos around 4,536 queries: seconds and peak memory.
"""

import resource
import time
from itertools import pairwise

import numpy as np
from scipy.spatial import KDTree

from dualgeo.evaluation.ranked import Ranked
from dualgeo.evaluation.recall_area import candidates_area_km2
from dualgeo.evaluation.strata import gallery_counts
from dualgeo.geo.gazetteer import REGION_KM
from dualgeo.geo.places import cities
from dualgeo.geo.sphere import cap_area_km2, degrees_of, destination, km_of_chord, unit_vectors

BINS_KM = (0, 2, 5, 10, 20, 50, 100, 200)


def regions() -> None:
    """Share of places whose region is that of the nearest other place of the country, by the distance to it."""
    table = cities()
    code, state = (np.array([row.get(key) for row in table], dtype=object) for key in ("country_code", "state"))
    points = unit_vectors([row["latitude"] for row in table], [row["longitude"] for row in table])
    far, rows = KDTree(points).query(points, k=17)
    other = (code[rows] == code[:, None]) & (rows != np.arange(len(rows))[:, None])
    first = np.argmax(other, axis=1)
    near, km = rows[np.arange(len(rows)), first], km_of_chord(far[np.arange(len(rows)), first])
    asked = other.any(axis=1) & np.not_equal(state, None) & np.not_equal(state[near], None)
    same = state == state[near]
    print(f"regions: {asked.sum():,} of {len(table):,} places have one and a compatriot among the 16 nearest")
    for low, high in pairwise(BINS_KM):
        rows_here = asked & (km >= low) & (km < high)
        print(f"  {low:>3} to {high:>3} km: {100 * same[rows_here].mean():.1f} % of {rows_here.sum():,}")
    within = asked & (km <= REGION_KM)
    print(f"  within {REGION_KM:g} km: {100 * same[within].mean():.1f} % of {within.sum():,}")


def lenses(radius_km: float, pairs: int = 2000) -> None:
    """Error of the union of two caps, as a share of one cap; flat geometry, so for small radii only."""
    rng = np.random.default_rng(0)
    lat, lon = degrees_of(rng.normal(size=(pairs, 3)))
    apart = rng.uniform(0, 2 * radius_km, pairs)
    second = destination(lat, lon, rng.uniform(0, 360, pairs), apart)
    errors = np.column_stack([np.full(pairs, np.inf), np.zeros(pairs)])
    found = candidates_area_km2(Ranked(np.stack([lat, second[0]], 1), np.stack([lon, second[1]], 1), errors), radius_km)
    half = apart / 2
    lens = 2 * radius_km**2 * np.arccos(half / radius_km) - apart * np.sqrt(radius_km**2 - half**2)
    cap = float(cap_area_km2(radius_km))
    off = (found - (2 * cap - lens)) / cap
    print(f"caps of {radius_km:g} km: RMS {100 * np.sqrt((off**2).mean()):.2f} %, at most {100 * abs(off).max():.1f} %")


def counting(gallery: int = 4_700_000, queries: int = 4_536) -> None:
    """Time and memory of gallery_counts where people live, half a million photos at one and the same coordinate."""
    table, rng = cities(), np.random.default_rng(0)
    people = np.array([row["population"] for row in table], np.float64)
    pick = rng.choice(len(table), gallery, p=people / people.sum())
    lat = np.array([row["latitude"] for row in table])[pick] + rng.normal(0, 0.05, gallery)
    lon = np.array([row["longitude"] for row in table])[pick] + rng.normal(0, 0.05, gallery)
    lat[:500_000], lon[:500_000] = lat[0], lon[0]
    asked = rng.choice(gallery, queries)
    start = time.process_time()
    counts = gallery_counts(lat[asked], lon[asked], lat, lon)
    spent, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"counting {gallery:,} photos around {queries:,}: {spent:.1f} s, peak {peak:.2f} GiB, up to {counts.max():,}")


if __name__ == "__main__":
    regions()
    for radius in (1.0, 25.0):
        lenses(radius)
    counting()
