"""Bring the MLflow store in line with the results that lie here, e.g. after `dvc pull`, where nothing ran."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualgeo.files import read_json
from dualgeo.lockfile import md5_of, read_lock
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.tracking import facts
from dualgeo.tracking.comparisons import track_comparisons
from dualgeo.tracking.current import current_runs, finished_runs, make_current, make_none_current, of_cell
from dualgeo.tracking.names import DATA_VERSION, EXPERIMENT_OF, INPUTS, REPEATS
from dualgeo.tracking.outputs import (
    record_curve,
    record_data,
    record_figures,
    record_training_files,
    refresh_card,
    refresh_score_note,
)
from dualgeo.tracking.provenance import record_closure
from dualgeo.tracking.recorder import Recorder, close_dead_runs, start_run
from dualgeo.tracking.results import Result, find_results
from dualgeo.tracking.spending import record_calls
from dualgeo.tracking.store import alone, open_store, said_plainly
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


@dataclass(frozen=True)
class Tracked:
    """What `track` found and did."""

    added: int
    """Runs that were made."""
    known: int
    """Results that had one."""
    runs: dict[str, str]
    """Address (`train@dual-0`) -> id of the run that is current."""


def track(workspace: Workspace, params: Params) -> Tracked:
    """Give every result of the workspace its run, mark those runs as current and all others as not.

    A run that was recorded while its stage ran is claimed, not doubled: it gets what dvc.lock knows only afterwards.
    Done twice, the second time changes nothing. Raises DualGeoError when the store cannot be written.
    """
    with said_plainly(workspace):
        client = open_store(workspace)
        with alone(workspace, "results"):
            work = _Pass(client, workspace, params)
            tracked = work.go()
        work.record_calls()
    say(f"MLflow: {tracked.added} runs added, {tracked.known} were there.")
    return tracked


class _Pass:
    """One pass over the results, trainings first: scores name them."""

    def __init__(self, client: "MlflowClient", workspace: Workspace, params: Params) -> None:
        self.client, self.workspace, self.params = client, workspace, params
        close_dead_runs(client)
        self.results = find_results(workspace, params, read_lock(workspace.root))
        self.marked = {stage: current_runs(client, stage) for stage in EXPERIMENT_OF}
        self.settled: dict[str, Run] = {}
        self.added = 0

    def go(self) -> Tracked:
        for result in self.results:
            marked = self.marked[result.stage].pop(result.cell.name, [])
            run = self._run_of(result, marked)
            make_current(self.client, self.workspace, result.stage, result.cell, run, marked)
            self.settled[result.address] = run
        for stage, cells in self.marked.items():
            for cell, gone in cells.items():
                make_none_current(self.client, self.workspace, stage, cell, gone)
        runs = {address: run.info.run_id for address, run in self.settled.items()}
        compared = track_comparisons(self.client, self.workspace, self.params, self.results, runs)
        for result in self.results:
            self._describe(result, self.settled[result.address], compared.get(result.cell.variant, ""))
        return Tracked(self.added, len(self.results) - self.added, runs)

    def record_calls(self) -> None:
        """The calls of a model behind each score; scores of answers that are no longer here keep what they have."""
        for result in self.results:
            folder = self.workspace.refined(result.cell)
            if result.stage != "score" or result.entry is None or not (folder / "lmm.json").exists():
                continue
            if result.entry.deps.get(f"refined/{result.cell.name}") == md5_of(folder):
                run = self.client.get_run(self.settled[result.address].info.run_id)
                record_calls(Recorder(self.client, run.info.run_id), run, self.workspace, result.cell)

    def _run_of(self, result: Result, marked: "list[Run]") -> "Run":
        """The run of a result: the one that is known, else one that can be claimed, else a new one."""
        same = [run for run in marked if _describes(run, result)]
        if len(same) == 1 and len(marked) == 1:
            return same[0]
        where = (of_cell(result.cell), f"tags.`{DATA_VERSION}` = '{result.data_version}'")
        runs = finished_runs(self.client, result.stage, *where)
        known = [run for run in runs if _describes(run, result)]
        claimable = [run for run in runs if _unclaimed(run) and not facts.contradict(run.data.params, result.params)]
        newest = (claimable or [None])[0]
        if newest is not None and result.entry and (not known or newest.info.start_time > known[0].info.start_time):
            return self._claim(result, newest, known[-1] if known else None)
        return known[0] if known else self._add(result)

    def _claim(self, result: Result, run: "Run", first: "Run | None") -> "Run":
        """Add to a run that was recorded live what dvc.lock has stated since; the input digest comes last."""
        recorder = Recorder(self.client, run.info.run_id)
        record_closure(recorder, self.workspace, result.closure)
        recorder.params(result.params)
        self._record_data(recorder, result)
        recorder.tags(({REPEATS: first.info.run_id} if first else {}) | {INPUTS: result.inputs or ""})
        return self.client.get_run(run.info.run_id)

    def _add(self, result: Result) -> "Run":
        """Make the run of a result from its outputs and dvc.lock alone. What neither says is left out."""
        tags = {DATA_VERSION: result.data_version}
        recorder = start_run(self.client, result.stage, result.cell, tags)
        recorder.params(result.params)
        if result.stage == "train":
            recorder.params(facts.flat(read_json(self.workspace.model(result.cell) / "config.json")))
            record_curve(recorder, self.workspace, result.cell)
            record_training_files(recorder, self.workspace, result.cell)
        else:
            record_figures(recorder, self.workspace, result.cell)
        if result.entry:
            record_closure(recorder, self.workspace, result.closure)
            self._record_data(recorder, result)
            recorder.tags({INPUTS: result.entry.input_digest})
        recorder.end("FINISHED")
        self.added += 1
        return self.client.get_run(recorder.run_id)

    def _record_data(self, recorder: Recorder, result: Result) -> None:
        dataset = str(result.params.get("dataset", ""))
        record_data(recorder, self.workspace, result.stage, result.cell, dataset, result.closure)

    def _describe(self, result: Result, run: "Run", compared: str) -> None:
        """Bring the page of a run up to date with the other results that lie here."""
        recorder = Recorder(self.client, run.info.run_id)
        if result.stage == "train":
            scored = any(score.stage == "score" and score.rests_on(result) for score in self.results)
            refresh_card(recorder, run, self.workspace, result.cell, scored)
            return
        trained = next((t for t in self.results if t.stage == "train" and result.rests_on(t)), None)
        training_run = self.settled[trained.address].info.run_id if trained else None
        refresh_score_note(recorder, run, self.workspace, result.cell, training_run, compared)


def _describes(run: "Run", result: Result) -> bool:
    """Whether a run is known to be of these outputs from these inputs."""
    same = run.data.tags.get(DATA_VERSION) == result.data_version
    return same and (result.inputs is None or run.data.tags.get(INPUTS) == result.inputs)


def _unclaimed(run: "Run") -> bool:
    return INPUTS not in run.data.tags
