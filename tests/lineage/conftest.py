"""One project with a history, made once; tests that change something work on a copy of it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lineage.toy import Project, make_project, record

DAGSTER_RUN = "0b3ad0a4-6b58-4a5c-9e1d-52a7a4e6a0f1"


@dataclass(frozen=True)
class History:
    """A project whose first results are eleven commits old, and what was recorded then."""

    project: Project
    code_commit: str
    """The commit whose code made the first results."""
    pin_commit: str
    """The commit that pinned them."""
    first_score: str
    """MLflow run id of the first score@dual-0."""
    first_training: str
    first_version: str
    """Data version of the first score@dual-0."""


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Results, then ten commits that change params and code, with the pipeline run again at the last; read only."""
    project = make_project(tmp_path_factory.mktemp("a project") / "root")
    code_commit = project.call("git", "rev-parse", "HEAD").strip()
    project.call("dvc", "repro", "--quiet")
    first_training = record(project, "train@dual-0", code_commit)
    first_score = record(project, "score@dual-0", code_commit, **{"dagster.run_id": DAGSTER_RUN})
    first_version = project.entry("score@dual-0").data_version
    pin_commit = project.commit("Pin the first results")
    for number in range(1, 11):
        project.replace("params.yaml", f"score: {{seed: {number - 1}}}", f"score: {{seed: {number}}}")
        project.write("code/formula.py", f"def figure(text):\n    return sum(map(ord, text)) % 991 / {number + 7}\n")
        if number == 10:
            project.call("dvc", "repro", "--quiet")
        last = project.commit(f"Change {number}")
    for address in ("train@image-0", "train@dual-0", "score@image-0", "score@dual-0"):
        record(project, address, last)
    return History(project, code_commit, pin_commit, first_score, first_training, first_version)


@pytest.fixture
def copied(history: History, tmp_path: Path) -> Project:
    """The project to change at will; its MLflow runs name the files of the original."""
    shutil.copytree(history.project.root, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy")
