"""`dualgeo lmm`: what asking would cost is said without sending, asking fills the store for the stage, and figures."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from dualgeo.errors import DualGeoError
from dualgeo.lmm import cell as cell_module
from dualgeo.lmm import command
from dualgeo.lmm.cost import Cost
from dualgeo.lmm.stats import stats_of
from dualgeo.lmm.store import AnswerStore
from dualgeo.params import load_params
from dualgeo.stages import refine as stage
from dualgeo.workspace import Workspace
from tests.lmm.exchanges import HereProvider, answer_text, reply_with, request_about
from tests.lmm.made_cell import CELL, made_params, made_project

CENT = Cost(0.01, 0.0)
ANTHROPIC = {"provider": "anthropic", "model": "claude-haiku-4-5", "cells": ["dual-0"], "strategy": "rag"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project up to `retrieve`: 108 photos are asked about, six of them twice, once of these with the same places."""
    return made_project(tmp_path_factory.mktemp("cell"))


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(made.root, tmp_path / "project")
    return configured(Workspace(tmp_path / "project"))


def configured(workspace: Workspace, **lmm: object) -> Workspace:
    params = made_params(**(ANTHROPIC | lmm))
    workspace.params.write_text(yaml.safe_dump(params.model_dump(mode="json", by_alias=True)))
    return workspace


def said_by(function, workspace: Workspace, *rest) -> str:
    lines: list[str] = []
    function(workspace, *rest, lines.append)
    return "\n".join(lines)


def test_a_dry_run_says_what_it_would_cost_and_touches_nothing(workspace, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    before = sorted(path for path in workspace.root.rglob("*"))
    said = said_by(command.estimate_cells, workspace, [])
    assert sorted(path for path in workspace.root.rglob("*")) == before
    assert "dual-0: 113 requests to send, 0 answered by the store, about 108 photos." in said
    assert "  direct: about " in said and " batches: about " in said
    assert "Price of claude-haiku-4-5: 1 and 5 US dollars per million" in said
    assert "It would go to api.anthropic.com; lmm.sending.allowed is false, so nothing may be sent yet." in said
    direct, batches = (line for line in said.splitlines() if ": about " in line and "dual" not in line)
    dollars = [
        [float(word) for word in line.replace(",", "").split() if word[0].isdigit()] for line in (direct, batches)
    ]
    assert dollars[0] == pytest.approx([2 * value for value in dollars[1]], abs=2e-4)


def test_asking_fills_the_store_so_that_the_stage_sends_nothing(workspace, monkeypatch):
    configured(workspace, sending=made_params().lmm.sending.model_dump() | {"allowed": True})
    provider = HereProvider(lambda request: reply_with(text=answer_text(10.0, 20.0)))
    lines: list[str] = []
    command.ask_cells(workspace, ["dual-0"], lines.append, provider)
    assert len(provider.sent) == 113
    assert lines[0].startswith("dual-0: 114 answered; 0.30")
    assert not (workspace.root / "refined").exists()
    assert "0 requests to send, 113 answered by the store" in said_by(command.estimate_cells, workspace, ["dual-0"])

    def nobody(*_):
        return HereProvider(lambda request: pytest.fail("a request was sent"))

    monkeypatch.setattr(cell_module, "provider_for", nobody)
    stage.run(workspace, load_params(workspace.params), CELL)
    stats = json.loads(said_by(command.show_stats, workspace, True))
    assert stats["cells"] == [{"cell": "dual-0", "rows": 114, "requests": 113, "kept": 113}]
    assert (stats["answers"], stats["bought"], stats["not_taken_in"]) == (113, 113, 0)

    # A colleague has the results and no store: nothing is to be sent, and nothing counts as spent.
    shutil.rmtree(workspace.answers)
    assert "0 requests to send, 113 answered by the store" in said_by(command.estimate_cells, workspace, [])
    assert json.loads(said_by(command.show_stats, workspace, True))["not_taken_in"] == 113


@pytest.mark.parametrize(
    ("lmm", "names", "sentence"),
    [
        ({"provider": "none"}, [], "there is nobody to ask"),
        ({}, ["dual-7"], "dual-7 is no system of params.yaml; there are image-0, dual-0"),
        ({}, ["dual"], "'dual' is no cell name"),
        ({"model": "claude-11"}, [], "No price is known for anthropic model claude-11"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(workspace, lmm, names, sentence):
    configured(workspace, **lmm)
    with pytest.raises(DualGeoError, match=sentence):
        command.estimate_cells(workspace, names, print)


def test_without_leave_asking_stops_before_photos_are_read(workspace):
    shutil.rmtree(workspace.data("made") / "shards")
    with pytest.raises(DualGeoError, match="allowed is false"):
        command.ask_cells(workspace, [], print, HereProvider())


def _mixed(folder: Path) -> AnswerStore:
    with AnswerStore.open(folder) as store:
        for number in range(10):
            store.keep(request_about(number), reply_with(latency_s=float(number + 1)), CENT)
        for number in range(10, 13):
            store.keep(request_about(number), reply_with("refused", reason="it was a home"), CENT)
        store.keep(request_about(13), reply_with("failed", reason="a time-out", attempts=3, lost=3), Cost(0.0, 0.3))
        store.keep(request_about(14), reply_with(mode="batch", latency_s=3600.0), CENT)
        store.sending(request_about(20), 0.5, "direct")
        store.sending(request_about(21), 0.25, "batches")
    return AnswerStore.look(folder)


def test_stats_count_every_exchange_dollar_and_failure(tmp_path):
    stats = stats_of(_mixed(tmp_path), [], [])
    assert (stats.answers, stats.bought, stats.came_with_results) == (14, 15, 0)
    assert stats.outcomes == {"answered": 11, "failed": 1, "refused": 3}
    assert [(one.outcome, one.reason, one.count) for one in stats.failures] == [
        ("refused", "it was a home", 3),
        ("failed", "a time-out", 1),
    ]
    batch, direct = stats.groups
    assert (direct.model, direct.mode, direct.exchanges, direct.attempts, direct.lost) == (
        "claude-haiku-4-5",
        "direct",
        14,
        16,
        3,
    )
    assert (direct.usd, direct.possible_usd) == (pytest.approx(0.13), pytest.approx(0.3))
    assert direct.latency_s == {"p50": 5.5, "p95": 9.55, "p99": 9.91}
    assert batch.latency_s["p50"] == 3600.0
    assert (stats.unseen_attempts, stats.unseen_usd, stats.in_batches) == (2, 0.75, 1)
    assert stats.spent_usd == pytest.approx(0.14 + 0.3 + 0.75)


def test_stats_for_people_say_what_is_wrong(tmp_path):
    _mixed(tmp_path / "answers")
    path = tmp_path / "answers" / "answers.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b"Paris", b"Rome!"), *lines[1:], b'{"check":"torn']))
    with AnswerStore.open(tmp_path / "answers"):
        pass
    said = said_by(command.show_stats, Workspace(tmp_path), False)
    assert "1.1800 US dollars are spent" in said
    assert "0.7500 of it for 2 attempts of killed runs, at their dearest: they may have been charged" in said
    assert "1 requests lie in message batches" in said
    assert "3 attempts were lost; 0.3000 US dollars more may have been charged" in said
    assert "3  refused: it was a home" in said
    assert f"Damaged: {path} line 1" in said
    assert "1 ends of lines" in said


def test_stats_of_nothing_are_zeros(tmp_path):
    assert "0 answers stand." in said_by(command.show_stats, Workspace(tmp_path), False)
    assert not (tmp_path / "answers").exists()


def test_forgetting_by_outcome_by_key_and_by_its_first_digits(tmp_path):
    workspace = Workspace(tmp_path)
    _mixed(workspace.answers)
    assert said_by(command.forget, workspace, "refused").startswith("3 answers are forgotten; what they cost stays")
    key = request_about(1).key
    assert said_by(command.forget, workspace, key[:10]).startswith("1 answers")
    store = AnswerStore.look(workspace.answers)
    assert key not in store
    assert len(store) == 10
    assert store.spent_usd == pytest.approx(0.14 + 0.3 + 0.75)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("failed", "every run asks them again"),
        ("refuse", "neither an outcome"),
        ("abc", "at least 8 digits of a key"),
        ("0123456789", "No answer stands under"),
        ("truncated", "No answer stands under"),
    ],
)
def test_what_cannot_be_forgotten_is_one_sentence(tmp_path, what, sentence):
    workspace = Workspace(tmp_path)
    _mixed(workspace.answers)
    with pytest.raises(DualGeoError, match=sentence):
        command.forget(workspace, what, print)
    assert len(AnswerStore.look(workspace.answers)) == 14


def test_the_command_line_has_the_three(tmp_path):
    from typer.testing import CliRunner

    from dualgeo.cli import app

    _mixed(tmp_path / "answers")
    run = CliRunner()
    shown = run.invoke(app, ["lmm", "stats", "--json", "--root", str(tmp_path)])
    assert json.loads(shown.stdout)["answers"] == 14
    assert run.invoke(app, ["lmm", "forget", "refused", "--root", str(tmp_path)]).exit_code == 0
    refused = run.invoke(app, ["lmm", "ask", "--dry-run", "--root", str(tmp_path)])
    assert isinstance(refused.exception, DualGeoError)
