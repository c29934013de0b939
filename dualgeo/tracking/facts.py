"""What is known about a stage's outputs without running anything: identity, provenance, flat params and metrics."""

import hashlib
import json
import math
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from dualgeo.workspace import Cell, Workspace

KEY = "dualgeo.key"
INPUTS = "dualgeo.inputs"
DATA = "dualgeo.data"


def output_key(stage: str, cell: Cell, folder: Path) -> str:
    """Identity of a result: digest of the stage, the cell and every byte of its output folder."""
    digest = hashlib.sha256(f"{stage}@{cell.name}".encode())
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"\n{path.relative_to(folder).as_posix()}\n".encode())
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:32]


def flat(value: Mapping[str, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one level: {"train": {"epochs": 2}} -> {"train.epochs": 2}. Lists stay as they are."""
    return dict(_leaves("", value, separator))


def sections(params: BaseModel, *names: str) -> dict[str, Any]:
    """The named sections of params.yaml, flat."""
    document = params.model_dump(mode="json", by_alias=True)
    return flat({name: document[name] for name in names})


def score_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """metrics.json as MLflow names: `atlas-night/acc_25`, `atlas-night/acc_25_low`, `atlas-night/median_km`."""
    named: dict[str, float] = {}
    for query_set, figures in metrics.items():
        for name, value in flat(figures, "_").items() if isinstance(figures, Mapping) else [("", figures)]:  # pyright: ignore[reportArgumentType]
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                full = f"{query_set}/{name.removesuffix('_value')}".rstrip("/")
                named[re.sub(r"[^\w\-./ ]", "_", full)] = float(value)
    return named


def code_tags(root: Path) -> dict[str, str]:
    """The git commit of `root` and whether tracked files differ from it; empty outside git."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"mlflow.source.git.commit": commit, "git.commit": commit, "git.dirty": str(bool(dirty)).lower()}


def run_context() -> dict[str, str]:
    """Tags that whoever started this stage hands down as JSON in DUALGEO_RUN_CONTEXT (Dagster: its run id)."""
    try:
        context: object = json.loads(os.environ.get("DUALGEO_RUN_CONTEXT", "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in context.items()} if isinstance(context, dict) else {}  # pyright: ignore


def data_tags(root: Path) -> dict[str, str]:
    """The version of the raw data that data.dvc pins."""
    pinned = _yaml(root / "data.dvc").get("outs") or []
    return {DATA: str(pinned[0]["md5"])} if pinned and "md5" in pinned[0] else {}


def locked_entry(workspace: Workspace, stage: str, cell: Cell) -> dict[str, Any]:
    """What dvc.lock states about one cell of a stage, if the outputs it names are the ones that lie here, else {}."""
    stages: dict[str, Any] = _yaml(workspace.root / "dvc.lock").get("stages") or {}
    entry: dict[str, Any] = stages.get(f"{stage}@{cell.name}") or {}
    outs: list[dict[str, str]] = entry.get("outs") or []
    same = all(dvc_md5(workspace.root / out["path"]) == out.get("md5") for out in outs)
    return entry if outs and same else {}


def input_digest(entry: Mapping[str, Any]) -> str:
    """Digest of the command, params and dependencies in an entry of dvc.lock."""
    inputs = {name: entry.get(name) for name in ("cmd", "params", "deps")}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()[:32]


def locked_params(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The params that an entry of dvc.lock was made with, flat."""
    files: Mapping[str, Mapping[str, Any]] = entry.get("params") or {}
    return {name: value for file in files.values() for name, value in flat(file).items()}


def dvc_md5(path: Path) -> str | None:
    """The md5 by which DVC knows a file, or a folder (`....dir`: of the sorted list of its files); None if absent."""
    if path.is_file():
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "md5").hexdigest()
    if not path.is_dir():
        return None
    files = sorted((file.relative_to(path).parts, file) for file in path.rglob("*") if file.is_file())
    listed = [{"md5": dvc_md5(file), "relpath": "/".join(parts)} for parts, file in files]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


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


def _yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}
