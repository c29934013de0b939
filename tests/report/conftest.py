"""Finished runs that the report tests share; each is written once a session."""

from pathlib import Path

import pytest
from report_workspace import SMALL, Recipe, Report, write_pages, write_run

from dualgeo.params import load_params
from dualgeo.report.write import write_reports
from dualgeo.workspace import Workspace


def make(root: Path, project: Path, recipe: Recipe) -> Workspace:
    """Write a run and its report, without the figures."""
    workspace = write_run(root, project, recipe)
    write_pages(workspace)
    return workspace


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Workspace:
    """Three variants with three seeds on four query sets, reported with figures; read only."""
    workspace = write_run(tmp_path_factory.mktemp("full"), project, Recipe())
    write_reports(workspace, load_params(workspace.params))
    return workspace


@pytest.fixture
def small(tmp_path: Path, project: Path) -> Workspace:
    """A little run of the test's own, reported."""
    return make(tmp_path, project, SMALL)


@pytest.fixture
def report(tmp_path: Path, project: Path) -> Report:
    """Write a run by a recipe and report it."""
    return lambda recipe: make(tmp_path, project, recipe)
