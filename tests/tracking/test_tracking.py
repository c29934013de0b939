"""MLflow records what the stages did, and `track` can make the same records from their outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow.entities import Run

from dualgeo.params import Params, load_params
from dualgeo.tracking import facts
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.tracking.store import SCORES, TRAINING, experiment_id, open_store
from dualgeo.workspace import Cell, Workspace

PARAMS = Path(__file__).resolve().parent.parent.parent / "params.yaml"
CELL = Cell("dual", 0)
# What another process does: argv[1] is the workspace, argv[2] params.yaml.
ELSEWHERE = """
import os, sys
from pathlib import Path
from dualgeo.params import load_params
from dualgeo.tracking.runs import open_training_run
from dualgeo.workspace import Cell, Workspace
with open_training_run(Workspace(Path(sys.argv[1])), load_params(Path(sys.argv[2])), Cell("dual", SEED)) as run:
    BODY
"""
METRICS = {
    "atlas-night": {"acc": {"25": {"value": 61.0, "low": 57.5, "high": 64.5}}, "median_km": 8.25, "interval": "w"}
}


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params(PARAMS)


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for the tests of this module: making a database takes seconds."""
    workspace = Workspace(tmp_path_factory.mktemp("a workspace"))
    open_store(workspace)
    return workspace


def write_model(workspace: Workspace, cell: Cell, weights: bytes) -> None:
    folder = workspace.model(cell)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "config.json").write_text(json.dumps({"variant": cell.variant, "model": {"width": 8}}))
    (folder / "curve.csv").write_text("epoch,loss\n1,3.5\n2,1.25\n")


def write_score(workspace: Workspace, cell: Cell, metrics: object) -> None:
    workspace.scores(cell).mkdir(parents=True, exist_ok=True)
    (workspace.scores(cell) / "metrics.json").write_text(json.dumps(metrics))


def runs(workspace: Workspace, experiment: str, cell: Cell) -> list[Run]:
    client = open_store(workspace)
    return list(client.search_runs([experiment_id(client, experiment)], f"tags.`dvc.cell` = '{cell.name}'"))


def test_a_training_is_recorded_as_it_goes(
    made_store: Workspace, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUALGEO_RUN_CONTEXT", '{"dagster.run_id": "abc"}')
    with open_training_run(made_store, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        [going] = runs(made_store, TRAINING, CELL)
        assert (going.info.status, going.data.metrics["loss"]) == ("RUNNING", 3.5)
        run.log_epoch(2, {"loss": 1.25})
        write_model(made_store, CELL, b"weights")
    [done] = runs(made_store, TRAINING, CELL)
    assert done.info.status == "FINISHED"
    assert done.data.params["train.epochs"] == str(params.train.epochs)
    assert {
        "variant": "dual",
        "seed": "0",
        "dvc.stage": "train",
        "dagster.run_id": "abc",
    }.items() <= done.data.tags.items()
    client = open_store(made_store)
    assert [(m.step, m.value) for m in client.get_metric_history(done.info.run_id, "loss")] == [(1, 3.5), (2, 1.25)]
    assert {file.path for file in client.list_artifacts(done.info.run_id)} == {"config.json", "curve.csv"}
    assert track(made_store, params) == 0, "what was recorded live is not recorded again"


def test_a_training_that_fails_is_marked_and_its_error_goes_on(made_store: Workspace, params: Params) -> None:
    cell = Cell("dual", 7)
    with pytest.raises(ValueError, match="diverged"), open_training_run(made_store, params, cell):
        raise ValueError("the loss diverged")
    [run] = runs(made_store, TRAINING, cell)
    assert (run.info.status, run.data.tags["dualgeo.error"]) == ("FAILED", "the loss diverged")


def test_a_training_that_was_killed_does_not_look_alive(made_store: Workspace, params: Params) -> None:
    cell = Cell("dual", 8)
    code = ELSEWHERE.replace("SEED", "8").replace("BODY", "os._exit(9)")
    subprocess.run([sys.executable, "-c", code, str(made_store.root), str(PARAMS)], check=False)
    assert [run.info.status for run in runs(made_store, TRAINING, cell)] == ["RUNNING"]
    with open_training_run(made_store, params, cell):
        write_model(made_store, cell, b"again")
    assert sorted(run.info.status for run in runs(made_store, TRAINING, cell)) == ["FINISHED", "KILLED"]


def test_scores_line_up_by_query_set_and_are_recorded_once(made_store: Workspace, params: Params) -> None:
    cell = Cell("image", 1)
    write_score(made_store, cell, METRICS)
    record_score(made_store, params, cell)
    record_score(made_store, params, cell)
    [run] = runs(made_store, SCORES, cell)
    assert run.data.metrics == {
        "atlas-night/acc_25": 61.0,
        "atlas-night/acc_25_low": 57.5,
        "atlas-night/acc_25_high": 64.5,
        "atlas-night/median_km": 8.25,
    }
    assert run.data.params["refine.eps_km"] == "50.0"


def test_track_makes_the_records_from_the_outputs_once(made_store: Workspace, params: Params) -> None:
    cell = Cell("segmentation", 2)
    write_model(made_store, cell, b"pulled")
    write_score(made_store, cell, METRICS)
    assert track(made_store, params) == 2
    assert track(made_store, params) == 0
    [trained] = runs(made_store, TRAINING, cell)
    [scored] = runs(made_store, SCORES, cell)
    assert trained.data.metrics == {"epoch": 2.0, "loss": 1.25}
    assert trained.data.params["model.width"] == "8"
    assert "train.epochs" not in trained.data.params, "params.yaml of today says nothing about results of yesterday"
    assert scored.data.metrics["atlas-night/acc_25"] == 61.0


def test_provenance_is_taken_from_dvc_lock_only_while_it_describes_these_outputs(tmp_path: Path) -> None:
    quiet = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path / ".site")}
    make = "mkdir -p models/dual-0/sub && echo w > models/dual-0/sub/w && echo c > models/dual-0/config.json"
    stage = {"matrix": {"cell": ["dual-0"]}, "cmd": make, "params": ["train.epochs"], "outs": ["models/dual-0"]}
    (tmp_path / "params.yaml").write_text("train: {epochs: 3}\n")
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"train": stage}}))
    for command in (["init", "--no-scm", "--quiet"], ["repro", "--quiet"]):
        subprocess.run([Path(sys.executable).parent / "dvc", *command], cwd=tmp_path, env=quiet, check=True)
    entry = facts.locked_entry(Workspace(tmp_path), "train", CELL)
    assert facts.locked_params(entry) == {"train.epochs": 3}
    assert len(facts.input_digest(entry)) == 32
    (tmp_path / "models/dual-0/config.json").unlink()
    (tmp_path / "models/dual-0/config.json").write_text("changed")
    assert facts.locked_entry(Workspace(tmp_path), "train", CELL) == {}


def test_a_store_that_cannot_be_written_is_a_warning(
    tmp_path: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mlruns").write_text("a file where the folder should be")
    with open_training_run(Workspace(tmp_path), params, CELL) as run:
        run.log_epoch(1, {"loss": 1.0})
    record_score(Workspace(tmp_path), params, CELL)
    assert capsys.readouterr().err.count("`dualgeo track` can do that later") == 2


def test_simultaneous_first_writers_all_succeed(tmp_path: Path) -> None:
    epochs = "for epoch in range(10): run.log_epoch(epoch, {'loss': 1.0, 'rate': 0.1})"
    code = ELSEWHERE.replace("SEED", "0").replace("BODY", epochs)
    (tmp_path / "models/dual-0").mkdir(parents=True)
    command = [sys.executable, "-c", code, str(tmp_path), str(PARAMS)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert not any("did not record" in line for line in said), said
    recorded = runs(Workspace(tmp_path), TRAINING, CELL)
    assert [run.info.status for run in recorded] == ["FINISHED"] * 4


def test_a_moved_folder_is_recorded_anew(tmp_path: Path, params: Params) -> None:
    write_score(Workspace(tmp_path / "here"), CELL, METRICS)
    assert track(Workspace(tmp_path / "here"), params) == 1
    (tmp_path / "here").rename(tmp_path / "there")
    assert track(Workspace(tmp_path / "there"), params) == 1
    assert track(Workspace(tmp_path / "there"), params) == 0
