"""One workspace with two registered systems for all tests that only read it."""

from pathlib import Path

import pytest

from dualgeo.params import load_params
from dualgeo.registry.register import register
from dualgeo.tracking.rebuild import track
from tests.registry.made_system import Made, make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("registry") / "a workspace")


@pytest.fixture(scope="session")
def registered(made: Made) -> Made:
    params = load_params(made.workspace.params)
    register(made.workspace, params, track(made.workspace, params).runs)
    return made


@pytest.fixture(scope="session")
def away(registered: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The champion's files alone, as whoever was handed them has them."""
    from dualgeo.tracking.store import open_store

    client = open_store(registered.workspace)
    version = client.get_model_version_by_alias("dualgeo", "champion")
    source = Path(client.get_model_version_download_uri("dualgeo", version.version).removeprefix("file://"))
    import shutil
    from urllib.parse import unquote

    return Path(shutil.copytree(unquote(str(source)), tmp_path_factory.mktemp("away") / "model"))
