"""What a lab must be able to rely on when money is at stake, with the real SDK, store and budget, against a server that
fails in every way it can."""

import gc
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.lmm.store import AnswerStore
from tests.lmm.asked_photos import questions, run, running_apart
from tests.lmm.asking import KEY, direct
from tests.lmm.made_requests import large_requests, made_requests
from tests.lmm.server import Server, server_running

KILLS = 20
FAULTS = ("--faults", "0.2", "--hang-s", "0.6", "--retry-after-s", "0.02")


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with server_running("--key", KEY, *request.param) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield server


@pytest.mark.parametrize("server", [("--latency-s", "0.003", *FAULTS)], indirect=True)
def test_with_every_fault_at_a_fifth_every_photo_ends_and_none_is_paid_twice(server: Server, tmp_path: Path) -> None:
    asked = questions(1000)
    table = run(tmp_path, asked)
    stats = server.stats()
    assert len(stats["faults"]) == 12 and sum(stats["faults"].values()) > 150
    assert len(table) == 1000 and set(table["outcome"]) <= {"answered", "refused", "truncated", "invalid", "failed"}
    assert (table["outcome"] == "answered").mean() > 0.85
    assert table.loc[table["outcome"] == "answered", ["lat", "lon"]].notna().all().all()
    others = table[table["outcome"] != "answered"]
    assert others[["lat", "lon"]].isna().all().all() and (others["reason"] != "").all()
    assert set(stats["paid"].values()) == {1}
    # What the provider's books say and what ours say is the same, to the request and to the token.
    assert len(stats["paid"]) == (table["outcome"] != "failed").sum()
    assert stats["unseen"] <= table["lost"].sum()

    ended = table[table["outcome"] != "failed"]
    again = run(tmp_path, [asked[int(number)] for number in ended["query_id"]])
    assert again.equals(ended.reset_index(drop=True)) and server.requests() == stats["requests"]


@pytest.mark.parametrize("server", [("--latency-s", "0.01", "--faults", "0.1", "--hang-s", "0.6")], indirect=True)
def test_killed_at_twenty_moments_it_pays_again_only_what_was_in_flight(server: Server, tmp_path: Path) -> None:
    drawn = random.Random(4)
    asked = questions(800)
    concurrency = 4
    for _ in range(KILLS):
        with running_apart(tmp_path, asked, concurrency=concurrency) as process:
            _wait_for_requests(server, server.requests() + drawn.randint(1, 30))
            time.sleep(drawn.uniform(0, 0.02))
            assert process.exitcode is None, "it ended before it was killed: ask more"
            os.kill(process.pid, signal.SIGKILL)
    table = run(tmp_path, asked, concurrency=concurrency)
    assert (table["outcome"] != "failed").all()
    paid = server.stats()["paid"]
    assert len(paid) == 800
    assert 800 <= sum(paid.values()) <= 800 + KILLS * concurrency
    with AnswerStore.open(tmp_path) as store:
        assert len(store) == 800 and not store.damaged


@pytest.mark.parametrize("server", [("--batch-s", "0.2", "--faults", "0.2", "--strangers", "2")], indirect=True)
def test_batches_killed_at_twenty_moments_pay_nothing_twice(server: Server, tmp_path: Path) -> None:
    drawn = random.Random(5)
    how = {"mode": "batches", "timeout_s": 10.0, "batch_requests": 5}
    killed = 0
    for life in range(KILLS):
        # Each life finds something new to submit beside what the ones before it left behind.
        with running_apart(tmp_path, questions(20 * (life + 1)), **how) as process:
            process.join(drawn.uniform(0.05, 0.35))
            killed += process.exitcode is None
    table = run(tmp_path, questions(20 * KILLS), **how)
    assert killed >= KILLS - 2
    assert set(table["outcome"]) <= {"answered", "refused", "truncated", "invalid", "rejected"}
    paid = server.stats()["paid"]
    assert set(paid.values()) == {1} and len(paid) == (table["outcome"] != "rejected").sum()
    before = server.stats()["batches"]
    assert run(tmp_path, questions(20 * KILLS), **how).equals(table) and server.stats()["batches"] == before


@pytest.mark.parametrize("concurrency", [1, 8, 24])
@pytest.mark.parametrize("server", [("--latency-s", "0.03")], indirect=True)
def test_concurrency_is_reached_and_never_passed(server: Server, concurrency: int) -> None:
    direct(concurrency=concurrency, timeout_s=10.0).answer(made_requests(150), Budget(1e9, 0.0), lambda *_: None)
    assert server.stats()["most_under_way"] == concurrency


@pytest.mark.parametrize("server", [()], indirect=True)
def test_memory_stays_flat_however_many_photos_are_sent(server: Server) -> None:
    resident: dict[int, float] = {}
    count = 0

    def take(request: Request, reply: Reply) -> None:
        nonlocal count
        count += 1
        if count in (200, 2000):
            gc.collect()
            resident[count] = psutil.Process().memory_info().rss / 2**20

    size = 300_000
    direct(concurrency=8, timeout_s=30.0).answer(large_requests(2000, size), Budget(1e9, 0.0), take)
    # 1,800 photos of 300 kB would be 500 MiB, and a third more as they travel.
    assert count == 2000 and resident[2000] - resident[200] < 25


def _wait_for_requests(server: Server, count: int) -> None:
    deadline = time.monotonic() + 20
    while server.requests() < count:
        assert time.monotonic() < deadline, "the process sent nothing"
        time.sleep(0.005)
