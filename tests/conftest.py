"""What every test may ask for."""

from pathlib import Path

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
