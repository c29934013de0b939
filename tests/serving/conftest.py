"""A trained system in miniature, and a loopback model that says what the test wants."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from dualgeo.workspace import Workspace
from tests.lmm.server import Server, server_running
from tests.registry.made_system import Made, make
from tests.serving.listening import saying


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("serving") / "a workspace")


@pytest.fixture(scope="session")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model keeps what it was sent."""
    return tmp_path_factory.mktemp("heard")


@pytest.fixture(scope="session")
def model(heard: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARD", str(heard))
        with server_running("--answerer", "tests.serving.listening:tell") as server:
            yield server


@pytest.fixture
def server(model: Server, heard: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The model, having heard nothing yet and saying Sydney; the SDK is pointed at it."""
    for path in heard.iterdir():
        path.unlink()
    model.reset()
    saying(heard)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", model.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-test-0123456789")
    return model


@pytest.fixture
def workspace(made: Made, tmp_path: Path) -> Callable[..., Workspace]:
    """A workspace of the test's own with the made system and other `lmm` params."""

    def with_lmm(**lmm: object) -> Workspace:
        for name in ("models", "index", "refined", "scores"):
            (tmp_path / name).symlink_to(made.workspace.root / name)
        document = yaml.safe_load(made.workspace.params.read_text())
        document["lmm"]["sending"] |= {"allowed": True, "timeout_s": 10.0, "attempts": 2}
        document["lmm"] |= {"provider": "anthropic", "verification": "none", "strategy": "rag"} | lmm
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(document))
        return Workspace(tmp_path)

    return with_lmm
