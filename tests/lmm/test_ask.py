"""Asking: what the store holds is not bought, every question ends in a row, and money and leave are minded first."""

import os
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.ask import ask
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.provider import Take
from dualgeo.lmm.reply import Usage
from dualgeo.lmm.store import AnswerStore
from dualgeo.lmm.table import LMM_SCHEMA
from tests.lmm.exchanges import HereProvider, answer_text, params_for, picture_for, questions, reply_with

TWO_PROMPTS = {"strategy": "rag", "variants": 2}


def _asked(folder, count=5, by=None, **changes) -> tuple[pd.DataFrame, HereProvider]:
    by = by or HereProvider()
    with AnswerStore.open(folder / "answers") as store:
        return ask(questions(count), picture_for, params_for(**changes), store, by), by


def test_a_row_for_every_question_and_prompt_in_their_order(tmp_path):
    table, provider = _asked(tmp_path, 4, **TWO_PROMPTS)
    assert list(table.columns) == LMM_SCHEMA.names
    assert pa.Table.from_pandas(table, schema=LMM_SCHEMA, preserve_index=False).num_rows == 8
    assert table["query_id"].tolist() == [f"q{n}" for n in range(4) for _ in range(2)]
    assert table["prompt"].nunique() == 2
    assert table["outcome"].eq("answered").all()
    assert table["lat"].eq(48.85).all() and table["radius_km"].eq(12.5).all() and table["city"].eq("Paris").all()
    assert table["usd"].tolist() == pytest.approx([(1200 + 300 * 5) / 1e6] * 8)
    assert not table["chosen"].any() and table["similarity"].isna().all()
    assert len(provider.sent) == 8


def test_a_second_run_sends_nothing_and_gives_the_same_table(tmp_path, capsys):
    first, _ = _asked(tmp_path)
    second, provider = _asked(tmp_path, sending={"allowed": False}, max_usd=0)
    assert provider.sent == []
    pd.testing.assert_frame_equal(first, second)
    assert "All 5 answers come from the store; nothing is sent." in capsys.readouterr().err


def test_a_colleague_with_the_results_alone_pays_nothing(tmp_path):
    first, _ = _asked(tmp_path / "mine")
    AnswerStore.look(tmp_path / "mine" / "answers").export(first["key"], tmp_path / "answers.jsonl")
    provider = HereProvider()
    with AnswerStore.open(tmp_path / "yours" / "answers") as store:
        store.absorb([tmp_path / "answers.jsonl"])
        second = ask(questions(5), picture_for, params_for(model="claude-haiku-4-5"), store, provider)
        assert store.spent_usd == 0
    assert provider.sent == []
    pd.testing.assert_frame_equal(first, second)


def test_what_two_questions_ask_alike_is_sent_once(tmp_path):
    twice = [question for question in questions(3) for _ in range(2)]
    provider = HereProvider()
    with AnswerStore.open(tmp_path) as store:
        table = ask(twice, picture_for, params_for(), store, provider)
    assert (len(table), len(provider.sent), table["key"].nunique()) == (6, 3, 3)
    assert table["outcome"].eq("answered").all()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "claude-sonnet-5-5"},
        {"effort": "low"},
        {"max_tokens": 2000},
        {"candidates": 2},
        {"strategy": "zero-shot"},
    ],
)
def test_whatever_can_change_an_answer_is_asked_anew(tmp_path, change):
    _asked(tmp_path)
    _, provider = _asked(tmp_path, **change)
    assert len(provider.sent) == 5


@pytest.mark.parametrize("change", [{"sending": {"concurrency": 9, "mode": "batches"}}, {"max_usd": 7.0}])
def test_how_it_is_sent_and_paid_is_no_part_of_the_question(tmp_path, change):
    _asked(tmp_path)
    _, provider = _asked(tmp_path, **change)
    assert provider.sent == []


@pytest.mark.parametrize("outcome", ["refused", "truncated", "rejected", "failed", "invalid"])
def test_without_an_answer_the_row_says_why_and_has_no_coordinate(tmp_path, outcome):
    table, _ = _asked(tmp_path, by=HereProvider(lambda request: reply_with(outcome, text="I cannot say.")))
    assert table["outcome"].eq(outcome).all()
    assert table[["lat", "lon", "radius_km", "country"]].isna().all(axis=None)
    assert table["reason"].str.len().gt(0).all()
    again, provider = _asked(tmp_path)
    assert len(provider.sent) == (5 if outcome == "failed" else 0)
    assert again["outcome"].eq("answered" if outcome == "failed" else outcome).all()


def test_an_answer_that_the_reader_has_learned_to_read_since_is_not_bought_again(tmp_path):
    kept = reply_with("invalid", text=f"Here you are: {answer_text(1.0, 2.0)}")
    table, _ = _asked(tmp_path, by=HereProvider(lambda request: kept))
    assert table["outcome"].eq("answered").all()
    assert table["lat"].eq(1.0).all()
    assert table["reason"].str.startswith("read after repair").all()


def test_labels_become_the_photos_they_stood_for(tmp_path):
    said = reply_with(text=answer_text(1.0, 2.0, ["C2", "C99"]))
    table, _ = _asked(tmp_path, 1, HereProvider(lambda request: said))
    shown = questions(1)[0].candidates
    assert table["used"].iloc[0].tolist() == [shown[1].photo_id]


class _Forbidden:
    def __call__(self, photo_id: str):
        raise AssertionError("a photo was read")


def test_without_leave_nothing_is_read_and_the_sentence_says_what_would_go_where(tmp_path, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    params, provider = params_for(sending={"allowed": False}), HereProvider()
    sentence = (
        r"photos \(JPEG without metadata, long side at most 256 pixels\) with a prompt with coordinates.* to "
        r"api\.anthropic\.com, and lmm\.sending\.allowed is false; set it to true"
    )
    with AnswerStore.open(tmp_path) as store, pytest.raises(DualGeoError, match=sentence):
        ask(questions(3), _Forbidden(), params, store, provider)
    _asked(tmp_path / "other", 2)
    with (
        AnswerStore.open(tmp_path / "other" / "answers") as store,
        pytest.raises(DualGeoError, match="allowed is false"),
    ):
        ask(questions(3), picture_for, params, store, provider)
    assert provider.sent == []


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({"provider": "local"}, True),
        ({"provider": "openai", "endpoint": "http://127.0.0.1:8000/v1"}, True),
        ({"provider": "openai", "endpoint": "http://localhost:8000/v1"}, True),
        ({"provider": "openai", "endpoint": "http://gpu-box:8000/v1"}, False),
        ({"provider": "openai", "endpoint": "http://192.168.0.2/v1"}, False),
        ({"provider": "openai", "endpoint": "https://api.example.com/v1"}, False),
    ],
)
def test_only_what_stays_on_this_machine_needs_no_leave(tmp_path, capsys, changes, asks):
    changes |= {"sending": {"allowed": False}, "model": "a-model", "max_usd": 0}
    if asks:
        table, _ = _asked(tmp_path, **changes)
        assert table["outcome"].eq("answered").all()
        assert "nothing leaves this machine" in capsys.readouterr().err
    else:
        with pytest.raises(DualGeoError, match="allowed is false"):
            _asked(tmp_path, **changes)


def test_what_leaves_is_said_before_it_leaves(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://someone:hidden@gateway.example/v1")
    said: list[str] = []

    def end(request):
        said.append(capsys.readouterr().err)
        return reply_with()

    _asked(tmp_path, 3, HereProvider(end))
    assert "Sending to gateway.example for claude-haiku-4-5 (direct): 3 photos as JPEG without metadata" in said[0]
    assert "File names, ids and the photos' own coordinates are not sent." in said[0]
    assert "3 requests to send, 0 answered by the store; about 0.0" in said[0]
    assert "of lmm.max_usd 100 0.0000 is spent" in said[0]
    assert "hidden" not in said[0]


def test_a_model_without_a_price_is_not_asked(tmp_path):
    provider = HereProvider()
    with pytest.raises(DualGeoError, match=r"No price is known for anthropic model claude-11"):
        _asked(tmp_path, by=provider, model="claude-11")
    assert provider.sent == []
    (tmp_path / "prices.csv").write_text(
        "provider,model,input,output,cache_write,cache_read,batch_share,up_to_tokens,image_side,image_tokens,date,source\n"
        "anthropic,claude-11,1,5,1.25,0.1,0.5,,,,2026-11-01,my contract\n"
    )
    _asked(tmp_path, by=provider, model="claude-11")
    assert len(provider.sent) == 5


def test_the_budget_ends_the_run_and_what_was_bought_is_kept(tmp_path):
    provider = HereProvider(lambda request: reply_with(usage=Usage(2000, 1000)))
    with pytest.raises(BudgetEndsError, match=r"3 of 5 answers are here and kept.*nothing is paid twice"):
        _asked(tmp_path, by=provider, max_usd=0.03)
    store = AnswerStore.look(tmp_path / "answers")
    assert len(store) == 3
    assert store.spent_usd == pytest.approx(3 * 0.007)
    table, more = _asked(tmp_path)
    assert len(more.sent) == 2
    assert table["outcome"].eq("answered").all()


def test_where_retrieval_is_to_stand_the_rest_is_marked_as_not_asked(tmp_path):
    provider = HereProvider(lambda request: reply_with(usage=Usage(2000, 1000)))
    table, _ = _asked(tmp_path, by=provider, max_usd=0.03, when_budget_ends="retrieval")
    assert table["outcome"].tolist() == ["answered"] * 3 + ["not asked"] * 2
    assert table["reason"].iloc[3].startswith("The next request could cost")
    assert table["lat"].isna().tolist() == [False] * 3 + [True] * 2
    assert table["usd"].tolist()[3:] == [0, 0]


def test_a_budget_of_nothing_sends_nothing(tmp_path):
    provider = HereProvider()
    with pytest.raises(BudgetEndsError, match=r"lmm\.max_usd is 0, so nothing may be sent"):
        _asked(tmp_path, by=provider, max_usd=0)
    assert provider.sent == []


def test_the_limit_counts_over_all_runs(tmp_path):
    spends = HereProvider(lambda request: reply_with(usage=Usage(2000, 1000)))
    for size in (1, 2, 3, 4, 5):
        try:
            _asked(tmp_path, size, spends, max_usd=0.03)
        except BudgetEndsError:
            break
    assert AnswerStore.look(tmp_path / "answers").spent_usd <= 0.03
    assert len(spends.sent) == 3


class _Stops:
    """A provider that meets an error no request can survive after two answers, or reports no end at all."""

    name = "stops"

    def __init__(self, after: int, error: Exception | None) -> None:
        self.after, self.error = after, error

    def answer(self, requests, budget: Budget, take: Take) -> None:
        for number, request in enumerate(requests):
            if number == self.after:
                if self.error is not None:
                    raise self.error
                return
            budget.reserve(request)
            budget.settle(request, reply_with())
            take(request, reply_with())


@pytest.mark.parametrize("error", [DualGeoError("the key is refused"), KeyboardInterrupt(), RuntimeError("a defect")])
def test_whatever_stops_the_run_what_was_bought_is_kept(tmp_path, error):
    with pytest.raises(type(error)):
        _asked(tmp_path, by=_Stops(2, error))
    assert len(AnswerStore.look(tmp_path / "answers")) == 2
    _, provider = _asked(tmp_path)
    assert len(provider.sent) == 3


def test_a_request_whose_end_is_not_reported_is_a_failure_and_not_a_gap(tmp_path):
    table, _ = _asked(tmp_path, by=_Stops(2, None))
    assert table["outcome"].tolist() == ["answered"] * 2 + ["failed"] * 3
    assert table["reason"].iloc[-1] == "the provider reported no end of this request"


def test_nothing_to_ask_is_a_table_without_rows(tmp_path):
    table, provider = _asked(tmp_path, 0)
    assert (len(table), list(table.columns), provider.sent) == (0, LMM_SCHEMA.names, [])


def test_pictures_are_drawn_one_after_another_and_only_for_what_is_sent(tmp_path):
    """However many questions there are, no more photos are in memory than requests under way."""
    _asked(tmp_path, 3)
    alive, most, made = set[str](), [0], list[str]()

    def picture(photo_id: str):
        def jpeg() -> bytes:
            made.append(photo_id)
            alive.add(photo_id)
            most[0] = max(most[0], len(alive))
            return b"\xff\xd8"

        return replace(picture_for(photo_id), jpeg=jpeg)

    def end(request):
        alive.discard(request.query_id)
        return reply_with()

    with AnswerStore.open(tmp_path / "answers") as store:
        ask(questions(20), picture, params_for(), store, HereProvider(end))
    assert made == [f"q{number}" for number in range(3, 20)]
    assert most[0] == 1


def test_nothing_of_the_environment_reaches_the_disk(tmp_path, monkeypatch):
    secrets = {
        "ANTHROPIC_API_KEY": "sk-ant-api03-environment-value-one",
        "OPENAI_API_KEY": "environment-value-two-of-nobody",
        "DUALGEO_TEST_PASSWORD": "environment-value-three-of-nobody",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    quoted = reply_with("failed", reason=f"401: x-api-key: {os.environ['ANTHROPIC_API_KEY']} is wrong")
    table, _ = _asked(tmp_path, by=HereProvider(lambda request: quoted))
    table.to_parquet(tmp_path / "lmm.parquet")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"answers.jsonl", "lmm.parquet"}
    for path in files:
        content = path.read_bytes()
        assert not any(value.encode() in content for value in secrets.values()), path
    assert table["reason"].str.contains("removed").all()
