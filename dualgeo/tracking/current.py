"""Which run of each stage and cell describes what lies in the workspace now."""

from pathlib import Path
from typing import TYPE_CHECKING

from dualgeo.files import read_json, write_json
from dualgeo.tracking.names import CELL, CURRENT, DATA_VERSION, EXPERIMENT_OF
from dualgeo.tracking.store import experiment_id
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

FINISHED = "attributes.status = 'FINISHED'"


def finished_runs(client: "MlflowClient", stage: str, *where: str) -> "list[Run]":
    """Every finished run of a stage for which the conditions hold, newest first."""
    found: list[Run] = []
    token = None
    experiment = experiment_id(client, EXPERIMENT_OF[stage])
    while True:
        page = client.search_runs(
            [experiment],
            " and ".join((FINISHED, *where)),
            max_results=1000,
            page_token=token,
            order_by=["attributes.start_time DESC"],
        )
        found += page
        token = page.token
        if not token:
            return found


def of_cell(cell: Cell) -> str:
    """The condition that a run is one of `cell`."""
    return f"tags.`{CELL}` = '{cell.name}'"


def current_runs(client: "MlflowClient", stage: str) -> "dict[str, list[Run]]":
    """Cell name -> the finished runs that are marked as current; more than one only after a crash."""
    marked: dict[str, list[Run]] = {}
    for run in finished_runs(client, stage, f"tags.`{CURRENT}` = 'true'"):
        marked.setdefault(run.data.tags.get(CELL, ""), []).append(run)
    return marked


def make_current(
    client: "MlflowClient", workspace: Workspace, stage: str, cell: Cell, run: "Run", marked: "list[Run]"
) -> None:
    """Mark `run` alone as current, out of the runs that were `marked`, and say so in .dualgeo/mlflow."""
    for other in marked:
        if other.info.run_id != run.info.run_id:
            client.set_tag(other.info.run_id, CURRENT, "false")
    if run.data.tags.get(CURRENT) != "true":
        client.set_tag(run.info.run_id, CURRENT, "true")
    link = {
        "run_id": run.info.run_id,
        "experiment_id": run.info.experiment_id,
        "data_version": run.data.tags.get(DATA_VERSION, ""),
    }
    path = link_path(workspace, stage, cell.name)
    if not path.exists() or read_json(path) != link:
        write_json(path, link)


def make_none_current(client: "MlflowClient", workspace: Workspace, stage: str, cell: str, marked: "list[Run]") -> None:
    """No result of the cell lies here any more: mark none of its runs."""
    for run in marked:
        client.set_tag(run.info.run_id, CURRENT, "false")
    link_path(workspace, stage, cell).unlink(missing_ok=True)


def link_path(workspace: Workspace, stage: str, cell: str) -> Path:
    """Where Dagster reads which run is current."""
    return workspace.root / ".dualgeo" / "mlflow" / f"{stage}@{cell}.json"
