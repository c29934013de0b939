"""Run dvc and dualgeo as processes of their own: their lines stream to the log, and a cancel ends all they started."""

import collections
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

SECONDS_TO_STOP = 4.0
SECONDS_BETWEEN_LOOKS = 0.1
LINES_KEPT = 20
QUIET = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}


class CommandFailed(Exception):
    """A command that ended with another status than 0; `last_lines` is what it said at the end."""

    def __init__(self, command: list[str], status: int, last_lines: list[str]) -> None:
        super().__init__(f"`{' '.join(command)}` ended with status {status}")
        self.last_lines = last_lines


def run_tool(
    root: Path,
    tool: str,
    arguments: list[str],
    context: Mapping[str, str],
    log: Callable[[str], object],
    seconds: float = math.inf,
) -> None:
    """Run `tool` of this Python's environment in `root`, handing each line that it prints to `log`.

    `context` reaches the stage as JSON in DUALGEO_RUN_CONTEXT, so that what it records can name this run. Whatever ends
    this call early (a cancelled Dagster run raises here) stops the tool and everything it started; if this process is
    killed outright, the tool goes on to its end, and DVC keeps what it made.
    Raises CommandFailed on another status than 0, TimeoutError, having stopped it, after `seconds`.
    """
    # The scripts of the running environment, whatever PATH says; DVC finds `dualgeo` through PATH in turn.
    scripts = Path(sys.executable).parent
    environment = os.environ | QUIET | {"DUALGEO_RUN_CONTEXT": json.dumps(dict(context), sort_keys=True)}
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', os.defpath)}"
    last: collections.deque[str] = collections.deque(maxlen=LINES_KEPT)
    with _log_file(root, tool) as (written, read):
        process = subprocess.Popen(
            [str(scripts / tool), *arguments],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            # Its own process group: signalling dvc alone would leave the stage that it started running.
            start_new_session=True,
        )
        try:
            for line in _lines(process, read, seconds):
                last.append(line)
                log(line)
        except BaseException:
            stop(process)
            raise
    if process.returncode != 0:
        raise CommandFailed([tool, *arguments], process.returncode, list(last))


@contextmanager
def _log_file(root: Path, tool: str) -> Generator[tuple[IO[bytes], TextIO]]:
    """A file to write to and to read from. Not a pipe: if this process is killed, a training must not die of one."""
    folder = root / ".dualgeo" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=folder, prefix=f"{tool}-", suffix=".log") as written,
        Path(written.name).open(encoding="utf-8", errors="replace") as read,
    ):
        yield written, read


def _lines(process: subprocess.Popen[bytes], read: TextIO, seconds: float) -> Iterator[str]:
    """Each line that is not empty as soon as it is whole, until the process has ended."""
    begun, end = "", time.monotonic() + seconds
    while True:
        if time.monotonic() > end:
            raise TimeoutError
        ended = process.poll() is not None
        for part in iter(read.readline, ""):
            begun += part
            if begun.endswith("\n"):
                if begun.strip():
                    yield begun.rstrip()
                begun = ""
        if ended:
            break
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if begun.strip():
        yield begun.rstrip()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and its whole group: first as Ctrl-C does, so that DVC releases its locks, then harder."""
    for number, seconds in ((signal.SIGINT, SECONDS_TO_STOP), (signal.SIGTERM, 0.5), (signal.SIGKILL, 0.5)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        if _ended(process, seconds):
            break
    process.wait()


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether nothing of the group is left before `seconds` are over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
