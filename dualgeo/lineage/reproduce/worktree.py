"""A git worktree for one run, below .dualgeo/reproduce: held by one process at a time, and resumable."""

import fcntl
import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.files import write_json, write_text
from dualgeo.lineage.git import GitRefused, git
from dualgeo.progress import say

FOLDER = Path(".dualgeo") / "reproduce"
SHORT_ID = 12
# A hook of the user's (DVC installs one) must not start work of its own in the new worktree.
NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


@dataclass
class Progress:
    """What a call that was cut off has done, kept beside the worktree."""

    run_id: str
    commit: str
    rerun: bool
    prepared: bool = False
    done: list[str] = field(default_factory=list[str])
    """Addresses whose outputs were made anew."""


@dataclass
class Worktree:
    """A checkout of a run's commit."""

    top: Path
    """Where git put it."""
    root: Path
    """The project folder in it: `top`, or below it where the project is a folder of a larger repository."""
    progress: Progress
    _file: Path

    def save(self) -> None:
        """Write the progress down."""
        write_json(self._file, asdict(self.progress))


@contextmanager
def held_alone(project_root: Path, run_id: str) -> Generator[None]:
    """Keep other calls for the same run out; DualGeoError where one is at work."""
    folder = project_root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".gitignore").exists():
        write_text(folder / ".gitignore", "*\n")
    with (folder / f"{run_id[:SHORT_ID]}.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DualGeoError(f"Another call is reproducing run {run_id} right now; wait for it or end it.") from None
        yield


def open_worktree(project_root: Path, run_id: str, commit: str, rerun: bool) -> Worktree:
    """Make the worktree of a run, or take up the one that an earlier call left.

    Raises DualGeoError when something else lies at its path or git cannot make it.
    """
    top = project_root / FOLDER / run_id[:SHORT_ID]
    file = top.with_suffix(".json")
    wanted = Progress(run_id, commit, rerun)
    left = _left_behind(top, file)
    if left is None and top.exists() and not (top.is_dir() and not any(top.iterdir())):
        raise DualGeoError(f"{top} is in the way and was not made by `dualgeo reproduce`; move it away.")
    root = top / git(project_root, "rev-parse", "--show-prefix")
    if left and left.prepared and (left.run_id, left.commit, left.rerun) == (run_id, commit, rerun):
        say(f"Going on in {top}")
        return Worktree(top, root, left, file)
    if left:
        remove_worktree(project_root, top)
    write_json(file, asdict(wanted))
    try:
        git(project_root, *NO_HOOKS, "worktree", "add", "--quiet", "--force", "--detach", str(top), commit)
    except GitRefused as error:
        remove_worktree(project_root, top)
        raise DualGeoError(f"git could not check commit {commit[:12]} out in {top}: {error}") from None
    return Worktree(top, root, wanted, file)


def remove_worktree(project_root: Path, top: Path) -> None:
    """Take the worktree and what git and this module know about it away."""
    try:
        git(project_root, "worktree", "remove", "--force", "--force", str(top))
    except GitRefused:
        shutil.rmtree(top, ignore_errors=True)
        git(project_root, "worktree", "prune")
    top.with_suffix(".json").unlink(missing_ok=True)


def _left_behind(top: Path, file: Path) -> Progress | None:
    """What an earlier call wrote down about a worktree that is still there."""
    if not (top / ".git").is_file():
        return None
    try:
        return Progress(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
