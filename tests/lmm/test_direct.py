"""Direct mode against the loopback server: what each end becomes, what is tried again, and what stops a run."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.prices import Price
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from tests.lmm.asking import KEY, direct, outcomes, taken
from tests.lmm.made_requests import made_request, made_requests
from tests.lmm.server import Server, server_running

ONE_DOLLAR_EACH = Price("anthropic", "x", 0.0, 2_000.0, 0.0, 0.0, 0.5, None, None, None, "", "")
"""500 tokens of output at most, so a request holds one dollar; an answer costs a tenth of it."""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server_running("--key", KEY, "--hang-s", "1") as server:
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    running.reset()
    yield running
    running.change(faults=0.0, kinds="refusal", latency_s=0.0, per_second=0.0)


def test_an_answer_comes_with_its_tokens_and_the_provider_s_name_of_it(server: Server) -> None:
    (reply,) = taken(direct(), [made_request(0)]).values()
    assert (reply.outcome, reply.reason, reply.mode, reply.attempts, reply.lost) == ("answered", "", "direct", 1, 0)
    assert reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0 and reply.latency_s > 0
    assert reply.request_id.startswith("req_") and reply.model == "claude-sonnet-5-5" and '"latitude"' in reply.text


def test_effort_and_a_long_system_prompt_are_taken_by_the_server(server: Server) -> None:
    request = replace(made_request(0), effort="low")
    long = replace(request, prompt=replace(request.prompt, system="Look well. " * 500))
    assert outcomes(taken(direct(), [long])) == {"answered": 1}


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        ("refusal", "refused", "the model refused to answer: This photo shows a person's home."),
        ("max_tokens", "truncated", "the answer was cut off at lmm.max_tokens, 500 tokens."),
        ("invalid", "invalid", ""),
        ("empty", "invalid", "the model said nothing."),
    ],
)
def test_what_the_model_says_is_paid_once_whatever_it_is(server: Server, kind: str, outcome: str, reason: str) -> None:
    server.change(faults=1.0, kinds=kind)
    replies = taken(direct(), made_requests(10))
    assert outcomes(replies) == {outcome: 10}
    assert all(reply.usage.output_tokens > 0 and reply.attempts == 1 for reply in replies.values())
    assert all(reason in reply.reason and reply.reason for reply in replies.values())
    assert sum(server.stats()["paid"].values()) == 10


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "overloaded"])
def test_what_the_api_did_not_do_is_tried_again_without_being_counted_as_lost(server: Server, kind: str) -> None:
    server.change(faults=0.5, kinds=kind)
    replies = taken(direct(attempts=20), made_requests(40))
    assert outcomes(replies) == {"answered": 40}
    assert max(reply.attempts for reply in replies.values()) > 1
    assert sum(reply.lost for reply in replies.values()) == 0


@pytest.mark.parametrize("kind", ["timeout", "drop_before", "drop_after", "malformed", "html"])
def test_attempts_whose_end_was_not_seen_are_counted_and_their_money_held_twice(server: Server, kind: str) -> None:
    server.change(faults=0.3, kinds=kind)
    held: list[str] = []
    budget = Budget(1e9, 0.0, ONE_DOLLAR_EACH, held=lambda request, usd: held.append(request.query_id))
    timeout_s = 0.3 if kind == "timeout" else 10.0
    replies = taken(direct(attempts=20, timeout_s=timeout_s), made_requests(30), budget)
    assert outcomes(replies) == {"answered": 30}
    lost = server.stats()["faults"][kind]
    assert sum(reply.lost for reply in replies.values()) == lost > 0
    assert all(held.count(name) == 1 + reply.lost for name, reply in replies.items())


def test_a_request_that_keeps_failing_ends_as_failed_after_its_attempts(server: Server) -> None:
    server.change(faults=1.0, kinds="overloaded")
    (reply,) = taken(direct(attempts=3), [made_request(0)]).values()
    assert (reply.outcome, reply.attempts, reply.lost) == ("failed", 3, 0)
    assert "529" in reply.reason and "attempt 3" in reply.reason


def test_an_outage_stops_the_run_instead_of_failing_every_photo(server: Server) -> None:
    server.change(faults=1.0, kinds="overloaded")
    replies: list[Reply] = []
    with pytest.raises(DualGeoError, match=r"10 requests in a row were without an answer.*529"):
        direct(attempts=2).answer(made_requests(1000), Budget(1e9, 0.0), lambda _, reply: replies.append(reply))
    assert 10 <= len(replies) < 30


def test_nobody_at_the_address_is_no_charge(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    (reply,) = taken(direct(attempts=2), [made_request(0)]).values()
    assert (reply.outcome, reply.lost) == ("failed", 0) and "could not be reached" in reply.reason


def test_rate_limits_slow_everybody_down_and_cost_no_answer(server: Server) -> None:
    server.change(latency_s=0.005)
    server.change(per_second=100.0)
    begun = time.monotonic()
    replies = taken(direct(concurrency=32), made_requests(200))
    assert outcomes(replies) == {"answered": 200}
    # Few are turned away: the headers say when the limit is used up, and a 429 slows down everybody.
    assert server.stats()["errors"].get("429", 0) < 60
    assert time.monotonic() - begun < 10


def _stops(requests: Iterator[Request], message: str, **changes: object) -> list[Reply]:
    replies: list[Reply] = []
    with pytest.raises(DualGeoError, match=message) as stopped:
        direct(**changes).answer(requests, Budget(1e9, 0.0), lambda _, reply: replies.append(reply))
    assert KEY not in str(stopped.value)
    return replies


def test_without_a_key_nothing_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert _stops(made_requests(3), "ANTHROPIC_API_KEY is not set") == []
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-pasted\nwith-a-line-end")
    assert _stops(made_requests(3), "ANTHROPIC_API_KEY holds characters") == []
    assert server.requests() == 0


def test_a_refused_key_stops_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY + "-wrong")
    replies = _stops(made_requests(1000), "refused the key in ANTHROPIC_API_KEY")
    assert {reply.outcome for reply in replies} == {"failed"} and len(replies) <= 8
    assert not any("never-to-be-seen" in reply.reason for reply in replies)


def test_an_unknown_model_stops_at_once(server: Server) -> None:
    replies = _stops(made_requests(1000, model="claude-haiku-9"), "knows no model claude-haiku-9.*lmm.model")
    assert len(replies) <= 8


def test_something_that_is_no_api_stops_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url + "/somewhere")
    _stops(made_requests(100), "no Messages API.*ANTHROPIC_BASE_URL")


def test_a_photo_that_the_api_will_not_take_is_rejected_and_the_others_are_answered(server: Server) -> None:
    bad = replace(made_request(5), picture=replace(made_request(5).picture, jpeg=lambda: b"no photo"))
    large = replace(made_request(6), picture=replace(made_request(6).picture, jpeg=lambda: bytes(9_000_000)))
    replies = taken(direct(timeout_s=5.0), [*made_requests(5), bad, large, *(made_request(n) for n in range(7, 12))])
    assert outcomes(replies) == {"answered": 10, "rejected": 2}
    assert "Could not process image" in replies["q00005"].reason and "exceeds" in replies["q00006"].reason
    assert replies["q00005"].attempts == 1


def test_rejections_in_a_row_without_an_answer_stop_and_are_asked_again(server: Server) -> None:
    replies = _stops(
        made_requests(1000, effort="none at all"), "10 requests in a row were rejected.*output_config.effort"
    )
    # What was wrong was no photo, so none of them may be kept as rejected.
    assert {reply.outcome for reply in replies} == {"failed"} and len(replies) < 20


def test_the_budget_is_used_up_and_never_passed(server: Server) -> None:
    budget = Budget(2.5, 0.0, ONE_DOLLAR_EACH)
    replies: list[Reply] = []
    most = 0.0

    def take(request: Request, reply: Reply) -> None:
        nonlocal most
        most = max(most, budget.spent_usd + budget.held_usd)
        replies.append(reply)

    with pytest.raises(BudgetEndsError):
        direct().answer(made_requests(1000), budget, take)
    # A refusal while others are under way is not the end: those leave most of what they held.
    assert most <= 2.5 and 1.5 < budget.spent_usd <= 2.5 and budget.held_usd == 0
    assert len(replies) == sum(server.stats()["paid"].values()) and {r.outcome for r in replies} == {"answered"}


def test_ctrl_c_takes_what_is_under_way_and_sends_nothing_more(server: Server) -> None:
    server.change(latency_s=0.2)
    replies: list[Reply] = []
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        direct(timeout_s=5.0).answer(made_requests(1000), Budget(1e9, 0.0), lambda _, reply: replies.append(reply))
    assert 8 <= len(replies) < 60 and {reply.outcome for reply in replies} == {"answered"}
    assert sum(server.stats()["paid"].values()) == len(replies)


def test_an_error_of_the_caller_comes_back_after_the_rest_is_taken(server: Server) -> None:
    calls: list[str] = []

    def take(request: Request, reply: Reply) -> None:
        calls.append(request.query_id)
        if len(calls) == 3:
            raise DualGeoError("the disk is full")

    with pytest.raises(DualGeoError, match="the disk is full"):
        direct().answer(made_requests(1000), Budget(1e9, 0.0), take)
    assert len(calls) == sum(server.stats()["paid"].values()) <= 20


def test_a_photo_that_cannot_be_read_stops_the_run_even_when_money_is_short(server: Server) -> None:
    def broken() -> bytes:
        raise DualGeoError("shard 3 is damaged")

    bad = replace(made_request(3), picture=replace(made_request(3).picture, jpeg=broken))
    with pytest.raises(DualGeoError, match="shard 3 is damaged"):
        direct().answer([*made_requests(3), bad, made_request(4)], Budget(1.5, 0.0, ONE_DOLLAR_EACH), lambda *_: None)


def test_the_key_is_in_no_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.change(faults=0.5)
    # Each by itself, so that pytest sets it back: what is logged of every photo would fill the memory of later tests.
    for name in ("", "anthropic", "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.change(kinds="drop_before,timeout,server_error,invalid,html")
    taken(direct(timeout_s=0.2), made_requests(10))
    assert "Sending HTTP Request" in caplog.text and "Traceback" in caplog.text
    assert KEY not in caplog.text
