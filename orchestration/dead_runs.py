"""Runs whose process was killed: Dagster's launcher does not look after them, and they would seem alive for ever."""

import re
from collections.abc import Iterator

import psutil
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import RunRecord

GOING = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
SAID = (
    "The process of this run is gone: it was killed, or Dagster was. What DVC finished is kept; run it again to go on."
)


def end_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone from this machine; returns their ids."""
    dead = [
        record.dagster_run for record in instance.get_run_records(RunsFilter(statuses=GOING)) if _dead(instance, record)
    ]
    for run in dead:
        instance.report_run_failed(run, SAID)
    return [run.run_id for run in dead]


def _dead(instance: DagsterInstance, record: RunRecord) -> bool:
    process = next(_processes(instance, record.dagster_run.run_id), None)
    if process is None:
        return False
    try:
        # A later process may have got the same number.
        return psutil.Process(process).create_time() > record.create_timestamp.timestamp() + 60
    except psutil.NoSuchProcess:
        return True


def _processes(instance: DagsterInstance, run_id: str) -> Iterator[int]:
    """The process ids that the run's log names, its own first."""
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        for number in re.findall(r"\(pid: (\d+)\)", entry.user_message or (entry.message or "")):
            yield int(number)
