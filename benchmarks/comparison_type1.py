"""How often a comparison sees a difference that is not there, and one that is: python benchmarks/comparison_type1.py

Prints the table of docs/statistics.md from simulated pairs of systems on the same photos: the chance in percent that
any of five thresholds is decided after Holm's correction where both systems are equally good ("family"), that a single
threshold has p <= 0.05 ("one test"), the same family from McNemar's exact test, which takes photos as independent, and
how often a true difference as large as the one called detectable is found by one test ("power", 80 promised).
"""

import argparse
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from dualgeo.evaluation.compare import Tested, tested
from dualgeo.evaluation.significance import holm, mcnemar_exact
from dualgeo.evaluation.simulation import SHARES, Difficulty, photographers, simulated_hits, true_shares
from dualgeo.evaluation.tables import SetHits
from dualgeo.params import ScoreParams

ALPHA = 0.05
POWER_SHARE = 3
"""Power is measured at this one of SHARES."""


@dataclass(frozen=True)
class Setting:
    """Photographers, seeds of both systems, how much seeds differ and how much chance there is on a photo."""

    layout: str
    count: int
    seeds: tuple[int, int]
    seed_variance: float = 0.0
    chance: float = 0.1

    @property
    def difficulty(self) -> Difficulty:
        return Difficulty(0.3, 0.4, 0.1, 0.1, self.seed_variance, self.chance)


@dataclass(frozen=True)
class Outcome:
    """Shares of simulations."""

    family: float
    one_test: float
    mcnemar: float
    detectable: float
    """Median, at one threshold, as a share."""


SETTINGS = [
    *(Setting(layout, count, (1, 1)) for layout, count in (("one each", 200), ("two each", 165))),
    *(Setting("geometric", count, (1, 1)) for count in (20, 50, 200)),
    *(Setting("IM2GPS3k-like", count, (1, 1)) for count in (50, 200)),
    *(Setting("two each", 165, (3, 3), variance) for variance in (0.0, 0.003, 0.01, 0.1)),
    *(Setting("two each", 165, (3, 3), 0.0, chance) for chance in (0.0, 1.0)),
    *(Setting("IM2GPS3k-like", 200, (3, 3), variance) for variance in (0.0, 0.01, 0.1)),
    *(Setting("two each", 165, (5, 5), variance) for variance in (0.0, 0.01, 0.1)),
    Setting("two each", 165, (3, 1)),
]


def simulations(setting: Setting, times: int, resamples: int, advantage: float = 0.0) -> list[tuple[SetHits, Tested]]:
    """Pairs of systems on new photographers each time, and what the comparison says of them."""
    rng = np.random.default_rng([setting.count, *setting.seeds, times])
    answer: list[tuple[SetHits, Tested]] = []
    for number in range(times):
        clusters = photographers(setting.layout, setting.count, rng)
        pair = simulated_hits(clusters, list(setting.seeds), setting.difficulty, rng, advantage=advantage)
        found = SetHits(np.concatenate(pair), clusters)
        params = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=resamples, seed=number)
        answer.append((found, tested(found, setting.seeds[0], params)))
    return answer


def outcome(found: list[tuple[SetHits, Tested]]) -> Outcome:
    """How often something was decided."""
    naive = [holm([mcnemar_exact(hits.hits[0, :, k], hits.hits[-1, :, k]) for k in range(len(SHARES))])
             for hits, _ in found]  # fmt: skip
    return Outcome(
        family=float(np.mean([(one.p_holm <= ALPHA).any() for _, one in found])),
        one_test=float(np.mean([one.p <= ALPHA for _, one in found])),
        mcnemar=float(np.mean([(p <= ALPHA).any() for p in naive])),
        detectable=float(np.median([one.detectable[POWER_SHARE] for _, one in found])),
    )


def power(setting: Setting, difference: float, times: int, resamples: int) -> float:
    """How often one test finds a true `difference` of shares at one threshold; NaN where there is no such share."""
    share = SHARES[POWER_SHARE]
    if share + difference >= 0.99:
        return float("nan")
    advantage = NormalDist().inv_cdf(share + difference) - NormalDist().inv_cdf(share)
    assert abs(true_shares([share], advantage)[0] - share - difference) < 1e-9
    found = simulations(setting, times, resamples, advantage)
    return float(np.mean([one.p[POWER_SHARE] <= ALPHA and one.mean[POWER_SHARE] > 0 for _, one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1_000)
    parser.add_argument("--power-simulations", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=500)
    args = parser.parse_args()
    print(f"{args.simulations} simulated nulls, {args.resamples} resamples; 5.0 is off by about "
          f"{100 * np.sqrt(0.05 * 0.95 / args.simulations):.1f}\n")  # fmt: skip
    print("| photos of a photographer | photographers | seeds | seed variance | chance | family | one test | "
          "McNemar family | detectable, points | power |")  # fmt: skip
    print("|---|" + "---|" * 9)
    for setting in SETTINGS:
        null = outcome(simulations(setting, args.simulations, args.resamples))
        found = power(setting, null.detectable, args.power_simulations, args.resamples)
        naive = f"{100 * null.mcnemar:.1f}" if setting.seeds == (1, 1) else ""
        print(f"| {setting.layout} | {setting.count} | {setting.seeds[0]} and {setting.seeds[1]} | "
              f"{setting.seed_variance:g} | {setting.chance:g} | {100 * null.family:.1f} | {100 * null.one_test:.1f} | "
              f"{naive} | {100 * null.detectable:.1f} | {100 * found:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
