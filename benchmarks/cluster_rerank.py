"""Batched candidate clustering against one scikit-learn DBSCAN a query: python benchmarks/cluster_rerank.py

Prints microseconds a query for both, measured in this one run on one thread, and checks that the labels are equal.
"""

import argparse
import time

import numpy as np
from sklearn.cluster import DBSCAN

from dualgeo.geo.sphere import EARTH_RADIUS_KM, destination
from dualgeo.refinement.clustering import dbscan_labels

EPS_KM = 50.0


def candidates(queries: int, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Candidates as retrieval gives them: a few groups of tens of kilometres, and strays all over the world."""
    group = rng.integers(0, 5, (queries, k))
    lat0, lon0 = rng.uniform(-60, 70, (queries, 5)), rng.uniform(-180, 180, (queries, 5))
    lat, lon = np.take_along_axis(lat0, group, 1), np.take_along_axis(lon0, group, 1)
    lat, lon = destination(lat, lon, rng.uniform(0, 360, (queries, k)), rng.exponential(25, (queries, k)))
    stray = rng.random((queries, k)) < 0.3
    lat[stray], lon[stray] = rng.uniform(-60, 70, stray.sum()), rng.uniform(-180, 180, stray.sum())
    return lat, lon


def one_by_one(lat: np.ndarray, lon: np.ndarray, min_samples: int) -> np.ndarray:
    """The reference way."""
    points = np.radians(np.stack([lat, lon], axis=-1))
    eps = EPS_KM / EARTH_RADIUS_KM
    return np.stack([DBSCAN(eps=eps, min_samples=min_samples, metric="haversine").fit_predict(p) for p in points])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--reference-queries", type=int, default=1_000)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--min-samples", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    lat, lon = candidates(args.queries, args.candidates, np.random.default_rng(0))
    few = min(args.reference_queries, args.queries)

    one_by_one(lat[:10], lon[:10], args.min_samples)
    begun = time.perf_counter()
    reference = one_by_one(lat[:few], lon[:few], args.min_samples)
    reference_us = (time.perf_counter() - begun) / few * 1e6

    times: list[float] = []
    labels = np.empty(0)
    for _ in range(args.repeats):
        begun = time.perf_counter()
        labels = dbscan_labels(lat, lon, EPS_KM, args.min_samples)
        times.append((time.perf_counter() - begun) / args.queries * 1e6)
    batched_us = float(np.median(times))

    print(f"{args.candidates} candidates a query, eps {EPS_KM:g} km, min_samples {args.min_samples}")
    print(f"scikit-learn, one DBSCAN a query  {reference_us:10.2f} us a query ({few} queries)")
    print(f"dualgeo, batched                  {batched_us:10.2f} us a query ({args.queries} queries)")
    print(f"ratio                             {reference_us / batched_us:10.1f} x")
    print(f"equal labels                      {bool(np.array_equal(labels[:few], reference))}")


if __name__ == "__main__":
    main()
