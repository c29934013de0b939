"""A store that cannot be written costs a warning, never a training; nothing is lost or doubled afterwards."""

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.params import Params
from dualgeo.tracking import store
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.tracking.store import TRAINING, open_store
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import CELL, PARAMS, current, pulled, runs, write_lock, write_model, write_score

LATER = "`dualgeo track` can do that later"
# What another process does: argv[1] is the workspace, argv[2] params.yaml.
ELSEWHERE = """
import os, resource, sys
from pathlib import Path
from dualgeo.params import load_params
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import write_model
workspace, params, cell = Workspace(Path(sys.argv[1])), load_params(Path(sys.argv[2])), Cell("dual", 0)
def fill_the_disk():
    full = (workspace.root / "mlruns" / "mlflow.db").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
def free_the_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def elsewhere(workspace: Workspace, body: str) -> list[str]:
    """The command that runs `body` in another process."""
    return [sys.executable, "-c", ELSEWHERE + textwrap.dedent(body), str(workspace.root), str(PARAMS)]


@contextmanager
def locked(workspace: Workspace) -> Generator[None]:
    with closing(sqlite3.connect(workspace.root / "mlruns" / "mlflow.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def change_database(workspace: Workspace, statement: str) -> None:
    with closing(sqlite3.connect(workspace.root / "mlruns" / "mlflow.db")) as connection:
        connection.execute(statement)


def test_a_file_in_place_of_the_store_is_a_warning(
    tmp_path: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "mlruns").write_text("a file where the folder should be")
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 1.0})
        write_model(workspace, CELL)
    write_score(workspace, CELL)
    record_score(workspace, params, CELL)
    assert capsys.readouterr().err.count(LATER) == 2
    with pytest.raises(DualGeoError, match=r"mlruns cannot be used .*repeat the command"):
        track(workspace, params)


def test_a_locked_database_is_a_warning_and_is_caught_up_with(
    workspace: Workspace, params: Params, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SECONDS_A_WRITER_WAITS", 0.2)
    with locked(workspace):
        with open_training_run(workspace, params, CELL) as run:
            run.log_epoch(1, {"loss": 1.0})
            write_model(workspace, CELL)
        write_score(workspace, CELL)
        record_score(workspace, params, CELL)
        said = capsys.readouterr().err
        assert said.count(LATER) == 2 and "database is locked" in said
        with pytest.raises(DualGeoError, match="end the program that holds it"):
            track(workspace, params)
    write_lock(workspace, [CELL])
    assert track(workspace, params).added == 2
    assert track(workspace, params).added == 0


def test_a_store_that_fails_midway_ends_the_record_and_not_the_training(
    workspace: Workspace, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        change_database(
            workspace, "CREATE TRIGGER broken BEFORE INSERT ON metrics BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        run.log_epoch(2, {"loss": 2.0})
        change_database(workspace, "DROP TRIGGER broken")
        run.log_epoch(3, {"loss": 1.0})
        write_model(workspace, CELL)
    assert capsys.readouterr().err.count(LATER) == 1
    [half] = runs(workspace, TRAINING)
    assert half.info.status == "RUNNING" and current(workspace) == {}
    write_lock(workspace, [CELL])
    assert track(workspace, params).added == 1
    [whole] = [run for run in runs(workspace, TRAINING) if run.info.status == "FINISHED"]
    assert current(workspace) == {"train@dual-0": whole.info.run_id}


def test_a_full_disk_is_a_warning_and_what_it_left_is_no_result(workspace: Workspace, params: Params) -> None:
    body = """
    with open_training_run(workspace, params, cell) as run:
        run.log_epoch(1, {"loss": 3.5})
        fill_the_disk()
        for epoch in range(2, 400):
            run.log_epoch(epoch, {f"figure {n}": 1.0 for n in range(30)})
        free_the_disk()
        write_model(workspace, cell)
    """
    done = subprocess.run(elsewhere(workspace, body), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(LATER) == 1
    assert current(workspace) == {}
    write_lock(workspace, [CELL])
    assert track(workspace, params).added == 1
    assert sorted(run.info.status for run in runs(workspace, TRAINING)) == ["FINISHED", "KILLED"]
    assert track(workspace, params).added == 0


def test_a_full_disk_stops_track_with_a_sentence_and_it_can_be_repeated(workspace: Workspace, params: Params) -> None:
    cells = [Cell(variant, seed) for variant in params.systems.variants for seed in params.systems.seeds]
    pulled(workspace, cells)
    (workspace.root / "params.yaml").write_text(PARAMS.read_text())
    body = """
    from dualgeo.cli import main
    fill_the_disk()
    sys.argv = ["dualgeo", "track", "--no-models", "--root", sys.argv[1]]
    main()
    """
    done = subprocess.run(elsewhere(workspace, body), capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("dualgeo:")]
    assert "mlruns cannot be used" in sentence and "Traceback" not in done.stderr
    assert len(current(workspace)) < 2 * len(cells)
    track(workspace, params)
    assert len(current(workspace)) == 2 * len(cells)
    finished = [run for cell in cells for run in runs(workspace, TRAINING, cell) if run.info.status == "FINISHED"]
    assert len(finished) == len(cells)


def test_a_training_that_was_killed_does_not_look_alive(workspace: Workspace, params: Params) -> None:
    body = "with open_training_run(workspace, params, cell) as run:\n    os._exit(9)"
    assert subprocess.run(elsewhere(workspace, body), check=False).returncode == 9
    assert [run.info.status for run in runs(workspace, TRAINING)] == ["RUNNING"]
    with open_training_run(workspace, params, CELL):
        write_model(workspace, CELL)
    assert sorted(run.info.status for run in runs(workspace, TRAINING)) == ["FINISHED", "KILLED"]


def test_a_training_that_goes_on_is_left_alone(workspace: Workspace, params: Params) -> None:
    with open_training_run(workspace, params, CELL) as run:
        run.log_epoch(1, {"loss": 3.5})
        assert track(workspace, params).added == 0
        assert [going.info.status for going in runs(workspace, TRAINING)] == ["RUNNING"]
        write_model(workspace, CELL)


def test_simultaneous_first_writers_lose_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    write_model(workspace, CELL)
    # Forked after the imports, so that they all begin at once.
    body = """
    import mlflow.store.tracking.sqlalchemy_store
    def work():
        with open_training_run(workspace, params, cell) as run:
            for epoch in range(50):
                run.log_epoch(epoch, {"loss": 1.0, "rate": 0.1})
    for _ in range(6):
        if os.fork() == 0:
            work()
            os._exit(0)
    sys.exit(max(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(6)))
    """
    done = subprocess.run(elsewhere(workspace, body), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "did not record" not in done.stderr, done.stderr
    recorded = runs(workspace, TRAINING)
    assert [run.info.status for run in recorded] == ["FINISHED"] * 6
    client = open_store(workspace)
    for run in recorded:
        assert [metric.step for metric in client.get_metric_history(run.info.run_id, "loss")] == list(range(50))
    assert len(current(workspace)) == 1
