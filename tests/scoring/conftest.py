"""A desk to score at."""

from pathlib import Path

import pytest

from tests.scoring.made import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
