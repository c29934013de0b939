"""Jobs and schedules: what one runs often, under a name."""

from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

from orchestration.graph import Node
from orchestration.run import CommandFailed, run_tool

RESCORED = ("refine", "score", "report")
TARGETS = {
    "demo": ("report", "Bring the report up to date, from the data on."),
    "study": ("study", "Bring the robustness study and the ablation table up to date, from the data on."),
}
EVERY_NIGHT = "0 3 * * *"
RECORD = "record"


def everything_job() -> AssetJob:
    """The job `everything`: all that is out of date."""
    return dg.define_asset_job("everything", dg.AssetSelection.all(), description="Bring everything up to date.")


def target_jobs(nodes: list[Node]) -> list[AssetJob]:
    """The jobs `demo` and `study`: one stage and all it rests on; only those whose stage the graph has."""
    keys = {node.stage: dg.AssetKey(node.key) for node in nodes}
    return [
        dg.define_asset_job(name, dg.AssetSelection.assets(keys[stage]).upstream(), description=description)
        for name, (stage, description) in TARGETS.items()
        if stage in keys
    ]


def new_photos_job() -> AssetJob:
    """The job `new_photos`: fetch the data again and bring up to date what follows from them."""
    return dg.define_asset_job(
        "new_photos", dg.AssetSelection.all(), description="Take in the data again, then all that follows from them."
    )


def rescore_job(nodes: list[Node]) -> AssetJob | None:
    """The job `rescore`: refine, score and report; None where the graph has no such stage."""
    keys = [dg.AssetKey(node.key) for node in nodes if node.stage in RESCORED]
    if not keys:
        return None
    selection = dg.AssetSelection.assets(*keys)
    return dg.define_asset_job("rescore", selection, description="Refine and score the same candidates once more.")


def nightly_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """The schedule `nightly_benchmark`, at 3 in the morning; off until it is switched on."""
    return dg.ScheduleDefinition(
        name="nightly_benchmark",
        job=job,
        cron_schedule=EVERY_NIGHT,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Brings everything up to date at night, so that the numbers of the day's changes are there.",
    )


def record_job(root: Path) -> dg.JobDefinition:
    """The job `record`: bring MLflow in line with the results that lie in the workspace."""

    # Another writer may hold MLflow's database for longer than it waits.
    @dg.op(name="track", description="dualgeo track", retry_policy=dg.RetryPolicy(max_retries=3, delay=30))
    def track(context: dg.OpExecutionContext) -> None:
        try:
            run_tool(root, "dualgeo", ["track"], {"dagster.run_id": context.run_id}, context.log.info)
        except CommandFailed as failure:
            said = failure.last_lines[-1] if failure.last_lines else "it said nothing"
            raise dg.Failure(f"{failure}: {said}") from None

    @dg.job(name=RECORD, description="Bring MLflow in line with the results that lie here.")
    def record() -> None:
        track()

    return record
