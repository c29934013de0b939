"""The store of answers: nothing bought is lost, whatever happens to the process, the file or the machine."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.cost import Cost
from dualgeo.lmm.journal import Journal
from dualgeo.lmm.store import AnswerStore
from tests.lmm.exchanges import reply_with, request_about

CENT = Cost(0.01, 0.0)


def _filled(folder: Path, count: int) -> AnswerStore:
    with AnswerStore.open(folder) as store:
        for number in range(count):
            store.keep(request_about(number), reply_with(text=f"answer {number} \n{{}} é"), CENT)
    return AnswerStore.look(folder)


def test_what_was_kept_is_found_by_what_was_asked(tmp_path):
    store = _filled(tmp_path, 5)
    record = store.find(request_about(3).key)
    assert record is not None
    assert record.reply == reply_with(text="answer 3 \n{} é")
    assert (record.text, record.prompt, record.image) == ("Where?", "zero-shot@000000000000", f"{3:064x}")
    assert (record.width, record.height, record.usd, record.bought) == (96, 96, 0.01, True)
    assert record.time.endswith("+00:00")
    assert store.find(request_about(99).key) is None
    assert store.spent_usd == pytest.approx(0.05)
    assert len(list(store.records())) == len(store) == 5


def test_a_crash_at_any_byte_of_the_last_record_costs_that_record_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # a thousand times over, it would take most of the time
    whole = tmp_path / "whole"
    _filled(whole, 3)
    content = (whole / "answers.jsonl").read_bytes()
    begin = content[:-1].rindex(b"\n") + 1
    for size in range(begin, len(content) + 1):
        folder = tmp_path / "cut"
        folder.mkdir(exist_ok=True)
        (folder / "torn.txt").unlink(missing_ok=True)
        (folder / "answers.jsonl").write_bytes(content[:size])
        complete = size >= len(content) - 1
        assert len(AnswerStore.look(folder)) == (3 if complete else 2)
        with AnswerStore.open(folder) as store:
            assert len(store) == (3 if complete else 2)
            assert store.damaged == []
            assert store.torn_count == (0 if complete or size == begin else 1)
            store.keep(request_about(7), reply_with(), CENT)
        again = AnswerStore.look(folder)
        assert again.damaged == []
        assert again.find(request_about(7).key) is not None
        assert again.find(request_about(0).key) is not None


def test_a_flipped_byte_anywhere_is_found_named_and_asked_again(tmp_path):
    _filled(tmp_path, 3)
    path = tmp_path / "answers.jsonl"
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    second = content.index(b"\n", first)
    for position in range(first, second, 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x20]) + content[position + 1 :])
        with AnswerStore.open(tmp_path) as store:
            assert store.find(request_about(1).key) is None
            assert store.damaged == [f"{path} line 2"]
            assert all(store.find(request_about(number).key) for number in (0, 2))
            store.keep(request_about(1), reply_with(text="bought again"), CENT)
            found = store.find(request_about(1).key)
        assert found is not None
        assert found.reply.text == "bought again"


def test_a_lost_line_feed_costs_one_record_and_not_two(tmp_path):
    _filled(tmp_path, 3)
    path = tmp_path / "answers.jsonl"
    content = path.read_bytes()
    first = content.index(b"\n")
    path.write_bytes(content[:first] + b"x" + content[first + 1 :])
    store = AnswerStore.look(tmp_path)
    assert [store.find(request_about(number).key) is not None for number in range(3)] == [False, True, True]
    assert store.damaged == [f"{path} line 1"]


def test_zeros_that_a_power_failure_left_do_not_hide_what_comes_after(tmp_path):
    _filled(tmp_path, 2)
    with (tmp_path / "answers.jsonl").open("ab") as file:
        file.write(bytes(5000))
    with AnswerStore.open(tmp_path) as store:
        assert (len(store), store.torn_count, store.damaged) == (2, 1, [])
        store.keep(request_about(2), reply_with(), CENT)
    assert len(AnswerStore.look(tmp_path)) == 3


def test_a_record_that_rots_while_the_store_is_open_is_not_believed(tmp_path, capsys):
    _filled(tmp_path, 1)
    path = tmp_path / "answers.jsonl"
    with AnswerStore.open(tmp_path) as store:
        content = path.read_bytes()
        with path.open("r+b") as file:
            file.seek(content.index(b"answer 0"))
            file.write(b"ANSWER 0")
        assert store.find(request_about(0).key) is None
        assert request_about(0).key not in store
    assert "asked again" in capsys.readouterr().err


WRITER = """
import sys
from pathlib import Path
from dualgeo.lmm.cost import Cost
from dualgeo.lmm.store import AnswerStore
from tests.lmm.exchanges import reply_with, request_about
with AnswerStore.open(Path(sys.argv[1])) as store:
    number = len(store)
    while True:
        request = request_about(number, text="x" * (number * 997 % 60_000))
        store.keep(request, reply_with(), Cost(0.01, 0.0))
        print(request.key, flush=True)
        number += 1
"""


def test_a_writer_that_is_killed_again_and_again_loses_nothing_it_had_kept(tmp_path, project):
    kept: list[str] = []
    for round_ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=project, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            kept.append(writer.stdout.readline().strip())
            time.sleep(0.02 * round_)
            writer.send_signal(signal.SIGKILL)
            kept += writer.stdout.read().split()
    whole = [key for key in kept if len(key) == 64]
    with AnswerStore.open(tmp_path) as store:
        assert store.damaged == []
        assert all(store.find(key) is not None for key in whole)
        assert len(whole) <= len(store) <= len(whole) + 4
        assert store.spent_usd == pytest.approx(0.01 * len(store))


def test_two_processes_take_turns_and_the_second_says_that_it_waits(tmp_path, project, capfd):
    first = threading.Event()
    order: list[str] = []

    def other() -> None:
        first.wait()
        with AnswerStore.open(tmp_path) as store:
            order.append(f"second sees {len(store)}")

    thread = threading.Thread(target=other)
    thread.start()
    with AnswerStore.open(tmp_path) as store:
        first.set()
        time.sleep(0.3)
        store.keep(request_about(1), reply_with(), CENT)
        order.append("first ends")
    thread.join()
    assert order == ["first ends", "second sees 1"]
    assert (
        f"Another process (process {os.getpid()}) is asking a model with these answers; waiting"
        in capfd.readouterr().err
    )


def test_looking_needs_no_turn_and_changes_nothing(tmp_path):
    _filled(tmp_path, 2)
    with (tmp_path / "answers.jsonl").open("ab") as file:
        file.write(b'{"check":"torn')
    before = (tmp_path / "answers.jsonl").read_bytes()
    with AnswerStore.open(tmp_path / "elsewhere"):
        assert len(AnswerStore.look(tmp_path)) == 2
    assert (tmp_path / "answers.jsonl").read_bytes() == before
    assert len(AnswerStore.look(tmp_path / "nowhere")) == 0


def test_failures_are_kept_but_asked_again(tmp_path):
    with AnswerStore.open(tmp_path) as store:
        store.keep(request_about(1), reply_with("failed", usage=reply_with().usage), CENT)
        assert store.find(request_about(1).key) is None
        failure = store.failure(request_about(1).key)
        assert failure is not None
        assert failure.reply.reason == "it was failed"
        store.keep(request_about(1), reply_with(), CENT)
        assert store.find(request_about(1).key) is not None
        assert store.spent_usd == pytest.approx(0.02)
        assert [record.reply.outcome for record in store.records()] == ["failed", "answered"]


@pytest.mark.parametrize("outcome", ["refused", "truncated", "invalid", "rejected"])
def test_what_a_second_try_would_not_mend_is_not_bought_twice(tmp_path, outcome):
    with AnswerStore.open(tmp_path) as store:
        store.keep(request_about(1), reply_with(outcome), CENT)
    record = AnswerStore.look(tmp_path).find(request_about(1).key)
    assert record is not None
    assert record.reply.outcome == outcome


def test_the_first_of_two_answers_stands_and_both_are_paid(tmp_path, capsys):
    with AnswerStore.open(tmp_path) as store:
        store.keep(request_about(1), reply_with(text="first"), CENT)
        store.keep(request_about(1), reply_with(text="second"), CENT)
    store = AnswerStore.look(tmp_path)
    record = store.find(request_about(1).key)
    assert record is not None
    assert record.reply.text == "first"
    assert store.spent_usd == pytest.approx(0.02)
    assert "the first one stands" in capsys.readouterr().err


def test_a_forgotten_answer_is_asked_again_and_stays_paid(tmp_path):
    _filled(tmp_path, 2)
    key = request_about(1).key
    exported = tmp_path / "export.jsonl"
    AnswerStore.look(tmp_path).export([key], exported)
    with AnswerStore.open(tmp_path) as store:
        assert store.forget(key)
        assert not store.forget(key)
        assert store.find(key) is None
        assert store.absorb([exported]).forgotten == 1
        assert store.find(key) is None
        store.keep(request_about(1), reply_with(text="new"), CENT)
    store = AnswerStore.look(tmp_path)
    record = store.find(key)
    assert record is not None
    assert record.reply.text == "new"
    assert store.spent_usd == pytest.approx(0.03)


def test_an_export_is_the_same_bytes_whoever_writes_it_and_costs_who_reads_it_nothing(tmp_path):
    _filled(tmp_path / "mine", 6)
    mine = AnswerStore.look(tmp_path / "mine")
    keys = [request_about(number).key for number in (4, 1, 2, 1)]
    assert mine.export([*keys, request_about(77).key], tmp_path / "a.jsonl") == 3
    with AnswerStore.open(tmp_path / "yours") as yours:
        yours.keep(request_about(2), reply_with(text="yours"), CENT)
        absorbed = yours.absorb([tmp_path / "a.jsonl"])
        assert (absorbed.added, absorbed.differing) == (2, 1)
        assert yours.absorb([tmp_path / "a.jsonl"]).known == 2
        assert yours.spent_usd == pytest.approx(0.01)
        record = yours.find(request_about(4).key)
        assert record is not None
        assert not record.bought
        kept = yours.find(request_about(2).key)
        assert kept is not None
        assert kept.reply.text == "yours"
        yours.export([request_about(number).key for number in (1, 4)], tmp_path / "b.jsonl")
    mine.export([request_about(number).key for number in (4, 1)], tmp_path / "c.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()
    assert [line[38:60] for line in (tmp_path / "a.jsonl").read_text().splitlines()] == sorted(
        line[38:60] for line in (tmp_path / "a.jsonl").read_text().splitlines()
    )


def test_a_damaged_export_is_counted_and_the_rest_absorbed(tmp_path, capsys):
    _filled(tmp_path / "mine", 3)
    export = tmp_path / "a.jsonl"
    AnswerStore.look(tmp_path / "mine").export([request_about(number).key for number in range(3)], export)
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(lines[0] + lines[1][:50] + b"?" + lines[1][51:] + lines[2])
    with AnswerStore.open(tmp_path / "yours") as store:
        absorbed = store.absorb([export])
    assert (absorbed.added, absorbed.damaged) == (2, 1)
    assert f"{export} line 2 is damaged" in capsys.readouterr().err


def test_an_answer_under_a_key_that_is_not_its_own_is_not_absorbed(tmp_path):
    """A file that was tampered with, checks made anew: what it says was asked does not give that key."""
    from dualgeo.lmm.record import line_of, read_line

    _filled(tmp_path / "mine", 1)
    export = tmp_path / "a.jsonl"
    AnswerStore.look(tmp_path / "mine").export([request_about(0).key], export)
    line = read_line(export.read_bytes())
    assert line is not None
    export.write_bytes(line_of("answer", request_about(1).key, {}, line.record))
    with AnswerStore.open(tmp_path / "yours") as store:
        assert store.absorb([export]).damaged == 1
        assert len(store) == 0


def test_a_full_disk_leaves_whole_lines_and_says_so(tmp_path, monkeypatch):
    _filled(tmp_path, 1)
    real = os.write
    with AnswerStore.open(tmp_path) as store:
        monkeypatch.setattr(os, "write", lambda handle, line: real(handle, line[: len(line) // 2]))
        with pytest.raises(DualGeoError, match="cannot be written"):
            store.keep(request_about(5), reply_with(), CENT)
        monkeypatch.undo()
        store.keep(request_about(6), reply_with(), CENT)
    store = AnswerStore.look(tmp_path)
    assert (len(store), store.damaged, store.torn_count) == (2, [], 0)


def test_attempts_of_a_killed_run_stay_counted_at_their_dearest(tmp_path):
    with AnswerStore.open(tmp_path) as store:
        store.sending(request_about(1), 0.5, "direct")
        store.sending(request_about(2), 0.5, "direct")
        store.keep(request_about(2), reply_with(), CENT)
        assert store.spent_usd == pytest.approx(0.01)  # what is under way is the budget's to hold
    with AnswerStore.open(tmp_path) as store:
        assert store.spent_usd == pytest.approx(0.51)
        store.keep(request_about(1), reply_with(), CENT)
        assert store.spent_usd == pytest.approx(0.52)
    assert len(AnswerStore.look(tmp_path).unseen()) == 1


def test_a_batch_of_a_killed_run_is_settled_by_whoever_collects_it(tmp_path):
    with AnswerStore.open(tmp_path) as store:
        store.sending(request_about(1), 0.5, "batches")
    with AnswerStore.open(tmp_path) as store:
        assert store.batched() == {request_about(1).key: 0.5}
        store.keep(request_about(1), reply_with(mode="batch"), CENT)
        assert store.batched() == {}
        assert store.spent_usd == pytest.approx(0.01)
    assert AnswerStore.look(tmp_path).unseen() == []


def test_a_key_that_a_message_quotes_does_not_reach_the_disk(tmp_path):
    secret = "sk-ant-api03-" + "x" * 40
    with AnswerStore.open(tmp_path) as store:
        for number, reason in enumerate((f"invalid x-api-key: {secret}", f"Authorization: Bearer {secret[3:]}")):
            store.keep(request_about(number), reply_with("failed", reason=reason), CENT)
    content = (tmp_path / "answers.jsonl").read_text()
    assert "xxxx" not in content
    assert "[removed]" in content


def test_appending_is_one_write_so_that_readers_never_see_half_of_it(tmp_path, monkeypatch):
    writes: list[int] = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, line: writes.append(len(line)) or real(handle, line))
    journal = Journal(tmp_path / "journal")
    journal.append(b"x" * 200_000 + b"\n")
    journal.close()
    assert writes == [200_001]
