"""Ask git about the project folder."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

from dualgeo.errors import DualGeoError


class GitRefused(Exception):
    """Git ended with an error; the message is the last thing it said."""


def git(root: Path, *arguments: str, given: bytes | None = None) -> str:
    """What git prints for `arguments` in `root`. Raises GitRefused, and DualGeoError where there is no git program."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, env=without_hooks(), input=given, capture_output=True)
    except FileNotFoundError:
        raise _no_git() from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitRefused(said[-1] if said else f"`git {arguments[0]}` ended with status {done.returncode}")
    return done.stdout.decode(errors="replace").strip()


def git_lines(root: Path, *arguments: str) -> Generator[str]:
    """The lines that git prints, as they come; a reader that stops early stops git."""
    command = ["git", *arguments]
    try:
        process = subprocess.Popen(
            command, cwd=root, env=without_hooks(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise _no_git() from None
    with process:
        try:
            for line in process.stdout or ():
                yield line.decode(errors="replace").rstrip("\n")
        finally:
            process.kill()


def is_git(root: Path) -> bool:
    """Whether `root` lies in a git repository with at least one commit (and git is here)."""
    try:
        git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except (GitRefused, DualGeoError, OSError):
        return False
    return True


def without_hooks() -> dict[str, str]:
    """This process's environment without what a git hook sets: it would name another repository."""
    hooks = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
    return {name: value for name, value in os.environ.items() if name not in hooks}


class Blobs:
    """Files of commits, read through one git process; use as a context manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Blobs":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def read(self, commit: str, name: str) -> bytes | None:
        """The file `name` of the project folder as `commit` holds it; None if it does not."""
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    ["git", "cat-file", "--batch"],
                    cwd=self._root,
                    env=without_hooks(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except FileNotFoundError:
                raise _no_git() from None
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            return None
        asked.write(f"{commit}:./{name}\n".encode())
        asked.flush()
        header = told.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            return None
        content = told.read(int(header[2]))
        told.read(1)
        return content


def _no_git() -> DualGeoError:
    return DualGeoError("git is not installed or not on PATH; lineage reads the project's history through it.")
