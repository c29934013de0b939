"""Runs through Dagster do what `dvc repro` does, and leave the same state behind."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.orchestration.conftest import PARAMS, Project


def test_materializing_everything_leaves_dvc_nothing_to_do(toy: Project) -> None:
    said = toy.materialize("*")
    assert "RUN_SUCCESS" in said
    assert json.loads((toy.root / "summary.json").read_text()) == {"cells": 4}
    assert "Data and pipelines are up to date" in toy.call("dvc", "status")
    assert '"dvc.cell": "dual-1"' in said, "the stage is told which run it belongs to"
    again = toy.materialize("*")
    assert "train@dual-1 is up to date" in again
    assert "Running stage" not in again


def test_one_cell_and_what_follows_from_it(toy: Project) -> None:
    """String selections need an antlr4 that Dagster can use: this fails with the one that Hydra 1.3 brings."""
    toy.call("dvc", "repro", "--quiet")
    toy.write("params.yaml", PARAMS.replace("epochs: 2", "epochs: 3"))
    said = toy.materialize('key:"train/dual-0"+')
    assert "Running stage 'train@dual-0'" in said
    assert "train@image-0" not in said
    assert "report" in said


def test_a_failing_cell_is_named_and_the_others_keep_their_results(toy: Project) -> None:
    toy.write("params.yaml", PARAMS.replace("fail: none", "fail: image-0"))
    said = toy.materialize("*", fails=True)
    assert "the loss of image-0 became nan" in said
    assert "Failed: train@image-0. The other results are kept." in said
    assert sorted(path.name for path in (toy.root / "models").iterdir()) == ["dual-0", "dual-1", "image-1"]
    toy.write("params.yaml", PARAMS)
    assert "RUN_SUCCESS" in toy.materialize("*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelling_stops_the_stage_and_leaves_dvc_usable(toy: Project, number: signal.Signals) -> None:
    toy.call("dvc", "repro", "--quiet", "prepare")
    toy.write("params.yaml", PARAMS.replace("slow: false", "slow: true"))
    command = ["dagster", "asset", "materialize", "--select", 'key:"train/dual-0"', "-f", "definitions.py"]
    with toy.start(*command) as process:
        child = wait_for(toy.root / "started")
        os.kill(process.pid, number)
        said, _ = process.communicate(timeout=30)
    assert process.returncode != 0, said
    assert not alive(child), said
    toy.write("params.yaml", PARAMS)
    assert "Running stage 'train@dual-0'" in toy.materialize('key:"train/dual-0"')


def test_raw_data_are_fetched_and_pinned(toy: Project) -> None:
    pinned = (toy.root / "data.dvc").read_text()
    (toy.root / "data" / "numbers.txt").unlink()
    toy.materialize("key:data")
    assert (toy.root / "data" / "numbers.txt").read_text() == "1 2 3"
    assert (toy.root / "data.dvc").read_text().split("meta")[0] == pinned.split("meta")[0]
    toy.write("work.py", (toy.root / "work.py").read_text().replace("1 2 3", "1 2 3 4"))
    assert "commit it if that was meant" in toy.materialize("key:data")


def wait_for(path: Path) -> int:
    """The process id that a stage wrote once it had started."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} never appeared")


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_steps_can_run_in_processes_of_their_own(toy: Project) -> None:
    toy.write("config.yaml", "execution: {config: {multiprocess: {max_concurrent: 2}}}")
    said = toy.materialize("*", "--config", "config.yaml")
    assert "Executing steps using multiprocess executor" in said
    assert "Data and pipelines are up to date" in toy.call("dvc", "status")
