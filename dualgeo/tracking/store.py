"""The MLflow store below mlruns/: one SQLite database, one folder of artifacts, made once and safe for many writers."""

import fcntl
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dualgeo.progress import say
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

TRAINING = "dualgeo/training"
SCORES = "dualgeo/scores"
SECONDS_A_WRITER_WAITS = 60


def tracking_uri(workspace: Workspace) -> str:
    """What MLflow calls the store, for `mlflow ui --backend-store-uri`."""
    return f"sqlite:///{_folder(workspace).resolve() / 'mlflow.db'}?timeout={SECONDS_A_WRITER_WAITS}"


def open_store(workspace: Workspace) -> "MlflowClient":
    """A client of the workspace's store; the first caller makes the database while the others wait."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.tracking import MlflowClient

    for chatty in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Simultaneous first writers each begin the same migrations, and all but one of them fail.
    with _alone(_folder(workspace)):
        client = MlflowClient(tracking_uri=tracking_uri(workspace))
        for name in (TRAINING, SCORES):
            _experiment(client, workspace, name)
    return client


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The id of one of this project's two experiments."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        raise LookupError(f"there is no experiment {name}")
    return str(experiment.experiment_id)


def _experiment(client: "MlflowClient", workspace: Workspace, name: str) -> None:
    location = (_folder(workspace).resolve() / "artifacts" / name.rpartition("/")[2]).as_uri()
    found = client.get_experiment_by_name(name)
    if found is not None and found.artifact_location != location:
        # MLflow stores absolute paths: this folder was moved, and its old records point to where it was.
        client.rename_experiment(found.experiment_id, f"{name} of {found.artifact_location}")
        client.delete_experiment(found.experiment_id)
        say("This folder was moved; `dualgeo track` records its results anew.")
        found = None
    if found is None:
        client.create_experiment(name, artifact_location=location)
    elif found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "mlruns"


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
