"""The verdict follows the numbers: made studies in which dual helps, hurts, does both, or nothing can be shown."""

import re

import pytest

from dualgeo.study.findings.contests import contests_of, levels_of
from dualgeo.study.findings.inputs import Study
from dualgeo.study.findings.stability import CHANCE, Stability
from dualgeo.study.findings.verdict import Evidence, answer_of, headline, verdict
from tests.study.made import study

EVERYWHERE = ["atlas", "atlas-night", "atlas/fog-1", "atlas/fog-5", "atlas/jpeg-1", "atlas/jpeg-5"]


def _evidence(made: Study, meaningful: bool = True) -> Evidence:
    return Evidence(
        lead="dual",
        baseline="image only",
        threshold_km=25.0,
        contests=contests_of(made, 25.0),
        accuracy={name: levels_of(made, name, 25.0) for name in made.variants},
        costs={
            "lead": made.costs["dual"],
            "baseline": made.costs["image"],
            "view image": made.costs["view image"],
            "view segmentation": made.costs["view segmentation"],
        },
        stability={"fog-1": Stability(0.9, 0.8), CHANCE: Stability(0.4, 0.2)},
        meaningful=meaningful,
        stand_ins=True,
    )


@pytest.mark.parametrize(
    ("favours", "answer", "opening"),
    [
        ({}, "open", "That the segmentation view earns its place could not be shown."),
        (dict.fromkeys(EVERYWHERE, 12), "earns", "The segmentation view earns its place."),
        ({"atlas/fog-5": 20}, "earns", "The segmentation view earns its place."),
        (dict.fromkeys(EVERYWHERE, -12), "costs", "The segmentation view does not earn its place"),
        (
            {"atlas": -20, "atlas/fog-5": 20},
            "mixed",
            "The segmentation view helps in some conditions and hurts in others.",
        ),
    ],
)
def test_the_answer_flips_with_the_data(favours: dict[str, int], answer: str, opening: str) -> None:
    evidence = _evidence(study(favours))
    assert answer_of(evidence) == answer
    assert headline(evidence).startswith(opening)
    assert verdict(evidence)[0] == headline(evidence)


def test_what_helps_and_what_hurts_is_counted_and_named_with_its_points() -> None:
    text = " ".join(verdict(_evidence(study({"atlas": -20, "atlas/fog-5": 20, "atlas/jpeg-1": 15}))))
    assert re.search(r"it helps in 2 \(atlas/fog-5 \+3\d\.\d and atlas/jpeg-1 \+2\d\.\d\)", text)
    assert re.search(r"hurts in 1 \(atlas −3\d\.\d\)", text)
    assert "is undecided in 3" in text and "Of the 6 conditions" in text and "at most 5 % (Holm)" in text


def test_an_open_verdict_bounds_what_may_have_been_missed() -> None:
    evidence = _evidence(study({"atlas": 2, "atlas-night": -2}))
    text = " ".join(verdict(evidence))
    d = evidence.contests.all.difference
    bounds = re.search(r"gains on average at most (\d+\.\d) points and costs at most (\d+\.\d)", text)
    assert bounds is not None
    gain, loss = float(bounds[1]), float(bounds[2])
    assert d.high <= gain <= d.high + 0.1 and -d.low <= loss <= -d.low + 0.1
    assert "no difference between dual and image only could be shown" in text
    decided = " ".join(verdict(_evidence(study(dict.fromkeys(EVERYWHERE, 12)))))
    assert "gains on average at most" not in decided and re.search(
        r"dual is \d+\.\d points better than image only \(95 % interval", decided
    )


def test_every_test_of_the_verdict_is_allowed_for() -> None:
    found = contests_of(study({"atlas/fog-5": 4}), 25.0)
    best = min(found.single, key=lambda contest: contest.difference.p)
    assert best.query_set == "atlas/fog-5"
    # Six conditions, and all together with the weight of six.
    assert best.p == pytest.approx(min(1.0, 12 * best.difference.p), rel=0.51)
    assert best.p is not None and best.p >= 6 * best.difference.p
    for contest in (found.all, *found.single):
        assert contest.p is not None and contest.p >= contest.difference.p
    assert all(part.p is None and part.outcome == "undecided" for part in found.parts)


def test_conditions_come_in_the_order_of_params_and_corruptions_by_severity() -> None:
    found = contests_of(study({}, corruptions=["jpeg", "fog"]), 25.0).single
    assert [contest.query_set for contest in found] == [
        "atlas", "atlas-night", "atlas/jpeg-1", "atlas/jpeg-5", "atlas/fog-1", "atlas/fog-5",
    ]  # fmt: skip
    assert [contest.corrupted for contest in found] == [False, False, True, True, True, True]


def test_all_together_takes_a_photographers_photos_as_one_unit() -> None:
    found = contests_of(study({}), 25.0)
    parts = {part.query_set: part.conditions for part in (found.all, *found.parts)}
    assert parts == {"as taken": 2, "corrupted": 4, "all": 6}
    assert found.all.difference.queries == 6 * 180
    assert found.all.difference.units == 60


def test_costs_levels_and_scope_are_said() -> None:
    text = " ".join(verdict(_evidence(study({}))))
    assert "96 numbers a gallery photo in the index instead of 64" in text
    assert "1.5 times the operations" in text  # (1000 + 400 + 2000) / (2000 + 200)
    assert "83 % of the masks and 75 % of the embedding" in text  # (0.9 - 0.4) / 0.6 and (0.8 - 0.2) / 0.8
    assert "stand-in encoders on Atlas" in text
    unfit = " ".join(verdict(_evidence(study({}), meaningful=False)))
    assert "were not made for these photos" in unfit
