"""Run dvc and dualgeo as processes of their own: their lines stream to the log, and a cancel ends all they started."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SECONDS_TO_STOP = 4.0
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
    root: Path, tool: str, arguments: list[str], context: Mapping[str, str], log: Callable[[str], object]
) -> None:
    """Run `tool` of this Python's environment in `root`, handing each line that it prints to `log`.

    `context` reaches the stage as JSON in DUALGEO_RUN_CONTEXT, so that what it records can name this run. Whatever ends
    this call early (a cancelled Dagster run raises here) stops the tool and everything it started.
    Raises CommandFailed on another status than 0.
    """
    # The scripts of the running environment, whatever PATH says; DVC finds `dualgeo` through PATH in turn.
    scripts = Path(sys.executable).parent
    environment = os.environ | QUIET | {"DUALGEO_RUN_CONTEXT": json.dumps(dict(context), sort_keys=True)}
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', os.defpath)}"
    lines: list[str] = []
    process = subprocess.Popen(
        [str(scripts / tool), *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        # Its own process group: signalling dvc alone would leave the stage that it started running.
        start_new_session=True,
    )
    try:
        for line in process.stdout or ():
            if line.strip():
                lines.append(line.rstrip())
                log(line.rstrip())
        status = process.wait()
    except BaseException:
        stop(process)
        raise
    finally:
        if process.stdout:
            process.stdout.close()
    if status != 0:
        raise CommandFailed([tool, *arguments], status, lines[-20:])


def stop(process: subprocess.Popen[str]) -> None:
    """End the process and its whole group: first as Ctrl-C does, so that DVC releases its locks, then harder."""
    for number, seconds in ((signal.SIGINT, SECONDS_TO_STOP), (signal.SIGTERM, 0.5), (signal.SIGKILL, 0.5)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        if _ended(process, seconds):
            break
    process.wait()


def _ended(process: subprocess.Popen[str], seconds: float) -> bool:
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
