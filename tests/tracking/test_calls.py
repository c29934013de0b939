"""Every call of a model is a trace of the score that rests on it, made once; the run's figures say what it cost."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from mlflow.entities import Trace

from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.lmm.store import AnswerStore
from dualgeo.params import Params
from dualgeo.tracking.calls import span_of
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.runs import record_score
from dualgeo.tracking.store import SCORES, experiment_id, open_store
from dualgeo.workspace import Cell, Workspace
from tests.lmm.asked_cell import write_asked
from tests.lmm.exchanges import answer_text, reply_with
from tests.tracking.made_results import CELL, artifacts, pulled, runs, write_lock, write_model, write_score

OTHER = Cell("image", 0)
KEY = "sk-ant-test-0123456789abcdef"
ENDS = ("answered", "refused", "invalid", "failed")


def end(request: Request) -> Reply:
    """The four photos end in four ways."""
    outcome = ENDS[int(request.query_id[1:]) % 4]
    text = {"invalid": "I cannot say.", "refused": "I would rather not."}.get(outcome, "")
    changes = {"text": text} if text else {}
    return reply_with(outcome, latency_s=1.5 + int(request.query_id[1:]), **changes)


def asked(workspace: Workspace, cell: Cell = CELL, count: int = 4) -> None:
    """A finished cell whose answers come from a model, with the errors of its first queries."""
    write_model(workspace, cell, f"weights of {cell.name}".encode())
    write_score(workspace, cell)
    write_asked(workspace, cell, count, end)
    path = workspace.scores(cell) / "queries.parquet"
    table = pd.read_parquet(path)
    table["query_id"] = [f"q{n}" for n in range(len(table))]
    table["error_km"] = [10.0, 30.0, *[5.0] * (len(table) - 2)]
    table.to_parquet(path)


def traces(workspace: Workspace, cell: Cell = CELL) -> dict[str, Trace]:
    """Photo -> trace, of those that are linked to the cell's only run."""
    client = open_store(workspace)
    [run] = runs(workspace, SCORES, cell)
    found = client.search_traces(
        locations=[experiment_id(client, SCORES)], run_id=run.info.run_id, max_results=500, include_spans=True
    )
    return {trace.info.tags["dualgeo.photo"]: trace for trace in found}


def test_a_score_records_every_call_with_words_tokens_cost_and_time(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    before = datetime.now(UTC).timestamp()
    record_score(workspace, params, CELL)
    made = traces(workspace)
    assert sorted(made) == ["q0", "q1", "q2", "q3"]
    answered = made["q0"]
    assert answered.info.state == "OK"
    [span] = answered.data.spans
    system, user = span.inputs["messages"]
    assert system["role"] == "system" and system["content"]
    assert "C1" in user["content"], "the places that it was shown"
    assert span.outputs["messages"][0]["content"] == answer_text(48.85, 2.35)
    assert span.inputs["photo"].keys() == {"sha256", "width", "height"}
    assert answered.info.token_usage["input_tokens"] == 1200
    assert answered.info.token_usage["output_tokens"] == 300
    table = pd.read_parquet(workspace.refined(CELL) / "lmm.parquet").set_index("query_id")
    assert answered.info.cost["total_cost"] == pytest.approx(table.loc["q0", "usd"]) and table.loc["q0", "usd"] > 0
    assert answered.info.execution_duration == 1500
    assert made["q3"].info.execution_duration == 4500
    came = (answered.info.request_time + answered.info.execution_duration) / 1000
    assert abs(came - before) < 60
    assert answered.info.tags["dualgeo.key"] == table.loc["q0", "key"]
    assert answered.info.tags["mlflow.traceName"] == table.loc["q0", "prompt"].partition("@")[0]


def test_what_went_wrong_is_an_error_with_its_reason(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    record_score(workspace, params, CELL)
    made = traces(workspace)
    assert {photo: trace.info.tags["dualgeo.outcome"] for photo, trace in made.items()} == dict(
        zip(("q0", "q1", "q2", "q3"), ENDS, strict=True)
    )
    for photo in ("q1", "q2", "q3"):
        assert made[photo].info.state == "ERROR"
        assert made[photo].data.spans[0].outputs["reason"]
    assert made["q1"].data.spans[0].outputs["messages"][0]["content"] == "I would rather not."
    client = open_store(workspace)
    refused = client.search_traces(
        locations=[experiment_id(client, SCORES)], filter_string="tags.`dualgeo.outcome` = 'refused'"
    )
    assert [trace.info.trace_id for trace in refused] == [made["q1"].info.trace_id]


def test_figures_of_the_run_say_what_asking_came_to(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    record_score(workspace, params, CELL)
    [run] = runs(workspace, SCORES)
    table = pd.read_parquet(workspace.refined(CELL) / "lmm.parquet")
    metrics = run.data.metrics
    assert (metrics["lmm/requests"], metrics["lmm/photos"]) == (4, 4)
    assert (metrics["lmm/hits"], metrics["lmm/sent"]) == (0, 4)
    assert all(metrics[f"lmm/outcome/{name}"] == 1 for name in ENDS)
    assert metrics["lmm/usd"] == pytest.approx(table["usd"].sum(), abs=1e-6)
    assert metrics["lmm/usd_per_image"] == pytest.approx(table["usd"].sum() / 4, abs=1e-6)
    assert metrics["lmm/usd_per_correct_city"] == pytest.approx(table["usd"].sum() / 3), "q1 is 30 km off"
    assert metrics["lmm/latency_s_p50"] == 3.0
    assert metrics["lmm/input_tokens"] == table["input_tokens"].sum()
    assert "lmm.json" in artifacts(workspace, run)


def test_a_second_asking_sends_only_what_failed(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    write_asked(workspace, CELL, 4, end)
    record_score(workspace, params, CELL)
    [run] = runs(workspace, SCORES)
    assert (run.data.metrics["lmm/hits"], run.data.metrics["lmm/sent"]) == (3, 1)


def test_recording_again_changes_nothing(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    record_score(workspace, params, CELL)
    first = {photo: trace.to_dict() for photo, trace in traces(workspace).items()}
    runs_before = [run.to_dictionary() for run in runs(workspace, SCORES)]
    record_score(workspace, params, CELL)
    write_lock(workspace, [CELL])
    track(workspace, params)
    assert {photo: trace.to_dict() for photo, trace in traces(workspace).items()} == first
    [before], [after] = runs_before, [run.to_dictionary() for run in runs(workspace, SCORES)]
    assert after["data"]["metrics"] == before["data"]["metrics"]


def test_a_recording_that_was_broken_off_is_completed_without_doubles(
    workspace: Workspace, params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(workspace)

    def broken(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.tracking.MlflowClient.link_traces_to_run", broken)
        record_score(workspace, params, CELL)
    assert "No space left" in capsys.readouterr().err
    assert not traces(workspace)
    record_score(workspace, params, CELL)
    assert len(traces(workspace)) == 4
    client = open_store(workspace)
    assert len(client.search_traces(locations=[experiment_id(client, SCORES)])) == 4


def test_after_a_pull_the_answers_alone_make_the_traces(workspace: Workspace, params: Params) -> None:
    asked(workspace)
    write_lock(workspace, [CELL])
    shutil.rmtree(workspace.answers)
    shutil.rmtree(workspace.root / ".dualgeo")
    track(workspace, params)
    [run] = runs(workspace, SCORES)
    assert sorted(traces(workspace)) == ["q0", "q1", "q2"], "a failure is in no output; it is among the figures"
    assert run.data.metrics["lmm/outcome/failed"] == 1
    assert "lmm/hits" not in run.data.metrics, "nobody here knows"


def test_cells_that_share_an_answer_share_its_trace(workspace: Workspace, params: Params) -> None:
    for cell in (CELL, OTHER):
        asked(workspace, cell)
        record_score(workspace, params, cell)
    one, two = traces(workspace, CELL), traces(workspace, OTHER)
    shared = {one[photo].info.trace_id == two[photo].info.trace_id for photo in ("q0", "q1", "q2")}
    assert shared == {True}
    [run] = runs(workspace, SCORES, OTHER)
    assert (run.data.metrics["lmm/hits"], run.data.metrics["lmm/sent"]) == (3, 1)


def test_answers_that_were_made_again_since_are_not_put_under_an_older_score(
    workspace: Workspace, params: Params
) -> None:
    asked(workspace)
    write_lock(workspace, [CELL])
    write_asked(workspace, CELL, 6, end)
    track(workspace, params)
    assert not traces(workspace)


def test_a_damaged_line_costs_its_own_trace_only(
    workspace: Workspace, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(workspace)
    path = workspace.refined(CELL) / "answers.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b'"model"', b'"MODEL"') + b"".join(lines[1:]))
    record_score(workspace, params, CELL)
    assert len(traces(workspace)) == 3
    assert "1 lines of" in capsys.readouterr().err


def test_a_score_without_a_model_has_neither_traces_nor_figures_of_one(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    track(workspace, params)
    [run] = runs(workspace, SCORES)
    assert not [name for name in run.data.metrics if name.startswith("lmm/")]
    assert not traces(workspace)


def test_neither_keys_nor_the_environment_nor_photos_get_into_the_store(
    workspace: Workspace, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "secret=planted-in-the-environment")
    write_model(workspace, CELL)
    write_score(workspace, CELL)
    write_asked(workspace, CELL, 2, lambda request: reply_with("refused", reason=f"x-api-key: {KEY} may not do this"))
    record_score(workspace, params, CELL)
    assert len(runs(workspace, SCORES)) == 1
    stored = b"".join(path.read_bytes() for path in (workspace.root / "mlruns").rglob("*") if path.is_file())
    stored += b"".join(path.read_bytes() for path in workspace.refined(CELL).iterdir())
    assert b"may not do this" in stored
    for secret in (KEY.encode(), b"planted-in-the-environment", b"not a real photo", os.environ["PATH"].encode()):
        assert secret not in stored


def test_a_record_that_says_an_impossible_time_has_no_trace(workspace: Workspace) -> None:
    asked(workspace)
    records = AnswerStore.look(workspace.answers).records()
    [answered] = [each for each in records if each.reply.outcome == "answered"]
    assert span_of(answered, "1", "q0") is not None
    assert span_of(replace(answered, time="yesterday"), "1", "q0") is None
    endless = span_of(replace(answered, reply=replace(answered.reply, latency_s=1e300)), "1", "q0")
    assert endless is not None and endless.start_time_ns > 0
