"""A copy of the project in which the whole graph has run once at a small size."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Copy:
    """A working copy and how to run commands in it."""

    root: Path

    def command(self, *words: str) -> list[str]:
        """`dvc` and `dualgeo` of the environment that runs the tests."""
        return [str(Path(sys.executable).with_name(words[0])), *words[1:]]

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # The copy's own code must run, not the checkout that is installed.
        return {**os.environ, "PATH": path, "PYTHONPATH": str(self.root), "DVC_NO_ANALYTICS": "1"}

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words), cwd=self.root, env=self.environment(), capture_output=True, text=True, timeout=900
        )
        if check:
            assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """In a process group of its own, so that it can be killed with all its children."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=self.environment(),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def copy_project(project: Path, root: Path) -> Copy:
    """The files that git tracks or would track, as a repository of their own without data or results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=project, capture_output=True
    )
    if listed.returncode:
        pytest.skip("this copy of the project is no git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (project / name).is_file() and name not in ("data.dvc", "dvc.lock"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, root / name)
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "copy"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return Copy(root)


@pytest.fixture(scope="session")
def small(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The small profile, from drawing the world to the report, through `dvc repro`."""
    copy = copy_project(project, tmp_path_factory.mktemp("small copy"))
    copy.run("dualgeo", "profile", "small")
    copy.run("dualgeo", "atlas")
    copy.run("dvc", "add", "-q", "data")
    copy.run("dvc", "repro", "-q")
    return copy
