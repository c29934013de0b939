"""Put assets, checks, jobs, sensors and the executor together for one project folder."""

from pathlib import Path

import dagster as dg

from orchestration.assets import PROJECT, pipeline_assets, project_resource
from orchestration.jobs import everything_job, new_photos_job, nightly_schedule, record_job, rescore_job, target_jobs
from orchestration.state import Project
from orchestration.watch import new_photos_sensor, workspace_sensor


def _as_given(config: dict[str, object]) -> dict[str, object]:
    return config


# Starting a process for each step costs more than the steps of a run in which little has changed.
in_process_by_default = dg.multi_or_in_process_executor.configured(
    _as_given,
    name="in_process_by_default",
    config_schema=dg.Field(
        dg.Selector({"in_process": dg.Permissive(), "multiprocess": dg.Permissive()}),
        default_value={"in_process": {}},
    ),
)


def build_definitions(root: Path) -> dg.Definitions:
    """The Dagster definitions of the project in `root`; DualGeoError says what is wrong with its dvc.yaml."""
    project = Project(root)
    nodes = project.nodes()
    everything, record, rescore = everything_job(), record_job(root), rescore_job(nodes)
    watched = [(node, new_photos_job()) for node in nodes if node.is_raw and node.watch]
    return dg.Definitions(
        assets=pipeline_assets(nodes),
        jobs=[*target_jobs(nodes), everything, record, *([rescore] if rescore else []), *(job for _, job in watched)],
        schedules=[nightly_schedule(everything)],
        sensors=[
            workspace_sensor(project, nodes, record),
            *(new_photos_sensor(root, node, job) for node, job in watched),
        ],
        resources={PROJECT: project_resource(project)},
        executor=in_process_by_default,
    )
