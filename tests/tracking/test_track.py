"""`dualgeo track` makes the records from the outputs and dvc.lock, once, and says which of them are of now."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from dualgeo.lockfile import read_lock
from dualgeo.params import Params
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.results import find_result, still_true
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.tracking.store import SCORES, TRAINING, open_store
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import (
    CELL,
    artifact_text,
    artifacts,
    current,
    pulled,
    runs,
    write_lock,
    write_model,
    write_score,
)

OTHER = Cell("image", 1)


def test_everything_is_known_after_a_pull_alone(workspace: Workspace, params: Params, tmp_path: Path) -> None:
    pulled(workspace, [CELL, OTHER])
    tracked = track(workspace, params)
    assert (tracked.added, tracked.known) == (4, 0)
    [trained], [scored] = runs(workspace, TRAINING), runs(workspace, SCORES)
    entry = read_lock(workspace.root).entries["train@dual-0"]
    assert trained.data.tags["dualgeo.inputs"] == entry.input_digest
    assert trained.data.tags["dualgeo.data_version"] == entry.data_version
    assert trained.data.tags["dualgeo.data"] == entry.deps["data/atlas"]
    assert trained.data.params["train.epochs"] == str(params.train.epochs)
    assert scored.data.params["refine.eps_km"] == "50"
    assert scored.data.params["index.kind"] == "flat"
    assert "git.commit" not in trained.data.tags, "who ran it from which commit is not known"
    client = open_store(workspace)
    assert [(m.step, m.value) for m in client.get_metric_history(trained.info.run_id, "loss")] == [(1, 3.5), (2, 1.25)]
    assert scored.data.metrics["atlas-night/acc_25"] == 61.0
    assert scored.data.tags["dualgeo.training_run"] == trained.info.run_id
    assert current(workspace) == tracked.runs
    assert artifacts(workspace, trained) == {
        "config.json",
        "curve.csv",
        "model-card.md",
        "provenance/dvc.lock",
        "provenance/data.dvc",
    }
    closure = yaml.safe_load(artifact_text(workspace, scored, "provenance/dvc.lock", tmp_path))
    assert list(closure["stages"]) == [f"{s}@dual-0" for s in ("train", "index", "retrieve", "refine", "score")]
    assert closure["stages"]["score@dual-0"] == _raw_lock(workspace)["stages"]["score@dual-0"]


def test_track_twice_changes_nothing(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    first = track(workspace, params)
    before = [run.to_dictionary() for run in (*runs(workspace, TRAINING), *runs(workspace, SCORES))]
    second = track(workspace, params)
    assert (second.added, second.runs) == (0, first.runs)
    assert [run.to_dictionary() for run in (*runs(workspace, TRAINING), *runs(workspace, SCORES))] == before


def test_datasets_are_inputs_with_digests(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    track(workspace, params)
    digest = read_lock(workspace.root).entries["train@dual-0"].deps["data/atlas"]
    [trained], [scored] = runs(workspace, TRAINING), runs(workspace, SCORES)
    [gallery] = trained.inputs.dataset_inputs
    assert (gallery.dataset.name, gallery.dataset.digest) == ("atlas/gallery", digest)
    assert {tag.key: tag.value for tag in gallery.tags} == {"mlflow.data.context": "training", "split": "gallery"}
    [night] = scored.inputs.dataset_inputs
    assert (night.dataset.name, night.dataset.digest) == ("atlas/atlas-night", digest)
    assert json.loads(night.dataset.profile) == {"photos": 330}
    assert {tag.key: tag.value for tag in night.tags} == {"mlflow.data.context": "evaluation", "split": "queries"}


def test_live_runs_are_claimed(workspace: Workspace, params: Params) -> None:
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        write_model(workspace, CELL)
    write_score(workspace, CELL)
    record_score(workspace, params, CELL)
    live = {stage: runs(workspace, stage)[0] for stage in (TRAINING, SCORES)}
    assert "dualgeo.inputs" not in live[TRAINING].data.tags
    write_lock(workspace, [CELL])
    assert track(workspace, params).added == 0
    for stage in (TRAINING, SCORES):
        [claimed] = runs(workspace, stage)
        assert claimed.info.run_id == live[stage].info.run_id
        address = f"{claimed.data.tags['dvc.stage']}@dual-0"
        assert claimed.data.tags["dualgeo.inputs"] == read_lock(workspace.root).entries[address].input_digest
        assert "provenance/dvc.lock" in artifacts(workspace, claimed)


def test_a_live_run_of_other_params_is_not_claimed(workspace: Workspace, params: Params) -> None:
    with open_training_run(workspace, params, CELL):
        write_model(workspace, CELL)
    longer = yaml.safe_load(json.dumps(params.model_dump(mode="json", by_alias=True)["train"])) | {"epochs": 99}
    write_lock(workspace, [CELL], {"train": longer})
    assert track(workspace, params).added == 1
    [new, live] = runs(workspace, TRAINING)
    assert new.data.params["train.epochs"] == "99"
    assert "dualgeo.inputs" not in live.data.tags
    assert current(workspace)["train@dual-0"] == new.info.run_id


def test_a_training_that_repeats_another_says_so_and_is_the_current_one(workspace: Workspace, params: Params) -> None:
    for _ in range(2):
        with open_training_run(workspace, params, CELL):
            write_model(workspace, CELL)
        write_lock(workspace, [CELL])
        assert track(workspace, params).added <= 1
    [second, first] = runs(workspace, TRAINING)
    assert second.data.tags["dualgeo.repeats"] == first.info.run_id
    assert current(workspace)["train@dual-0"] == second.info.run_id
    assert track(workspace, params).runs["train@dual-0"] == second.info.run_id


def test_there_and_back_again_ends_with_the_first_run(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    first = track(workspace, params).runs
    (workspace.root / "dvc.lock").rename(workspace.root / "lock of A")
    write_model(workspace, CELL, b"weights of B")
    write_score(workspace, CELL, within_25=50.0)
    write_lock(workspace, [CELL])
    second = track(workspace, params)
    assert (second.added, set(second.runs.values()) & set(first.values())) == (2, set())
    write_model(workspace, CELL, b"weights of dual-0")
    write_score(workspace, CELL)
    (workspace.root / "lock of A").replace(workspace.root / "dvc.lock")
    third = track(workspace, params)
    assert (third.added, third.runs) == (0, first)
    assert current(workspace) == first
    link = json.loads((workspace.root / ".dualgeo/mlflow/train@dual-0.json").read_text())
    version = read_lock(workspace.root).entries["train@dual-0"].data_version
    assert (link["run_id"], link["data_version"]) == (first["train@dual-0"], version)


def test_cells_that_are_gone_are_not_current(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL, OTHER])
    track(workspace, params)
    shutil.rmtree(workspace.scores(OTHER))
    only_dual = params.model_copy(update={"systems": params.systems.model_copy(update={"variants": ["dual"]})})
    assert set(track(workspace, params).runs) == {"train@dual-0", "score@dual-0", "train@image-1"}
    assert not (workspace.root / ".dualgeo/mlflow/score@image-1.json").exists()
    assert set(track(workspace, only_dual).runs) == {"train@dual-0", "score@dual-0"}
    assert set(current(workspace)) == {"train@dual-0", "score@dual-0"}
    assert len(runs(workspace, SCORES, OTHER)) == 1, "a record is never removed"


def test_outputs_that_dvc_lock_does_not_describe_get_no_provenance(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    write_model(workspace, CELL, b"made by hand")
    track(workspace, params)
    [trained] = runs(workspace, TRAINING)
    assert "dualgeo.inputs" not in trained.data.tags
    assert "train.epochs" not in trained.data.params, "params.yaml of today says nothing about results of yesterday"
    assert trained.data.params["model.width"] == "8"
    assert track(workspace, params).added == 0


def test_provenance_ends_where_dvc_lock_has_moved_on(workspace: Workspace) -> None:
    pulled(workspace, [CELL])
    stages = _raw_lock(workspace)
    stages["stages"]["index@dual-0"]["outs"][0]["md5"] = "0" * 32
    (workspace.root / "dvc.lock").write_text(yaml.safe_dump(stages))
    lock = read_lock(workspace.root)
    assert set(still_true(lock, "score@dual-0").entries) == {f"{s}@dual-0" for s in ("retrieve", "refine", "score")}
    scored = find_result(workspace, lock, "score", CELL)
    trained = find_result(workspace, lock, "train", CELL)
    assert scored and trained and not scored.rests_on(trained)


def test_the_model_card_follows_the_scores(workspace: Workspace, params: Params, tmp_path: Path) -> None:
    with open_training_run(workspace, params, CELL):
        write_model(workspace, CELL)
    [trained] = runs(workspace, TRAINING)
    card = artifact_text(workspace, trained, "model-card.md", tmp_path)
    assert card == trained.data.tags["mlflow.note.content"]
    assert "stand-ins" in card and "Not scored yet" in card and "3.5 after epoch 1" in card
    write_score(workspace, CELL)
    write_lock(workspace, [CELL])
    track(workspace, params)
    [trained] = runs(workspace, TRAINING)
    assert "| atlas-night | 330 | 61.0 (57.5 to 64.5) | 8.2 |" in trained.data.tags["mlflow.note.content"]
    assert artifact_text(workspace, trained, "model-card.md", tmp_path) == trained.data.tags["mlflow.note.content"]
    assert f"train.epochs: `{params.train.epochs}`" in trained.data.tags["mlflow.note.content"]


def test_stray_folders_are_left_alone(workspace: Workspace, params: Params) -> None:
    pulled(workspace, [CELL])
    shutil.copytree(workspace.model(CELL), workspace.root / "models" / "Backup of dual-0")
    assert set(track(workspace, params).runs) == {"train@dual-0", "score@dual-0"}


def test_a_moved_folder_is_recorded_anew(workspace: Workspace, params: Params, tmp_path: Path) -> None:
    pulled(workspace, [CELL])
    assert track(workspace, params).added == 2
    workspace.root.rename(tmp_path / "there")
    there = Workspace(tmp_path / "there")
    assert track(there, params).added == 2
    assert track(there, params).added == 0
    [trained] = runs(there, TRAINING)
    assert "config.json" in artifacts(there, trained)


def test_experiments_explain_their_filters(workspace: Workspace) -> None:
    client = open_store(workspace)
    for name in (TRAINING, SCORES):
        assert "dualgeo.current" in client.get_experiment_by_name(name).tags["mlflow.note.content"]


@pytest.mark.parametrize("stage", ["train", "score"])
def test_a_result_of_which_a_part_is_missing_is_none(workspace: Workspace, params: Params, stage: str) -> None:
    pulled(workspace, [CELL])
    missing = workspace.model(CELL) if stage == "train" else workspace.scores(CELL) / "queries.parquet"
    shutil.rmtree(missing) if missing.is_dir() else missing.unlink()
    assert f"{stage}@dual-0" not in track(workspace, params).runs


def _raw_lock(workspace: Workspace) -> dict[str, dict[str, dict[str, list[dict[str, str]]]]]:
    return yaml.safe_load((workspace.root / "dvc.lock").read_text())
