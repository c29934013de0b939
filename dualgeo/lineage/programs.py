"""Run dvc and dualgeo as programs of this Python's environment; a Ctrl-C ends all that they started."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lineage.git import without_hooks

SECONDS_TO_STOP = 5.0
QUIET = {
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}
# What tells a stage who started it and where to record: it must not speak for the run that is being reproduced.
CONTEXT = ("DUALGEO_RUN_CONTEXT", "MLFLOW_RUN_CONTEXT", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_STAGE")


class ProgramFailed(Exception):
    """A program that ended with another status than 0; `said` is what it said last."""

    def __init__(self, command: list[str], status: int, said: list[str]) -> None:
        super().__init__(f"`{' '.join(command)}` ended with status {status}")
        self.said = said


def find_program(name: str) -> str:
    """The program beside this Python, else the one on PATH; DualGeoError when there is neither."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise DualGeoError(f"{name} is not installed here; `make install` (or `pip install {name}`) brings it.")
    return found


def ask(root: Path, name: str, *arguments: str) -> str:
    """What a program prints. Raises ProgramFailed, and DualGeoError where it is missing."""
    command = [find_program(name), *arguments]
    done = subprocess.run(command, cwd=root, env=_environment({}), capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise ProgramFailed([name, *arguments], done.returncode, _lines(done.stderr.splitlines()))
    return done.stdout.strip()


def run(
    root: Path, name: str, *arguments: str, log: Callable[[str], object], extra: Mapping[str, str] | None = None
) -> None:
    """Run a program in `root`, handing each line that it prints to `log`; `extra` goes into its environment.

    Raises ProgramFailed on another status than 0, and DualGeoError where it is missing.
    """
    process = subprocess.Popen(
        [find_program(name), *arguments],
        cwd=root,
        env=_environment(extra or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        # A process group of its own: signalling dvc alone would leave the stage that it started running.
        start_new_session=True,
    )
    lines: list[str] = []
    with process:
        try:
            for line in process.stdout or ():
                lines.append(line)
                log(line.rstrip())
            process.wait()
        except BaseException:
            _stop(process)
            raise
    if process.returncode != 0:
        raise ProgramFailed([name, *arguments], process.returncode, _lines(lines))


def _stop(process: subprocess.Popen[str]) -> None:
    """End the whole group: first as Ctrl-C does, so that DVC gives its locks back, then for good."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(SECONDS_TO_STOP)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in without_hooks().items() if name not in CONTEXT}
    # The scripts of the running environment come first: DVC finds `dualgeo` through PATH in turn.
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return kept | QUIET | dict(extra)


def _lines(lines: Iterable[str]) -> list[str]:
    return [line.rstrip() for line in lines if line.strip()][-20:]
