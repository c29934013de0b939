"""One store for the tests that share it: making a database takes seconds."""

import shutil
from pathlib import Path

import pytest

from dualgeo.params import Params
from dualgeo.tracking.store import open_store
from dualgeo.workspace import Workspace
from tests.tracking.made_results import project_params


@pytest.fixture(scope="session")
def params() -> Params:
    return project_params()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty store")
    open_store(Workspace(root))
    return root / "mlruns" / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, empty_store: Path) -> Workspace:
    """A workspace of one test whose database is made already."""
    root = tmp_path / "a workspace"
    (root / "mlruns").mkdir(parents=True)
    shutil.copy(empty_store, root / "mlruns" / "mlflow.db")
    made = Workspace(root)
    open_store(made)
    return made
