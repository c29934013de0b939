"""How often 95 % intervals hold the truth, on simulated photographers: python benchmarks/interval_coverage.py

Prints the table of docs/statistics.md: coverage in percent of the interval that the tool prints, at shares of 2 to
90 %, and over all shares that of the naive Wilson interval and of a plain percentile bootstrap of photographers.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dualgeo.evaluation.bootstrap import bootstrap_means
from dualgeo.evaluation.clusters import Clusters
from dualgeo.evaluation.intervals import wilson_bounds
from dualgeo.evaluation.simulation import SHARES, Difficulty, photographers, simulated_hits
from dualgeo.evaluation.summary import accuracy_intervals
from dualgeo.evaluation.variance import design_effect
from dualgeo.params import ScoreParams

Bounds = tuple[np.ndarray, np.ndarray]
WAYS = ("dualgeo", "percentile", "naive")


@dataclass(frozen=True)
class Setting:
    """Photographers, how alike their photos are (correlation of difficulty), and seeds with their spread."""

    layout: str
    count: int
    alike: float
    seeds: int = 1
    seed_variance: float = 0.0

    @property
    def difficulty(self) -> Difficulty:
        chance = 0.2 if self.seeds > 1 else 0.0
        return Difficulty(self.alike, 1 - self.alike, seed=self.seed_variance, chance=chance)


@dataclass(frozen=True)
class Coverage:
    """Percent of simulations whose interval holds the truth, by way and share, and the mean design effect."""

    held: dict[str, np.ndarray]
    effect: float


SETTINGS = [
    *(Setting("one each", count, 0.0) for count in (50, 200)),
    *(Setting("two each", count, 0.3) for count in (20, 165)),
    *(Setting("geometric", count, alike) for alike in (0.1, 0.3) for count in (20, 50, 200)),
    *(Setting("IM2GPS3k-like", count, alike) for alike in (0.1, 0.3, 0.8) for count in (20, 50, 200)),
    *(Setting("two each", 165, 0.3, 3, variance) for variance in (0.0, 0.003, 0.03)),
]


def measured(setting: Setting, simulations: int, resamples: int) -> Coverage:
    """Simulate `setting` with new photographers each time."""
    rng = np.random.default_rng([setting.count, setting.seeds, simulations])
    held = {way: np.zeros(len(SHARES)) for way in WAYS}
    effects: list[float] = []
    for number in range(simulations):
        clusters = photographers(setting.layout, setting.count, rng)
        (hits,) = simulated_hits(clusters, [setting.seeds], setting.difficulty, rng)
        params = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=resamples, seed=number)
        for way, bounds in ways(hits, clusters, params).items():
            low, high = bounds()
            held[way] += (low <= np.array(SHARES)) & (np.array(SHARES) <= high)
        effects.append(float(design_effect(hits.mean(axis=0), clusters)[2]))
    return Coverage({way: 100 * times / simulations for way, times in held.items()}, float(np.nanmean(effects)))


def ways(hits: np.ndarray, clusters: Clusters, params: ScoreParams) -> dict[str, Callable[[], Bounds]]:
    """The three ways to an interval of the mean of `hits` (seeds, n, m)."""
    mean = hits.mean(axis=0)

    def percentile() -> Bounds:
        draws = bootstrap_means(mean, clusters, params.resamples, np.random.default_rng(params.seed))
        tail = (1 - params.confidence) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
        return low, high

    return {
        "dualgeo": lambda: accuracy_intervals(hits, clusters, params),
        "percentile": percentile,
        "naive": lambda: wilson_bounds(mean.mean(axis=0), len(mean), params.confidence),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("--resamples", type=int, default=500)
    args = parser.parse_args()
    shares = " | ".join(f"{100 * share:g} %" for share in SHARES)
    print(f"{args.simulations} simulations, {args.resamples} resamples; one figure is off by about "
          f"{100 * np.sqrt(0.05 * 0.95 / args.simulations):.1f}\n")  # fmt: skip
    print(f"| photos of a photographer | photographers | alike | seeds (variance) | design effect | {shares} | all | "
          "percentile | naive |")  # fmt: skip
    print("|---|" + "---|" * (len(SHARES) + 7))
    everything: list[np.ndarray] = []
    for setting in SETTINGS:
        found = measured(setting, args.simulations, args.resamples)
        everything.append(found.held["dualgeo"])
        seeds = f"{setting.seeds} ({setting.seed_variance:g})" if setting.seeds > 1 else "1"
        ours = " | ".join(f"{value:.1f}" for value in found.held["dualgeo"])
        means = " | ".join(f"{found.held[way].mean():.1f}" for way in WAYS)
        print(f"| {setting.layout} | {setting.count} | {setting.alike:g} | {seeds} | {found.effect:.1f} | {ours} | "
              f"{means} |", flush=True)  # fmt: skip
    cells = np.concatenate(everything)
    inside = int(((cells >= 93) & (cells <= 97)).sum())
    print(f"\n{inside} of {len(cells)} figures lie within 93 to 97; least {cells.min():.1f}, most {cells.max():.1f}")


if __name__ == "__main__":
    main()
