"""Cluster bootstrap of kinds of photographers against one draw at a time: python benchmarks/bootstrap.py

4,536 queries, five thresholds, photographers as in YFCC4k (or one a photo, or as in IM2GPS3k), one thread. Prints
seconds for all resamples, the reference way's scaled from fewer, and how far apart their standard errors are.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time

import numpy as np

from dualgeo.evaluation.bootstrap import bootstrap_means
from dualgeo.evaluation.clusters import Clusters

SHARES = np.array([0.1, 0.25, 0.4, 0.6, 0.8])
LAYOUTS = {"singletons": (1.0, 1), "as YFCC4k": (0.8, 30), "as IM2GPS3k": (0.12, 250)}
"""Chance that a photographer stops after a photo (a geometric number of photos), and the most that one has."""


def made(queries: int, layout: str, rng: np.random.Generator) -> tuple[np.ndarray, Clusters]:
    """Hits (queries, 5), nested as thresholds are, and photographers who differ in how hard their photos are."""
    stop, most = LAYOUTS[layout]
    sizes = np.minimum(rng.geometric(stop, queries), most)
    code = np.repeat(np.arange(queries), sizes)[:queries]
    ease = 0.5 * rng.normal(size=queries)[code] + rng.normal(size=queries)
    hits = ease[:, None] < np.quantile(ease, SHARES)
    return hits.astype(np.float64), Clusters(code, int(code.max()) + 1, True)


def one_by_one(values: np.ndarray, clusters: Clusters, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The reference way: draw photographers, gather their photos, average."""
    members = np.split(np.argsort(clusters.code, kind="stable"), np.cumsum(clusters.sizes.astype(int))[:-1])
    means = np.empty((resamples, values.shape[1]))
    for draw in range(resamples):
        chosen = rng.integers(0, clusters.count, clusters.count)
        means[draw] = values[np.concatenate([members[one] for one in chosen])].mean(axis=0)
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=4_536)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--reference-resamples", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print(f"{args.queries} queries, 5 thresholds, {args.resamples} resamples")
    print(f"{'':14}{'photographers':>14}{'dualgeo s':>11}{'one by one s':>14}{'ratio':>9}{'errors apart':>14}")
    for layout in LAYOUTS:
        values, clusters = made(args.queries, layout, np.random.default_rng(0))
        begun = time.perf_counter()
        reference = one_by_one(values, clusters, args.reference_resamples, np.random.default_rng(1))
        slow = (time.perf_counter() - begun) * args.resamples / args.reference_resamples
        times: list[float] = []
        draws = reference
        for _ in range(args.repeats):
            begun = time.perf_counter()
            draws = bootstrap_means(values, clusters, args.resamples, np.random.default_rng(1))
            times.append(time.perf_counter() - begun)
        quick = float(np.median(times))
        apart = float(np.abs(draws.std(axis=0) / reference.std(axis=0) - 1).max())
        print(f"{layout:14}{clusters.count:14d}{quick:11.3f}{slow:14.1f}{slow / quick:8.0f}x{100 * apart:12.1f} %")


if __name__ == "__main__":
    main()
