"""Whether the segmentation view earns its place: a paragraph written from the numbers, never promised."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dualgeo.evaluation.compare import Difference, p_words
from dualgeo.report.words import count, listed, percent, signed
from dualgeo.study.corruption.cost import Cost
from dualgeo.study.findings.contests import CORRUPTED, TAKEN, Contest, Contests, Outcome, detectable_range
from dualgeo.study.findings.stability import CHANCE, Stability

Answer = Literal["earns", "costs", "mixed", "open"]
NAMED = 6
"""Conditions that a sentence lists before it says how many more there are."""


@dataclass(frozen=True)
class Evidence:
    """All that the verdict rests on."""

    lead: str
    """Names in words: dual, image only."""
    baseline: str
    threshold_km: float
    contests: Contests
    accuracy: dict[str, dict[str, float]]
    """By variant in words: percent within the threshold, TAKEN and CORRUPTED."""
    costs: dict[str, Cost]
    """`lead`, `baseline`, `view image`, `view segmentation`."""
    stability: dict[str, Stability]
    meaningful: bool
    """False where the frozen views were not made for the photos."""
    stand_ins: bool

    def of(self, outcome: Outcome) -> list[Contest]:
        """The conditions with an outcome, the largest difference first."""
        found = [contest for contest in self.contests.single if contest.outcome == outcome]
        return sorted(found, key=lambda contest: -abs(contest.difference.points))


def answer_of(evidence: Evidence) -> Answer:
    """What the single conditions and the test over all of them say, corrected as one family."""
    helps = bool(evidence.of("helps")) or evidence.contests.all.outcome == "helps"
    hurts = bool(evidence.of("hurts")) or evidence.contests.all.outcome == "hurts"
    if helps and hurts:
        return "mixed"
    return "earns" if helps else "costs" if hurts else "open"


def headline(evidence: Evidence) -> str:
    """The answer in one sentence."""
    return {
        "earns": "The segmentation view earns its place.",
        "costs": "The segmentation view does not earn its place: with it, answers are worse.",
        "mixed": "The segmentation view helps in some conditions and hurts in others.",
        "open": "That the segmentation view earns its place could not be shown.",
    }[answer_of(evidence)]


def verdict(evidence: Evidence) -> list[str]:
    """The sentences of the verdict, the answer first."""
    sentences = [
        headline(evidence),
        _together(evidence),
        _apart(evidence),
        _conditions(evidence),
        _power(evidence),
        _levels(evidence),
        _why(evidence),
        _cost(evidence),
        _scope(evidence),
    ]
    return [sentence for sentence in sentences if sentence]


def _together(evidence: Evidence) -> str:
    found = evidence.contests.all
    d, lead, baseline = found.difference, evidence.lead, evidence.baseline
    runs = f"{d.queries:,} queries by {count(d.units, 'photographer')}, {_seeds(d)}"
    numbers = f"{_interval(d)}, {p_words(1.0 if found.p is None else found.p)}"
    opening = f"Over all {found.conditions} conditions ({runs}), within {evidence.threshold_km:g} km "
    if found.outcome == "undecided":
        unsure = f"no difference between {lead} and {baseline} could be shown"
        return f"{opening}{unsure} ({signed(d.points)} points, {numbers})."
    which = "better" if found.outcome == "helps" else "worse"
    return f"{opening}{lead} is {abs(d.points):.1f} points {which} than {baseline} ({numbers})."


def _apart(evidence: Evidence) -> str:
    words = {TAKEN: "on photos as taken", CORRUPTED: "on corrupted copies"}
    parts = [
        f"{signed(part.difference.points)} points ({_interval(part.difference)}) {words[part.query_set]}"
        for part in evidence.contests.parts
    ]
    return f"That is {' and '.join(parts)}."


def _conditions(evidence: Evidence) -> str:
    helps, hurts, undecided = (evidence.of(outcome) for outcome in ("helps", "hurts", "undecided"))
    alpha = 100 * (1 - evidence.contests.all.difference.confidence)
    parts = [
        f"it helps in {len(helps)}{_named(helps)}",
        f"hurts in {len(hurts)}{_named(hurts)}",
        f"and is undecided in {len(undecided)}",
    ]
    return (
        f"Of the {len(evidence.contests.single)} conditions one by one {', '.join(parts)}; all these tests together "
        f"are wrong about any of them with a chance of at most {alpha:g} % (Holm)."
    )


def _power(evidence: Evidence) -> str:
    low, middle, high = detectable_range(evidence.contests.single)
    d = evidence.contests.all.difference
    text = (
        f"A single condition could have shown (with 80 % power, before the correction) a difference of {low:.1f} to "
        f"{high:.1f} points, half of them one of {middle:.1f}; all together, one of {d.detectable:.1f}."
    )
    if answer_of(evidence) == "open":
        text += (
            f" Not shown does not mean equal, but at {100 * d.confidence:g} % confidence the view gains on average at "
            f"most {_upwards(d.high)} points and costs at most {_upwards(-d.low)}."
        )
    return text


def _upwards(points: float) -> str:
    """A bound with one decimal, never rounded to what it does not promise."""
    return f"{math.ceil(max(points, 0.0) * 10 - 1e-9) / 10:.1f}"


def _levels(evidence: Evidence) -> str:
    """How good each variant is, on photos as taken and on corrupted copies."""
    parts = [
        f"{name} {percent(levels[TAKEN])} and {percent(levels[CORRUPTED])} %"
        for name, levels in evidence.accuracy.items()
    ]
    return (
        f"The share placed within {evidence.threshold_km:g} km, of photos as taken and of corrupted copies: "
        f"{', '.join(parts)}."
    )


def _why(evidence: Evidence) -> str:
    corrupted = [value for name, value in evidence.stability.items() if name != CHANCE]
    chance = evidence.stability.get(CHANCE)
    if not corrupted or chance is None:
        return ""
    masks = sum(value.masks for value in corrupted) / len(corrupted)
    cosine = sum(value.embedding for value in corrupted) / len(corrupted)
    kept, embedded = 100 * _kept(masks, chance.masks), 100 * _kept(cosine, chance.embedding)
    return (
        f"Corrupted copies keep the class of {100 * masks:.0f} % of the clean photo's mask cells (different photos "
        f"share {100 * chance.masks:.0f} %) and a cosine of {cosine:.2f} to its image embedding (different photos "
        f"{chance.embedding:.2f}): of what sets a photo apart, {kept:.0f} % of the masks and {embedded:.0f} % of the "
        "embedding are left."
    )


def _kept(value: float, chance: float) -> float:
    """0 where a view is no more like the clean one than that of another photo, 1 where it is the same."""
    return (value - chance) / (1 - chance) if chance < 1 else 1.0


def _cost(evidence: Evidence) -> str:
    lead, baseline = evidence.costs["lead"], evidence.costs["baseline"]
    frozen, image = evidence.costs["view segmentation"], evidence.costs["view image"]
    more = (frozen.flops + lead.flops + image.flops) / max(1, image.flops + baseline.flops)
    return (
        f"The view costs a second frozen network ({_millions(frozen.parameters)} weights, {_giga(frozen.flops)} a "
        f"photo), {_millions(lead.parameters)} trained weights instead of {_millions(baseline.parameters)}, "
        f"{more:.1f} times the operations a photo, and {lead.dimensions:,} numbers a gallery photo in the index "
        f"instead of {baseline.dimensions:,}."
    )


def _scope(evidence: Evidence) -> str:
    if not evidence.meaningful:
        return "The frozen views were not made for these photos: this says little about the method on real photos."
    if evidence.stand_ins:
        return (
            "This holds for the small stand-in encoders on Atlas; with CLIP and SegFormer on real photos it has to be "
            "asked again (`dualgeo profile mp16`)."
        )
    return ""


def _named(contests: Sequence[Contest]) -> str:
    if not contests:
        return ""
    names = [f"{contest.query_set} {signed(contest.difference.points)}" for contest in contests[:NAMED]]
    if len(contests) > NAMED:
        names.append(f"{len(contests) - NAMED} more")
    return f" ({listed(names)})"


def _interval(d: Difference) -> str:
    return f"{100 * d.confidence:g} % interval {signed(d.low)} to {signed(d.high)}"


def _seeds(d: Difference) -> str:
    if d.seeds_a == d.seeds_b:
        return count(d.seeds_a, "seed")
    return f"{d.seeds_a} and {d.seeds_b} seeds"


def _millions(number: int) -> str:
    return f"{number / 1e6:.2f} M" if number < 10_000_000 else f"{number / 1e6:.0f} M"


def _giga(flops: int) -> str:
    return f"{flops / 1e9:.2f} GFLOP" if flops < 10_000_000_000 else f"{flops / 1e9:.0f} GFLOP"
