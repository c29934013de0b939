"""One MLflow run and the client that writes it, in as few calls as MLflow allows."""

import csv
import io
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualgeo.tracking import facts
from dualgeo.tracking.names import CELL, COMPARISONS, CURRENT, EXPERIMENT_OF, PROCESS, STAGE
from dualgeo.tracking.store import experiment_id
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

AT_ONCE = 100


@dataclass(frozen=True)
class Sample:
    """One number at one time."""

    name: str
    value: float
    step: int
    time_ms: int


def at_step(values: Mapping[str, float], step: int) -> list[Sample]:
    """Numbers of one step, now."""
    now = round(time.time() * 1000)
    return [Sample(name, float(value), step, now) for name, value in values.items()]


class Recorder:
    """One MLflow run and the client that writes it."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self.client, self.run_id = client, run_id

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters, leaving alone those that the run has."""
        from mlflow.entities import Param

        known = self.client.get_run(self.run_id).data.params
        new = [Param(name, facts.param_text(value)) for name, value in values.items() if name not in known]
        for start in range(0, len(new), AT_ONCE):
            self.client.log_batch(self.run_id, params=new[start : start + AT_ONCE])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers of one step."""
        self.samples(at_step(values, step))

    def samples(self, samples: Iterable[Sample]) -> None:
        """Log numbers of any steps, a thousand a call: single calls wait for each other's locks."""
        from mlflow.entities import Metric

        new = [Metric(each.name, each.value, each.time_ms, each.step) for each in samples]
        for start in range(0, len(new), 10 * AT_ONCE):
            self.client.log_batch(self.run_id, metrics=new[start : start + 10 * AT_ONCE])

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags, all or none of them."""
        from mlflow.entities import RunTag

        if values:
            self.client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def files(self, *paths: Path, below: str | None = None) -> None:
        """Copy those of `paths` that exist to the run's artifacts."""
        for path in paths:
            if path.exists():
                self.client.log_artifact(self.run_id, str(path), below)

    def table(self, columns: Mapping[str, list[Any]], name: str) -> None:
        """Write columns as a table that MLflow shows; nothing where they are empty."""
        if columns:
            self.client.log_table(self.run_id, dict(columns), name)

    def csv(self, rows: Iterable[Iterable[Any]], name: str) -> None:
        """Write rows, the header first, as a CSV file among the run's artifacts; None is an empty field."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        self.text(buffer.getvalue(), name)

    def text(self, text: str, name: str) -> None:
        """Write a text file among the run's artifacts."""
        self.client.log_text(self.run_id, text, name)

    def end(self, status: str) -> None:
        """Close the run as FINISHED, FAILED or KILLED."""
        self.client.set_terminated(self.run_id, status)


def start_run(client: "MlflowClient", stage: str, cell: Cell, tags: Mapping[str, str]) -> Recorder:
    """Begin a run with the tags that line up cells, and `tags`."""
    always = {"mlflow.runName": cell.name, "variant": cell.variant, "seed": str(cell.seed)}
    always |= {STAGE: stage, CELL: cell.name, CURRENT: "false", PROCESS: facts.process_name()}
    always |= {"mlflow.source.name": f"dualgeo run {stage} {cell.name}", "mlflow.source.type": "JOB"}
    run = client.create_run(experiment_id(client, EXPERIMENT_OF[stage]), tags=always | dict(tags))
    recorder = Recorder(client, run.info.run_id)
    recorder.params({"variant": cell.variant, "seed": cell.seed})
    return recorder


def live_tags(workspace: Workspace) -> dict[str, str]:
    """Tags of a stage that runs now: which code, who, and what started it."""
    return facts.code_tags(workspace.root) | facts.run_context() | {"mlflow.user": facts.user()}


def close_dead_runs(client: "MlflowClient") -> None:
    """Mark as KILLED what was left open by processes that have ended; else it would look alive for ever."""
    for experiment in (*EXPERIMENT_OF.values(), COMPARISONS):
        for run in client.search_runs([experiment_id(client, experiment)], "attributes.status = 'RUNNING'"):
            if facts.process_is_dead(run.data.tags.get(PROCESS, "")):
                client.set_terminated(run.info.run_id, "KILLED")
