"""What every test may ask for, and which tests stay together."""

from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout under test."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real photos and tables that lie beside the checkout; tests that need them skip where they are absent."""
    folder = PROJECT.parent / "shared"
    if not (folder / "photos" / "photos.csv").exists():
        pytest.skip("the real photos of ../shared are not on this machine")
    return folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker takes a whole file, or the whole of tests/pipeline, so that what these set up is set up once."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "tests/pipeline" if file.startswith("tests/pipeline/") else file

    return ByFile(config, log)
