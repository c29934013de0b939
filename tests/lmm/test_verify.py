"""Who picks the final coordinate: the four ways, and what each of them must never do."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.errors import DualGeoError
from dualgeo.lmm.generated import Said
from dualgeo.lmm.learned import FILE, Learned
from dualgeo.lmm.margin import ALWAYS, FOLDS, LEAST_PHOTOS, NEVER, Margin, Margins, folds_of
from dualgeo.lmm.rows import table_of
from dualgeo.lmm.verify import verify
from dualgeo.params.lmm import Verification
from dualgeo.refinement.radius import Calibration
from tests.lmm.made_choices import NOWHERE, REFINE, choices

METHODS: tuple[Verification, ...] = get_args(Verification)
PARIS, VERSAILLES, LYON, OSLO = (48.857, 2.352), (48.805, 2.120), (45.764, 4.836), (59.913, 10.752)
PLACE = st.tuples(st.floats(-89, 89), st.floats(-179, 179))


@pytest.mark.parametrize("method", METHODS)
def test_where_the_model_gave_no_coordinate_the_retrieval_answer_stands(method: Verification) -> None:
    made = choices([[PARIS, LYON, LYON]], [[NOWHERE, NOWHERE]], [[0.0, 0.9, 0.9, 0.1, 0.9, 0.9]])
    final = verify(method, made, REFINE, ALWAYS)
    assert (final.lat[0], final.lon[0], final.chosen[0]) == (made.answers.lat[0], made.answers.lon[0], -1)


@pytest.mark.parametrize("method", METHODS)
def test_where_retrieval_found_nothing_the_models_answer_stands(method: Verification) -> None:
    final = verify(method, choices([[NOWHERE, NOWHERE], []][:1], [[OSLO]]), REFINE, NEVER)
    assert (final.lat[0], final.lon[0], final.chosen[0]) == (*OSLO, 0)
    final = verify(method, choices([[]], [[OSLO]]), REFINE, NEVER)
    assert (final.lat[0], final.lon[0], final.chosen[0]) == (*OSLO, 0)


@pytest.mark.parametrize("method", METHODS)
def test_without_either_there_is_no_answer_and_no_made_up_one(method: Verification) -> None:
    final = verify(method, choices([[]], [[NOWHERE]]), REFINE, ALWAYS)
    assert np.isnan(final.lat[0]) and np.isnan(final.lon[0]) and final.chosen[0] == -1


def test_unverified_several_answers_end_in_the_one_nearest_to_the_others() -> None:
    final = verify("none", choices([[OSLO, OSLO]], [[LYON, PARIS, VERSAILLES]]), REFINE, NEVER)
    assert (final.lat[0], final.lon[0], final.chosen[0]) == (*PARIS, 1), "Versailles is farther from Lyon"


def test_similarity_believes_the_model_only_beyond_the_margin() -> None:
    fit = [[0.9, 0.2, 0.5, 0.6, 0.62]] * 2
    made = choices([[LYON, LYON]] * 2, [[PARIS, VERSAILLES]] * 2, fit)
    final = verify("similarity", made, REFINE, np.array([0.1199, 0.1201]))
    assert final.chosen.tolist() == [1, -1]
    assert (final.lat[0], final.lon[0]) == VERSAILLES and (final.lat[1], final.lon[1]) == LYON
    assert verify("similarity", made, REFINE, ALWAYS).chosen.tolist() == [1, 1]
    assert verify("similarity", made, REFINE, NEVER).chosen.tolist() == [-1, -1]


def test_argmax_takes_the_best_fit_whoever_found_it() -> None:
    made = choices([[LYON, LYON, OSLO]] * 2, [[PARIS]] * 2, [[0.1, 0.2, 0.7, 0.1, 0.6], [0.1, 0.2, 0.7, 0.1, 0.8]])
    final = verify("similarity-argmax", made, REFINE, NEVER)
    assert final.chosen.tolist() == [-1, 0]
    assert (final.lat[0], final.lon[0]) == OSLO and (final.lat[1], final.lon[1]) == PARIS


def test_by_consensus_the_model_can_tip_a_balance_but_not_speak_alone() -> None:
    # Lyon wins by similarity; with the model's vote Paris and Versailles are three.
    found = [[LYON, PARIS, LYON, VERSAILLES]]
    alone = choices(found, [[OSLO]])
    assert (alone.answers.lat[0], alone.answers.lon[0]) == LYON
    assert verify("consensus", alone, REFINE, NEVER).lat[0] == LYON[0]
    tipped = verify("consensus", choices(found, [[(48.85, 2.34)]]), REFINE, NEVER)
    assert abs(tipped.lat[0] - PARIS[0]) < 0.1
    together = verify("consensus", choices([[LYON, PARIS]], [[OSLO, (59.92, 10.75)]]), REFINE, NEVER)
    assert together.chosen[0] in (0, 1), "two answers that agree are a cluster where no two candidates agree"


@settings(max_examples=60, deadline=None)
@given(
    found=st.lists(PLACE, min_size=0, max_size=6),
    made=st.lists(PLACE, min_size=1, max_size=3),
    fits=st.lists(st.floats(-1, 1), min_size=10, max_size=10),
    margin=st.floats(-2, 2),
    method=st.sampled_from(METHODS),
)
def test_an_answer_is_always_one_of_the_given_places(
    found: list[tuple[float, float]],
    made: list[tuple[float, float]],
    fits: list[float],
    margin: float,
    method: Verification,
) -> None:
    given_ = choices([found], [made], [fits[: len(found) + 1 + len(made)]])
    final = verify(method, given_, REFINE, margin)
    place = (final.lat[0], final.lon[0])
    assert place in [tuple(p) for p in (*found, *made)]
    if final.chosen[0] >= 0:
        assert place == tuple(made[final.chosen[0]])
    else:
        assert place in [tuple(p) for p in found]


def photos(count: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    draw = np.random.default_rng(seed)
    return [f"photo-{n}" for n in range(count)], draw.normal(0.0, 0.1, count)


def test_a_margin_separates_what_similarity_can_tell_apart() -> None:
    _, gain = photos(400)
    right = gain > -0.05
    margin = Margin.learn(gain, np.full(400, 300.0), np.where(right, 1.0, 9000.0))
    assert margin.photos == 400 and margin.value == pytest.approx(-0.05, abs=0.005)
    assert "falls short" in margin.words and "400" in margin.words


def test_a_model_that_is_always_nearer_is_always_believed_and_one_that_guesses_never() -> None:
    _, gain = photos(400)
    draw = np.random.default_rng(1)
    retrieval = np.where(draw.random(400) < 0.5, 5.0, 4000.0)
    assert Margin.learn(gain, retrieval, np.full(400, 0.5)).value == ALWAYS
    assert Margin.learn(gain, retrieval, draw.uniform(1000, 15000, 400)).value == NEVER


def test_a_few_lucky_guesses_teach_nothing() -> None:
    gain = np.linspace(1, -1, 200)
    lucky = np.full(200, 9000.0)
    lucky[:4] = 1.0
    assert Margin.learn(gain, np.full(200, 100.0), lucky).value == NEVER
    lucky[:12] = 1.0
    assert Margin.learn(gain, np.full(200, 100.0), lucky).value == pytest.approx((gain[11] + gain[12]) / 2)


def test_from_too_few_answers_no_margin_is_learned() -> None:
    _, gain = photos(LEAST_PHOTOS + 30)
    gain[:31] = np.nan
    margin = Margin.learn(gain, np.full(50, 1000.0), np.full(50, 1.0))
    assert (margin.value, margin.photos) == (NEVER, LEAST_PHOTOS - 1) and "needs 20" in margin.words
    gain[0] = 0.0
    assert Margin.learn(gain, np.full(50, 1000.0), np.full(50, 1.0)).value == ALWAYS


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), steps=st.sampled_from([1, 2, 6]))
def test_a_margin_does_not_depend_on_the_order_of_photos_and_splits_no_tie(seed: int, steps: int) -> None:
    draw = np.random.default_rng(seed)
    gain = np.round(draw.normal(0, 0.1, 80), steps)
    retrieval, made = draw.lognormal(4, 3, 80), draw.lognormal(3, 3, 80)
    margin = Margin.learn(gain, retrieval, made)
    order = draw.permutation(80)
    assert Margin.learn(gain[order], retrieval[order], made[order]) == margin
    assert margin.value in (NEVER, ALWAYS) or margin.value not in gain


def test_a_validation_photo_has_no_say_in_its_own_margin() -> None:
    ids, gain = photos(100)
    draw = np.random.default_rng(2)
    retrieval, made = draw.lognormal(4, 2, 100), draw.lognormal(3.5, 2, 100)
    before = Margins.learn(ids, gain, retrieval, made)
    fold = folds_of(ids)
    assert set(fold) == set(range(FOLDS))
    changed = np.where(fold == 2, 15000.0, made)
    after = Margins.learn(ids, gain, retrieval, changed)
    both = np.ones(100, np.bool_)
    own, other = fold == 2, fold == 3
    assert (before.of(ids, both)[own] == after.of(ids, both)[own]).all()
    assert (before.of(ids, both)[other] != after.of(ids, both)[other]).any() or before.new != after.new
    assert (before.of(ids, ~both) == before.new.value).all(), "what is no validation photo gets the margin of all"


def test_of_several_prompts_any_answer_counts_and_else_what_weighs_most() -> None:
    def row(query: str, prompt: str, outcome: str, lat: float | None = None) -> dict[str, object]:
        return {"query_id": query, "prompt": prompt, "outcome": outcome, "lat": lat, "lon": lat, "radius_km": lat}

    table = table_of(
        [
            row("a", "p1", "refused"),
            row("a", "p2", "answered", 4.0),
            row("c", "p1", "refused"),
            row("c", "p2", "failed"),
            row("d", "p1", "not asked"),
        ]
    )
    said = Said.of(table, ["a", "b", "c", "d"])
    assert said.outcome == ["answered", None, "failed", "not asked"]
    assert said.reached.tolist() == [True, False, True, False]
    assert said.generated.lat.shape == (4, 2) and said.generated.lat[0, 1] == 4.0
    assert np.isnan(said.generated.lat).sum() == 7
    assert Said.of(table.iloc[:0], ["a"]).outcome == [None]


def test_what_was_learned_is_read_back_and_damage_is_named(tmp_path: Path) -> None:
    calibration = Calibration.fit(np.arange(1.0, 41.0), np.ones(40), [0.5, 0.9])
    learned = Learned("similarity", Margin(-0.125, 40), calibration, Calibration.fit([], [], [0.5, 0.9]))
    assert Learned.load(tmp_path) is None
    learned.save(tmp_path)
    assert Learned.load(tmp_path) == learned
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    for broken in (text.replace('"margin":', '"margins":'), text.replace('"format": 1', '"format": 0'), "{"):
        (tmp_path / FILE).write_text(broken, encoding="utf-8")
        with pytest.raises(DualGeoError, match=FILE):
            Learned.load(tmp_path)


def test_each_kind_of_answer_gets_its_own_radii_where_there_are_enough() -> None:
    generated = np.arange(200) % 2 == 0
    errors = np.where(generated, 5.0, 500.0) * np.random.default_rng(0).uniform(0.5, 1.5, 200)
    learned = Learned.fit("none", Margin(NEVER, 200), errors, np.ones(200), generated, [0.5, 0.9])
    own, other = learned.radius_km(np.ones(2), np.array([True, False]))
    assert own[1] < 10 < 300 < other[1]
    few = np.arange(200) < 5
    together = Learned.fit("none", Margin(NEVER, 200), errors, np.ones(200), few, [0.5, 0.9])
    assert together.lmm.photos == 200 and together.retrieval.photos == 195
