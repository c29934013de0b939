"""Message batches against the loopback server: every result in its place, and nothing submitted twice after a crash."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.prices import Price
from dualgeo.lmm.providers import batch_pieces
from dualgeo.lmm.providers.batch_api import BatchApi
from dualgeo.lmm.providers.batch_ledger import BatchLedger
from dualgeo.lmm.providers.batches import AnthropicBatches
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from tests.lmm.asking import KEY, QUICK, outcomes, sending, taken
from tests.lmm.made_requests import made_request, made_requests
from tests.lmm.server import Server, server_running

ONE_DOLLAR_EACH = Price("anthropic", "x", 0.0, 4_000.0, 0.0, 0.0, 0.5, None, None, None, "", "")
"""500 tokens of output at most at half the price; an answer costs a tenth of a dollar."""
CALM = {
    "faults": 0.0,
    "batch_kinds": "errored",
    "batch_s": 0.0,
    "strangers": 0,
    "results_gone": False,
    "drop_submissions": 0,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server_running("--key", KEY) as server:
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    running.reset()
    running.change(**CALM)
    return running


def batches(answers: Path, **changes: object) -> AnthropicBatches:
    from dualgeo.lmm.answer import read_answer

    return AnthropicBatches(sending(mode="batches", timeout_s=10.0, **changes), read_answer, answers, QUICK)


def _open_entries(answers: Path) -> int:
    with BatchLedger.open(answers) as ledger:
        return len(ledger.open_entries)


def test_results_in_any_order_reach_their_requests(server: Server, tmp_path: Path) -> None:
    replies = taken(batches(tmp_path), made_requests(250))
    assert outcomes(replies) == {"answered": 250}
    stats = server.stats()
    assert stats["batches"] == 3 and stats["batch_requests"] == 250 and set(stats["paid"].values()) == {1}
    alone = taken(batches(tmp_path / "other"), [made_request(7)])["q00007"]
    assert replies["q00007"].text == alone.text and replies["q00008"].text != alone.text
    assert (alone.mode, alone.attempts, alone.lost) == ("batch", 1, 0) and alone.usage.output_tokens > 0
    assert _open_entries(tmp_path) == 0


def test_expired_and_errored_are_submitted_again_and_the_rest_is_kept(server: Server, tmp_path: Path) -> None:
    server.change(faults=0.4, batch_kinds="expired,errored,refusal,max_tokens,invalid")
    replies = taken(batches(tmp_path, attempts=20), made_requests(200))
    found = outcomes(replies)
    assert set(found) == {"answered", "refused", "truncated", "invalid"} and found.total() == 200
    assert max(reply.attempts for reply in replies.values()) > 2
    assert all(reply.reason for reply in replies.values() if reply.outcome != "answered")
    paid = server.stats()["paid"]
    assert len(paid) == 200 and set(paid.values()) == {1}


def test_what_keeps_expiring_ends_as_failed(server: Server, tmp_path: Path) -> None:
    server.change(faults=1.0, batch_kinds="expired")
    (reply,) = taken(batches(tmp_path, attempts=3), [made_request(0)]).values()
    assert (reply.outcome, reply.attempts, reply.lost) == ("failed", 3, 0) and "ended before" in reply.reason


def test_answers_to_what_nobody_asked_are_ignored_and_counted(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.change(strangers=3)
    assert outcomes(taken(batches(tmp_path), made_requests(20))) == {"answered": 20}
    assert "3 results in batch msgbatch_" in capsys.readouterr().err


def test_a_photo_that_is_not_taken_is_rejected_alone(server: Server, tmp_path: Path) -> None:
    bad = replace(made_request(5), picture=replace(made_request(5).picture, jpeg=lambda: b"no photo"))
    replies = taken(batches(tmp_path), [*made_requests(5), bad])
    assert outcomes(replies) == {"answered": 5, "rejected": 1} and "Could not process" in replies["q00005"].reason


def test_what_no_request_survives_stops_with_its_reason(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match=r"no request of this batch.*claude-haiku-9"):
        taken(batches(tmp_path), made_requests(20, model="claude-haiku-9"))
    with pytest.raises(DualGeoError, match=r"10 requests in a row were rejected.*output_config\.effort"):
        taken(batches(tmp_path), made_requests(20, effort="none at all"))


def test_a_refused_key_submits_nothing_and_is_not_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY + "-wrong")
    replies: list[Reply] = []
    with pytest.raises(DualGeoError, match="refused the key in ANTHROPIC_API_KEY") as stopped:
        batches(tmp_path).answer(made_requests(5), Budget(1e9, 0.0), lambda _, reply: replies.append(reply))
    assert {reply.outcome for reply in replies} == {"failed"} and len(replies) == 5
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert "never-to-be-seen" not in written + str(stopped.value) + "".join(reply.reason for reply in replies)
    assert _open_entries(tmp_path) == 0


def test_a_piece_keeps_below_the_bytes_that_the_api_takes(server: Server, tmp_path: Path) -> None:
    queue = {request.key: request for request in made_requests(10)}
    one = len(
        batch_pieces.next_piece(queue, list(queue), 1)[0]["params"]["messages"][0]["content"][0]["source"]["data"]
    )
    assert len(batch_pieces.next_piece(queue, list(queue), 100)) == 10
    assert 1 <= len(batch_pieces.next_piece(queue, list(queue), 100, most_bytes=3 * (one + 3000))) < 10
    assert len(batch_pieces.next_piece(queue, list(queue), 100, most_bytes=1)) == 1


class _Crash(BaseException):
    """Ends a run where a test wants it to, as kill -9 would: nothing of ours catches it."""


def _crashes(provider: AnthropicBatches, requests: list[Request]) -> None:
    with pytest.raises(_Crash):
        provider.answer(requests, Budget(1e9, 0.0), lambda *_: None)


def test_a_crash_after_submission_is_resumed_by_the_stored_id(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise _Crash

    with monkeypatch.context() as patched:
        patched.setattr(BatchApi, "batch", crash)
        _crashes(batches(tmp_path), list(made_requests(150)))
    assert server.stats()["batches"] == 2 and _open_entries(tmp_path) == 2
    # Another 50 were wanted meanwhile: what is out is collected, only they are submitted.
    replies = taken(batches(tmp_path), made_requests(200))
    stats = server.stats()
    assert outcomes(replies) == {"answered": 200} and stats["batch_requests"] == 200
    assert set(stats["paid"].values()) == {1} and _open_entries(tmp_path) == 0


def test_a_crash_between_submission_and_its_id_is_found_at_the_api(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise _Crash

    with monkeypatch.context() as patched:
        patched.setattr(BatchLedger, "submitted", crash)
        _crashes(batches(tmp_path), list(made_requests(60)))
    assert server.stats()["batches"] == 1
    assert outcomes(taken(batches(tmp_path), made_requests(60))) == {"answered": 60}
    assert server.stats()["batches"] == 1 and "may be the one whose submission" in capsys.readouterr().err


def test_another_s_batch_of_the_same_size_is_not_mistaken_for_ours(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise _Crash

    with monkeypatch.context() as patched:
        patched.setattr(BatchApi, "submit", crash)
        _crashes(batches(tmp_path / "ours"), list(made_requests(40)))
    # Neither a stranger's, nor one of a colleague who asks partly the same.
    taken(batches(tmp_path / "theirs"), made_requests(40, text="What else is there?"))
    taken(batches(tmp_path / "colleague"), (made_request(number) for number in range(20, 60)))
    replies = taken(batches(tmp_path / "ours"), made_requests(40))
    stats = server.stats()
    assert outcomes(replies) == {"answered": 40} and stats["batches"] == 3 and stats["batch_requests"] == 120
    assert {reply.lost for reply in replies.values()} == {0}


def test_a_submission_whose_end_is_not_seen_is_looked_for_before_it_is_repeated(server: Server, tmp_path: Path) -> None:
    server.change(drop_submissions=2)
    assert outcomes(taken(batches(tmp_path), made_requests(250))) == {"answered": 250}
    assert server.stats()["batches"] == 3 and set(server.stats()["paid"].values()) == {1}


def test_a_crash_in_the_middle_of_collecting_loses_nothing(server: Server, tmp_path: Path) -> None:
    kept: dict[str, Reply] = {}

    def take(request: Request, reply: Reply) -> None:
        if len(kept) == 30:
            raise _Crash
        kept[request.key] = reply

    requests = list(made_requests(100))
    with pytest.raises(_Crash):
        batches(tmp_path).answer(requests, Budget(1e9, 0.0), take)
    rest = [request for request in requests if request.key not in kept]
    assert outcomes(taken(batches(tmp_path), rest)) == {"answered": 70}
    assert server.stats()["batches"] == 1


def test_results_that_are_gone_are_said_and_asked_again_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise _Crash

    with monkeypatch.context() as patched:
        patched.setattr(BatchApi, "batch", crash)
        _crashes(batches(tmp_path), list(made_requests(20)))
    server.change(results_gone=True)
    with pytest.raises(DualGeoError, match="has lost its results"):
        taken(batches(tmp_path), made_requests(20))
    assert "29 days" in capsys.readouterr().err and server.stats()["batches"] == 2
    server.change(results_gone=False)
    replies = taken(batches(tmp_path), made_requests(20))
    assert outcomes(replies) == {"answered": 20} and server.stats()["batches"] == 2


def test_a_batch_that_the_api_does_not_know_is_not_paid_again_without_a_word(server: Server, tmp_path: Path) -> None:
    with BatchLedger.open(tmp_path) as ledger:
        keys = [request.key for request in made_requests(20)]
        ledger.submitted(ledger.intend(keys), "msgbatch_of_another_workspace")
    with pytest.raises(DualGeoError, match=r"does not know msgbatch_of_another_workspace.*batches\.jsonl"):
        taken(batches(tmp_path), made_requests(20))
    assert server.stats()["batches"] == 0


def test_the_budget_counts_half_the_price_and_is_used_round_by_round(server: Server, tmp_path: Path) -> None:
    budget = Budget(5.0, 0.0, ONE_DOLLAR_EACH, "batches")
    replies: list[Reply] = []
    with pytest.raises(BudgetEndsError):
        batches(tmp_path).answer(made_requests(1000), budget, lambda _, reply: replies.append(reply))
    assert 4.0 < budget.spent_usd <= 5.0 and budget.held_usd == 0
    assert len(replies) == sum(server.stats()["paid"].values()) and {r.outcome for r in replies} == {"answered"}


def test_ctrl_c_leaves_batches_running_and_says_how_to_go_on(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.change(batch_s=2.0)
    threading.Timer(0.6, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        taken(batches(tmp_path), made_requests(30))
    said = capsys.readouterr().err
    assert "30 requests go on at the API in batches msgbatch_" in said and "29 days" in said
    assert outcomes(taken(batches(tmp_path), made_requests(30))) == {"answered": 30}
    assert server.stats()["batches"] == 1


def test_a_torn_ledger_is_mended(server: Server, tmp_path: Path) -> None:
    taken(batches(tmp_path), made_requests(5))
    path = tmp_path / "batches.jsonl"
    path.write_bytes(path.read_bytes() + b'{"check":"0123')
    assert outcomes(taken(batches(tmp_path), made_requests(8))) == {"answered": 8}
    assert _open_entries(tmp_path) == 0
