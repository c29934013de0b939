"""The MLflow store below mlruns/: one SQLite database, one folder of artifacts, made once and safe for many writers."""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dualgeo.errors import DualGeoError
from dualgeo.progress import say
from dualgeo.tracking.names import COMPARISONS, EXPERIMENT_TAGS, NOTE, NOTES, SCORES, TRAINING
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

SECONDS_A_WRITER_WAITS = 60.0
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


def tracking_uri(workspace: Workspace) -> str:
    """What MLflow calls the store, for `mlflow ui --backend-store-uri`."""
    return f"sqlite:///{_database(workspace)}?timeout={SECONDS_A_WRITER_WAITS:g}"


def artifacts_of(workspace: Workspace, experiment: str) -> Path:
    """The folder below which the artifacts of an experiment's runs and models lie."""
    return _folder(workspace).resolve() / "artifacts" / experiment.rpartition("/")[2]


def open_store(workspace: Workspace) -> "MlflowClient":
    """A client of the workspace's store; the first caller makes the database while the others wait.

    Raises OSError, sqlite3.Error or an MLflow error when the store cannot be made or stays locked.
    """
    for setting, value in QUIET.items():
        os.environ.setdefault(setting, value)
    from mlflow.tracking import MlflowClient

    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It prints the whole traceback of what it raises anyway, and that is said in one sentence.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # Simultaneous first writers each begin the same migrations, and all but one of them fail.
    with alone(workspace, "store"):
        _wait_until_writable(_database(workspace))
        client = MlflowClient(tracking_uri=tracking_uri(workspace))
        for name in (TRAINING, SCORES, COMPARISONS):
            _experiment(client, workspace, name)
    return client


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The id of one of this project's experiments."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        raise LookupError(f"there is no experiment {name}")
    return str(experiment.experiment_id)


@contextmanager
def alone(workspace: Workspace, what: str) -> Generator[None]:
    """Hold one of the store's locks for work that looks first and writes then. DualGeoError when it stays held."""
    folder = _folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{what}.lock").open("w", encoding="utf-8") as handle:
        deadline = time.monotonic() + SECONDS_A_WRITER_WAITS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DualGeoError(f"another process holds {folder / f'.{what}.lock'}; end it") from None
                time.sleep(0.05)
        yield


@contextmanager
def said_plainly(workspace: Workspace) -> Generator[None]:
    """Turn whatever MLflow, SQLite or the disk raise into one DualGeoError that says what to do."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    from dualgeo.tracking.facts import in_words

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = in_words(error).rstrip(".")
        raise DualGeoError(
            f"The MLflow store in {_folder(workspace)} cannot be used ({reason}); {_advice(reason)}, then repeat the "
            "command (it adds only what is missing)."
        ) from error


def _advice(reason: str) -> str:
    if "locked" in reason:
        return "end the program that holds it"
    return "see whether the disk is full" if "disk" in reason or "large" in reason or "space" in reason else "mend that"


def _wait_until_writable(database: Path) -> None:
    """MLflow itself would try ten times, each with its whole waiting time, before it says that a database is locked."""
    if database.exists():
        with closing(sqlite3.connect(database, timeout=SECONDS_A_WRITER_WAITS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")


def _experiment(client: "MlflowClient", workspace: Workspace, name: str) -> None:
    location = artifacts_of(workspace, name).as_uri()
    found = client.get_experiment_by_name(name)
    if found is not None and found.artifact_location != location:
        # MLflow stores absolute paths: this folder was moved, and its old records point to where it was.
        client.rename_experiment(found.experiment_id, f"{name} of {found.artifact_location}")
        client.delete_experiment(found.experiment_id)
        say("This folder was moved; `dualgeo track` records its results anew.")
        found = None
    if found is None:
        found = client.get_experiment(client.create_experiment(name, artifact_location=location))
    elif found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    for tag, value in (EXPERIMENT_TAGS | {NOTE: NOTES[name]}).items():
        if found.tags.get(tag) != value:
            client.set_experiment_tag(found.experiment_id, tag, value)


def _database(workspace: Workspace) -> Path:
    return _folder(workspace).resolve() / "mlflow.db"


def _folder(workspace: Workspace) -> Path:
    return workspace.root / "mlruns"
