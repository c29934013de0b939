"""MLflow records what the stages do while they do it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from dualgeo.params import Params
from dualgeo.tracking.machine import MachineSampler
from dualgeo.tracking.results import outs_of, version_on_disk
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.tracking.store import SCORES, TRAINING, open_store
from dualgeo.workspace import Workspace
from tests.tracking.made_results import (
    CELL,
    PROJECT,
    artifact_text,
    artifacts,
    current,
    runs,
    write_lock,
    write_model,
    write_score,
)


def test_a_training_is_recorded_as_it_goes(
    workspace: Workspace, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUALGEO_RUN_CONTEXT", '{"dagster.run_id": "abc"}')
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        [going] = runs(workspace, TRAINING)
        assert (going.info.status, going.data.metrics["loss"]) == ("RUNNING", 3.5)
        assert current(workspace) == {}
        run.log_epoch(2, {"loss": 1.25})
        write_model(workspace, CELL)
    [done] = runs(workspace, TRAINING)
    assert done.info.status == "FINISHED"
    assert done.data.params["train.epochs"] == str(params.train.epochs)
    expected = {"variant": "dual", "seed": "0", "dvc.stage": "train", "dvc.cell": "dual-0", "dagster.run_id": "abc"}
    assert expected.items() <= done.data.tags.items()
    assert done.data.tags["dualgeo.data_version"] == version_on_disk(workspace, "train", CELL)
    assert current(workspace) == {"train@dual-0": done.info.run_id}
    client = open_store(workspace)
    assert [(m.step, m.value) for m in client.get_metric_history(done.info.run_id, "loss")] == [(1, 3.5), (2, 1.25)]
    assert artifacts(workspace, done) == {"config.json", "curve.csv", "model-card.md"}


def test_the_machine_is_watched_and_the_watch_ends_with_the_training(workspace: Workspace, params: Params) -> None:
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        write_model(workspace, CELL)
    [done] = runs(workspace, TRAINING)
    watched = {name for name in done.data.metrics if name.startswith("system/")}
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= watched
    with pytest.raises(KeyboardInterrupt), open_training_run(workspace, params, CELL):
        raise KeyboardInterrupt
    assert runs(workspace, TRAINING)[0].info.status == "KILLED"
    assert "machine-sampler" not in {thread.name for thread in threading.enumerate()}


def test_samples_are_kept_until_they_are_taken() -> None:
    sampler = MachineSampler(seconds=0.05)
    sampler.start()
    sampler.stop()
    taken = sampler.take()
    assert {sample.step for sample in taken} >= {0}
    assert all(sample.name.startswith("system/") and sample.time_ms > 0 for sample in taken)
    assert sampler.take() == []


def test_a_training_that_fails_is_marked_and_its_error_goes_on(workspace: Workspace, params: Params) -> None:
    with pytest.raises(ValueError, match="diverged"), open_training_run(workspace, params, CELL):
        raise ValueError("the loss diverged")
    [run] = runs(workspace, TRAINING)
    assert (run.info.status, run.data.tags["dualgeo.error"]) == ("FAILED", "the loss diverged")
    assert current(workspace) == {}


def test_scores_line_up_by_query_set_and_name_their_training(workspace: Workspace, params: Params) -> None:
    with open_training_run(workspace, params, CELL):
        write_model(workspace, CELL)
    write_score(workspace, CELL)
    record_score(workspace, params, CELL)
    [trained] = runs(workspace, TRAINING)
    [run] = runs(workspace, SCORES)
    assert run.data.metrics == {
        "atlas-night/acc_25": 61.0,
        "atlas-night/acc_25_low": 57.5,
        "atlas-night/acc_25_high": 64.5,
        "atlas-night/median_km": 8.25,
        "atlas-night/queries": 330,
        "validation/acc_25": 62.0,
        "validation/acc_25_low": 58.5,
        "validation/acc_25_high": 65.5,
        "validation/median_km": 8.25,
        "validation/queries": 330,
    }
    assert run.data.params["refine.eps_km"] == "50"
    assert run.data.params["variant"] == "dual"
    assert run.data.tags["dualgeo.training_run"] == trained.info.run_id
    assert "61.0 (57.5 to 64.5)" in run.data.tags["mlflow.note.content"]


def test_a_score_that_is_forced_to_run_again_is_not_doubled(workspace: Workspace, params: Params) -> None:
    write_model(workspace, CELL)
    write_score(workspace, CELL)
    (workspace.root / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    record_score(workspace, params, CELL)
    record_score(workspace, params, CELL)
    assert len(runs(workspace, SCORES)) == 1, "before DVC wrote dvc.lock"
    write_lock(workspace, [CELL])
    record_score(workspace, params, CELL)
    assert len(runs(workspace, SCORES)) == 1, "and after"
    other = params.model_copy(update={"score": params.score.model_copy(update={"resamples": 99})})
    record_score(workspace, other, CELL)
    assert len(runs(workspace, SCORES)) == 2, "equal bytes of other params are another result"
    write_score(workspace, CELL, within_25=70.0)
    record_score(workspace, params, CELL)
    [newest, *older] = runs(workspace, SCORES)
    assert len(older) == 2
    assert current(workspace) == {"score@dual-0": newest.info.run_id}


def test_the_code_as_it_was_run_can_be_restored(workspace: Workspace, params: Params, tmp_path: Path) -> None:
    root = workspace.root
    (root / ".gitignore").write_text("mlruns\n.dualgeo\nmodels\n")
    (root / "code.py").write_text("answer = 1\n")
    (root / "dvc.lock").write_text("schema: '2.0'\n")
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with open_training_run(workspace, params, CELL):
        write_model(workspace, CELL)
    [clean] = runs(workspace, TRAINING)
    assert clean.data.tags["git.dirty"] == "false", "what DVC rewrites while it runs is no change of the code"
    (root / "code.py").write_text("answer = 2\n")
    with open_training_run(workspace, params, CELL):
        (root / "code.py").write_text("answer = 3\n")
    changed = runs(workspace, TRAINING)[0]
    assert (changed.data.tags["git.dirty"], len(changed.data.tags["git.commit"])) == ("true", 40)
    patch = tmp_path / "p" / "changes.patch"
    patch.parent.mkdir()
    patch.write_text(artifact_text(workspace, changed, "provenance/changes.patch", tmp_path))
    subprocess.run(["git", "checkout", "-q", "code.py"], cwd=root, check=True)
    subprocess.run(["git", "apply", str(patch)], cwd=root, check=True)
    assert (root / "code.py").read_text() == "answer = 2\n"
    (root / "code.py").write_text("x" * 6_000_000)
    with open_training_run(workspace, params, CELL):
        pass
    assert runs(workspace, TRAINING)[0].data.tags["dualgeo.patch"] == "too large"


def test_outputs_are_those_of_the_graph() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    for stage in ("train", "score"):
        listed = [*stages[stage]["outs"], *stages[stage].get("metrics", [])]
        named = {path.replace("${item.variant}-${item.seed}", CELL.name) for path in listed}
        assert named == set(outs_of(stage, CELL))


def test_recording_needs_neither_torch_nor_pandas_before_it_starts() -> None:
    code = "import sys, dualgeo.tracking.rebuild; print({'torch', 'mlflow', 'faiss'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
