"""Record a training while it goes on and a score when it is made; a record that fails is a warning, never a failure."""

import getpass
import os
import socket
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualgeo.files import read_json
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.tracking import facts
from dualgeo.tracking.store import SCORES, TRAINING, experiment_id, open_store
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

TRAINING_SECTIONS = ("views", "model", "train")
SCORE_SECTIONS = ("index", "retrieve", "refine", "score")
PROCESS = "dualgeo.process"
AT_ONCE = 100
LONGEST_PARAM = 500


class Recorder:
    """One MLflow run and the client that writes it."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self.client, self.run_id = client, run_id

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters, leaving alone those that the run has."""
        from mlflow.entities import Param

        known = self.client.get_run(self.run_id).data.params
        new = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in values.items() if name not in known]
        for start in range(0, len(new), AT_ONCE):
            self.client.log_batch(self.run_id, params=new[start : start + AT_ONCE])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers in as few calls as MLflow allows: single calls wait for each other's locks."""
        from mlflow.entities import Metric

        now = round(time.time() * 1000)
        new = [Metric(name, float(value), now, step) for name, value in values.items()]
        for start in range(0, len(new), 10 * AT_ONCE):
            self.client.log_batch(self.run_id, metrics=new[start : start + 10 * AT_ONCE])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def files(self, *paths: Path) -> None:
        """Copy those of `paths` that exist to the run's artifacts."""
        for path in paths:
            if path.exists():
                self.client.log_artifact(self.run_id, str(path))

    def end(self, status: str) -> None:
        """Close the run as FINISHED, FAILED or KILLED."""
        self.client.set_terminated(self.run_id, status)


class TrainingRun:
    """What the training of one cell tells as it goes; does nothing where the store could not be opened."""

    def __init__(self, cell: Cell, recorder: Recorder | None) -> None:
        self._cell, self._recorder = cell, recorder

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the figures of one epoch, in one call."""
        self.attempt(lambda recorder: recorder.metrics(metrics, step=epoch))

    def attempt(self, write: Callable[[Recorder], None]) -> None:
        """Write something; give up on this run, with a warning, when that fails."""
        if self._recorder is not None:
            try:
                write(self._recorder)
            except Exception as error:
                _warn(f"train@{self._cell.name}", error)
                self._recorder = None


@contextmanager
def open_training_run(workspace: Workspace, params: Params, cell: Cell) -> Generator[TrainingRun]:
    """Record the training of `cell`, which must write models/<cell> before the `with` block ends.

    A block that raises leaves a run marked FAILED (KILLED for Ctrl-C), and the exception goes on.
    """
    run = TrainingRun(cell, _begin_training(workspace, params, cell))
    try:
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        reason = " ".join(str(error).split())[:LONGEST_PARAM] or type(error).__name__
        run.attempt(lambda recorder: recorder.tags({"dualgeo.error": reason}))
        run.attempt(lambda recorder: recorder.end(status))
        raise
    run.attempt(lambda recorder: _finish_training(recorder, workspace, cell))


def record_score(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Record scores/<cell>: one run with every metric, unless a run of these very bytes is there."""
    try:
        client = open_store(workspace)
        key = facts.output_key("score", cell, workspace.scores(cell))
        if find_run(client, SCORES, key) is None:
            recorder = start_run(client, SCORES, workspace, "score", cell)
            recorder.params({"dataset": params.dataset} | facts.sections(params, *SCORE_SECTIONS))
            finish_score(recorder, workspace, cell, key)
    except Exception as error:
        _warn(f"score@{cell.name}", error)


def start_run(
    client: "MlflowClient", experiment: str, workspace: Workspace, stage: str, cell: Cell, live: bool = True
) -> Recorder:
    """Begin a run with the tags that line up cells, and, when `live`, those of who runs it from which code."""
    tags = {"mlflow.runName": cell.name, "variant": cell.variant, "seed": str(cell.seed)}
    tags |= {"dvc.stage": stage, "dvc.cell": cell.name, "mlflow.source.name": f"dualgeo run {stage} {cell.name}"}
    if live:
        tags |= facts.data_tags(workspace.root) | facts.code_tags(workspace.root) | facts.run_context()
        tags |= {"mlflow.user": _user(), PROCESS: _process(os.getpid())}
    run = client.create_run(experiment_id(client, experiment), tags=tags)
    recorder = Recorder(client, run.info.run_id)
    recorder.params({"variant": cell.variant, "seed": cell.seed})
    return recorder


def finish_score(recorder: Recorder, workspace: Workspace, cell: Cell, key: str) -> None:
    """Log what scores/<cell> holds and close the run."""
    path = workspace.scores(cell) / "metrics.json"
    recorder.metrics(facts.score_metrics(read_json(path)))
    recorder.files(path)
    recorder.tags({facts.KEY: key})
    recorder.end("FINISHED")


def find_run(client: "MlflowClient", experiment: str, key: str) -> "Run | None":
    """The run that recorded the result with this identity."""
    where = f"tags.`{facts.KEY}` = '{key}'"
    found = client.search_runs([experiment_id(client, experiment)], where, max_results=1)
    return found[0] if found else None


def _begin_training(workspace: Workspace, params: Params, cell: Cell) -> Recorder | None:
    try:
        client = open_store(workspace)
        _close_dead_runs(client, cell)
        recorder = start_run(client, TRAINING, workspace, "train", cell)
        recorder.params({"dataset": params.dataset} | facts.sections(params, *TRAINING_SECTIONS))
    except Exception as error:
        _warn(f"train@{cell.name}", error)
        return None
    return recorder


def _finish_training(recorder: Recorder, workspace: Workspace, cell: Cell) -> None:
    folder = workspace.model(cell)
    recorder.files(folder / "config.json", folder / "curve.csv")
    recorder.tags({facts.KEY: facts.output_key("train", cell, folder)})
    recorder.end("FINISHED")


def _close_dead_runs(client: "MlflowClient", cell: Cell) -> None:
    """A training that was killed outright could not close its run; without this it would look alive for ever."""
    where = f"attributes.status = 'RUNNING' and tags.`dvc.cell` = '{cell.name}'"
    for run in client.search_runs([experiment_id(client, TRAINING)], where):
        host, _, process = run.data.tags.get(PROCESS, "").rpartition(":")
        if host == socket.gethostname() and not _alive(int(process)):
            client.set_terminated(run.info.run_id, "KILLED")


def _process(number: int) -> str:
    return f"{socket.gethostname()}:{number}"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _warn(what: str, error: Exception) -> None:
    reason = " ".join(str(error).split())[:200]
    say(f"MLflow did not record {what} ({type(error).__name__}: {reason}); `dualgeo track` can do that later.")
