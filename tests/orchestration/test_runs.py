"""Runs through Dagster do what `dvc repro` does, and leave the same state behind."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.orchestration.conftest import CELLS, Project
from tests.orchestration.server import wait_until


def test_materializing_everything_leaves_dvc_nothing_to_do(toy: Project) -> None:
    said = toy.materialize("*")
    assert "RUN_SUCCESS" in said
    assert set(json.loads((toy.root / "reports" / "summary.json").read_text())) == set(CELLS)
    assert "Data and pipelines are up to date" in toy.call("dvc", "status")
    assert '"dvc.cell": "dual-1"' in said, "the stage is told which run it belongs to"
    again = toy.materialize("*")
    assert "train@dual-1 is up to date" in again
    assert "Running stage" not in again


def test_one_cell_and_what_follows_from_it(toy: Project) -> None:
    """String selections need an antlr4 that Dagster can use: this fails with the one that Hydra 1.3 brings."""
    toy.call("dvc", "repro", "--quiet")
    toy.edit("train", learning_rate=0.5)
    said = toy.materialize('key:"train/dual-0"+')
    assert "train@dual-0 is out of date: train in params.yaml" in said
    assert "Running stage 'train@dual-0'" in said
    assert "train@image-0" not in said
    assert "report" in said


def test_groups_and_upstream_selections(toy: Project) -> None:
    said = toy.materialize("group:first")
    assert "Running stage 'validate'" in said and "train@" not in said
    said = toy.materialize('+key:"train/dual-1"')
    assert "Running stage 'train@dual-1'" in said and "train@dual-0" not in said


def test_dg_launches_the_same(toy: Project) -> None:
    config = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "orchestration"\n'
    toy.write("pyproject.toml", config + 'code_location_target_module = "definitions"\n')
    said = toy.call("dg", "launch", "--assets", 'validate,key:"train/image-1"')
    assert "Running stage 'train@image-1'" in said and "RUN_SUCCESS" in said


def test_a_failing_cell_is_named_and_the_others_go_on_to_their_end(toy: Project) -> None:
    toy.edit("train", neighbours=99)
    said = toy.materialize("*", fails=True)
    assert "the loss of image-0 became nan" in said
    assert "Failed: train@image-0. The other results are kept." in said
    assert "score@image-0 was not run: what it needs has failed" in said
    others = ["dual-0", "dual-1", "image-1"]
    assert sorted(path.parent.name for path in toy.root.glob("models/*/config.json")) == others
    assert sorted(path.parent.name for path in toy.root.glob("scores/*/metrics.json")) == others
    assert not (toy.root / "reports" / "summary.json").exists()
    toy.edit("train", neighbours=4)
    assert "RUN_SUCCESS" in toy.materialize("*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelling_stops_the_stage_and_leaves_dvc_usable(toy: Project, number: signal.Signals) -> None:
    toy.call("dvc", "repro", "--quiet", "validate")
    toy.edit("train", epochs=600)
    command = ["dagster", "asset", "materialize", "--select", 'key:"train/dual-0"', "-f", "definitions.py"]
    with toy.start(*command) as process:
        child = started(toy.root)
        os.kill(process.pid, number)
        said, _ = process.communicate(timeout=30)
    assert process.returncode != 0, said
    assert not alive(child), said
    toy.edit("train", epochs=12)
    assert "Running stage 'train@dual-0'" in toy.materialize('key:"train/dual-0"')


def test_raw_data_are_fetched_and_pinned(toy: Project) -> None:
    pinned = (toy.root / "data.dvc").read_text()
    (toy.root / "data" / "atlas" / "numbers.txt").unlink()
    toy.materialize("key:data")
    assert (toy.root / "data" / "atlas" / "numbers.txt").read_text() == "1 2 3"
    assert (toy.root / "data.dvc").read_text() == pinned
    toy.write("work.py", (toy.root / "work.py").read_text().replace("1 2 3", "1 2 3 4"))
    assert "commit it if that was meant" in toy.materialize("key:data")
    assert "watch: inbox" in (toy.root / "data.dvc").read_text()


def test_raw_data_that_nothing_fetches_are_pulled_if_they_are_not_there(toy: Project, tmp_path: Path) -> None:
    toy.call("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / ".site" / "store"))
    toy.call("dvc", "push", "-q")
    toy.write("data.dvc", (toy.root / "data.dvc").read_text().replace("command: python work.py data", "command: ''"))
    toy.call("rm", "-rf", "data", ".dvc/cache")
    assert "RUN_SUCCESS" in toy.materialize("key:data")
    assert (toy.root / "data" / "atlas" / "numbers.txt").read_text() == "1 2 3"


def test_cells_can_run_in_processes_of_their_own(toy: Project) -> None:
    toy.write("config.yaml", "execution: {config: {multiprocess: {max_concurrent: 3}}}")
    said = toy.materialize('+key:"train/dual-0" or +key:"train/image-0"', "--config", "config.yaml")
    assert "Executing steps using multiprocess executor" in said
    assert "Data and pipelines are up to date" in toy.call("dvc", "status", "train@dual-0", "train@image-0")


def test_a_dvc_lock_file_of_a_dead_process_is_no_obstacle(toy: Project) -> None:
    tmp = toy.root / ".dvc" / "tmp"
    tmp.mkdir(exist_ok=True)
    (tmp / "lock").write_text("999999999\n")
    blocked = {str(toy.root / "reports" / "validation"): {"pid": 999999999, "cmd": "dvc repro"}}
    (tmp / "rwlock").write_text(json.dumps({"read": {}, "write": blocked}))
    assert "RUN_SUCCESS" in toy.materialize("key:validate")


def test_a_torn_lock_file_of_dvc_is_named(toy: Project) -> None:
    (toy.root / ".dvc" / "tmp").mkdir(exist_ok=True)
    (toy.root / ".dvc" / "tmp" / "rwlock").write_text('{"read": ')
    said = toy.materialize("key:validate", fails=True)
    assert "rwlock" in said and "Failed: validate" in said


def test_a_run_waits_for_another_process_that_makes_the_same(toy: Project) -> None:
    toy.call("dvc", "repro", "--quiet", "validate")
    toy.edit("train", epochs=300)
    with toy.start("dvc", "repro", "train@dual-0") as shell:
        started(toy.root)
        said = toy.materialize('key:"train/dual-0"')
        shell.communicate(timeout=60)
    assert shell.returncode == 0
    assert "another process is at work on it" in said
    assert "Running stage" not in said and "RUN_SUCCESS" in said, "what the other made is not made again"


def started(root: Path) -> int:
    """The process id that a stage wrote once it had started."""
    path = root / "started"
    return wait_until(lambda: int(path.read_text() or 0) if path.exists() else None, 60, "the stage's start")


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
