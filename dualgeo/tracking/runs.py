"""Record a training while it goes on and a score when it is made; a record that fails is a warning, never a failure."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dualgeo.lockfile import read_lock
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.tracking import facts
from dualgeo.tracking.current import current_runs, finished_runs, make_current, of_cell
from dualgeo.tracking.machine import MachineSampler
from dualgeo.tracking.names import DATA_VERSION, ERROR, INPUTS
from dualgeo.tracking.outputs import (
    record_data,
    record_figures,
    record_training_files,
    refresh_card,
    refresh_score_note,
)
from dualgeo.tracking.provenance import record_code_changes
from dualgeo.tracking.recorder import Recorder, Sample, at_step, close_dead_runs, live_tags, start_run
from dualgeo.tracking.results import SECTIONS_OF, inputs_now, version_on_disk
from dualgeo.tracking.spending import record_calls
from dualgeo.tracking.store import alone, open_store
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


class TrainingRun:
    """What the training of one cell tells as it goes; does nothing where the store could not be opened."""

    def __init__(self, cell: Cell, recorder: Recorder | None) -> None:
        self._cell, self._recorder = cell, recorder
        self._sampler: MachineSampler | None = None
        self.attempt(self._watch_machine)

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record the figures of one epoch, in one call."""
        self.attempt(lambda recorder: recorder.samples(at_step(metrics, epoch) + self._machine()))

    def attempt(self, write: Callable[[Recorder], None]) -> None:
        """Write something; give up on this run, with a warning, when that fails."""
        if self._recorder is not None:
            try:
                write(self._recorder)
            except Exception as error:
                _warn(f"train@{self._cell.name}", error)
                self._recorder = None

    def stop_sampling(self) -> None:
        """End the look at the machine and write what it saw last."""
        if self._sampler:
            self._sampler.stop()
            self.attempt(lambda recorder: recorder.samples(self._machine()))

    def _watch_machine(self, _: Recorder) -> None:
        self._sampler = MachineSampler()
        self._sampler.start()

    def _machine(self) -> list[Sample]:
        return self._sampler.take() if self._sampler else []


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
        run.stop_sampling()
        reason = facts.in_words(error, facts.LONGEST_PARAM)
        run.attempt(lambda recorder: recorder.tags({ERROR: reason}))
        run.attempt(lambda recorder: recorder.end(status))
        raise
    run.stop_sampling()
    run.attempt(lambda recorder: _finish_training(recorder, workspace, cell))


def record_score(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Record scores/<cell>: one run with every metric, unless one of these very bytes and inputs is there."""
    try:
        client = open_store(workspace)
        with alone(workspace, "results"):
            close_dead_runs(client)
            trained = _training_here(client, workspace, cell)
            stated = {"dataset": params.dataset} | facts.sections(params, *SECTIONS_OF["score"][1:])
            run = _same_score(client, workspace, cell, stated) or _new_score(client, workspace, cell, stated)
            refresh_score_note(Recorder(client, run.info.run_id), run, workspace, cell, trained)
            make_current(client, workspace, "score", cell, run, current_runs(client, "score").get(cell.name, []))
        # Outside the lock: a trace is known by what it is of, and many of them take longer than others should wait.
        record_calls(Recorder(client, run.info.run_id), run, workspace, cell)
    except Exception as error:
        _warn(f"score@{cell.name}", error)


def _begin_training(workspace: Workspace, params: Params, cell: Cell) -> Recorder | None:
    try:
        client = open_store(workspace)
        close_dead_runs(client)
        tags = live_tags(workspace)
        recorder = start_run(client, "train", cell, tags)
        recorder.params({"dataset": params.dataset} | facts.sections(params, *SECTIONS_OF["train"][1:]))
        record_data(recorder, workspace, "train", cell, params.dataset, read_lock(workspace.root))
        record_code_changes(recorder, workspace, tags)
    except Exception as error:
        _warn(f"train@{cell.name}", error)
        return None
    return recorder


def _finish_training(recorder: Recorder, workspace: Workspace, cell: Cell) -> None:
    record_training_files(recorder, workspace, cell)
    refresh_card(recorder, recorder.client.get_run(recorder.run_id), workspace, cell, scored=False)
    recorder.tags({DATA_VERSION: version_on_disk(workspace, "train", cell) or ""})
    with alone(workspace, "results"):
        recorder.end("FINISHED")
        run = recorder.client.get_run(recorder.run_id)
        marked = current_runs(recorder.client, "train").get(cell.name, [])
        make_current(recorder.client, workspace, "train", cell, run, marked)


def _new_score(client: "MlflowClient", workspace: Workspace, cell: Cell, stated: Mapping[str, object]) -> "Run":
    tags = live_tags(workspace)
    recorder = start_run(client, "score", cell, tags)
    recorder.params(stated)
    record_figures(recorder, workspace, cell)
    record_data(recorder, workspace, "score", cell, str(stated["dataset"]), read_lock(workspace.root))
    record_code_changes(recorder, workspace, tags)
    recorder.tags({DATA_VERSION: version_on_disk(workspace, "score", cell) or ""})
    recorder.end("FINISHED")
    return client.get_run(recorder.run_id)


def _same_score(client: "MlflowClient", workspace: Workspace, cell: Cell, stated: Mapping[str, object]) -> "Run | None":
    """The run of a score that was forced to run again: equal bytes from inputs that are, or look, the same."""
    version = version_on_disk(workspace, "score", cell)
    runs = finished_runs(client, "score", of_cell(cell), f"tags.`{DATA_VERSION}` = '{version}'")
    inputs = inputs_now(workspace, read_lock(workspace.root), "score", cell)
    for run in runs:
        known = run.data.tags.get(INPUTS)
        if known == inputs or ((known is None or inputs is None) and not facts.contradict(run.data.params, stated)):
            return run
    return None


def _training_here(client: "MlflowClient", workspace: Workspace, cell: Cell) -> str | None:
    """The run that trained models/<cell> as it lies here: what a score that runs now rests on."""
    version = version_on_disk(workspace, "train", cell)
    return next(
        (
            run.info.run_id
            for run in current_runs(client, "train").get(cell.name, [])
            if run.data.tags.get(DATA_VERSION) == version
        ),
        None,
    )


def _warn(what: str, error: Exception) -> None:
    reason = facts.in_words(error, 200).rstrip(".")
    say(f"MLflow did not record {what} ({type(error).__name__}: {reason}); `dualgeo track` can do that later.")
