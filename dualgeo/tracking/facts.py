"""What is known about a result: flat params and metrics, and who made it from which code."""

import getpass
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel

LONGEST_PARAM = 500
LONGEST_PATCH = 5 * 1000 * 1000
# What DVC itself rewrites while stages run is no change of the code.
CODE_ONLY = ("--", ".", ":(exclude)dvc.lock", ":(exclude)*.dvc")


def flat(value: Mapping[str, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one level: {"train": {"epochs": 2}} -> {"train.epochs": 2}. Lists stay as they are."""
    return dict(_leaves("", value, separator))


def sections(params: BaseModel, *names: str) -> dict[str, Any]:
    """The named sections of params.yaml, flat."""
    document = params.model_dump(mode="json", by_alias=True)
    return flat({name: document[name] for name in names})


def contradict(logged: Mapping[str, str], stated: Mapping[str, Any]) -> bool:
    """Whether a run's params (as MLflow keeps them, text) differ from those of dvc.lock in one that both name."""
    return any(name in logged and logged[name] != param_text(value) for name, value in stated.items())


def param_text(value: Any) -> str:
    """A param as MLflow keeps it: one text for one value, whether it was read from params.yaml, dvc.lock or a config.

    YAML's 1 and a typed 1.0 are the same param, and the compare view would show them as different.
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(param_text, value))}]"[:LONGEST_PARAM]  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:LONGEST_PARAM]


def code_tags(root: Path) -> dict[str, str]:
    """The git commit of `root` and whether tracked files other than DVC's differ from it; empty outside git."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no", *CODE_ONLY)
    return {"mlflow.source.git.commit": commit, "git.commit": commit, "git.dirty": str(bool(dirty)).lower()}


def code_changes(root: Path) -> bytes | None:
    """What tracked files have that the commit lacks, as a patch for `git apply`; None when it is above 5 MB."""
    # A user's own settings of git diff would make a patch that does not apply.
    plain = ["--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/"]
    command = ["git", "diff", "--binary", *plain, "HEAD", *CODE_ONLY]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        patch = process.stdout.read(LONGEST_PATCH + 1)
        process.kill()
    return patch if len(patch) <= LONGEST_PATCH else None


def run_context() -> dict[str, str]:
    """Tags that whoever started this stage hands down as JSON in DUALGEO_RUN_CONTEXT (Dagster: its run id)."""
    try:
        context: object = json.loads(os.environ.get("DUALGEO_RUN_CONTEXT", "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in context.items()} if isinstance(context, dict) else {}  # pyright: ignore


def process_name() -> str:
    """This process, so that it is not confused with a later one of the same number."""
    started = psutil.Process().create_time()
    return f"{socket.gethostname()}:{os.getpid()}:{started:.0f}"


def process_is_dead(name: str) -> bool:
    """Whether the process that `process_name` named has ended; False where that cannot be told (another machine)."""
    host, _, rest = name.partition(":")
    number, _, started = rest.partition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        process = psutil.Process(int(number))
        return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - float(started)) > 2
    except psutil.NoSuchProcess:
        return True
    except (psutil.AccessDenied, ValueError):
        return False


def user() -> str:
    """Who runs this, or `unknown` in a container without users."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def in_words(error: BaseException, longest: int = 300) -> str:
    """An error's own words on one line, without the SQL statements and class names that SQLAlchemy adds."""
    said = str(error).split("\n[SQL", 1)[0].split("(Background on this error", 1)[0]
    said = re.sub(r"^(\([^)]*\)\s*)+", "", said)
    return " ".join(said.split())[:longest] or type(error).__name__


def _leaves(prefix: str, value: Mapping[str, Any], separator: str) -> Iterator[tuple[str, Any]]:
    for name, below in value.items():
        path = f"{prefix}{separator}{name}" if prefix else str(name)
        if isinstance(below, Mapping):
            yield from _leaves(path, below, separator)  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield path, below


def _git(root: Path, *arguments: str) -> str | None:
    try:
        said = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()
