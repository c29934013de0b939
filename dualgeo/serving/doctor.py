"""`dualgeo doctor`: what is here, what is missing, and how to get it."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from rich.console import Console

from dualgeo.errors import DualGeoError
from dualgeo.params import Params, load_params
from dualgeo.workspace import Workspace


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    """What was found."""
    remedy: str | None
    """How to mend it; None where nothing is wrong."""
    needed: bool = True
    """False for what only some uses need."""


def examine(workspace: Workspace) -> int:
    """Print every finding; exit status 1 when something that the pipeline needs is missing."""
    console = Console()
    missing = 0
    for finding in findings(workspace):
        wrong = finding.remedy is not None
        mark = (
            "[green]ok[/green]"
            if not wrong
            else "[red]missing[/red]"
            if finding.needed
            else "[yellow]optional[/yellow]"
        )
        console.print(f"{mark:>10}  {finding.what}: {finding.state}", highlight=False)
        if wrong:
            console.print(f"            -> {finding.remedy}", highlight=False)
            missing += finding.needed
    return 1 if missing else 0


def findings(workspace: Workspace) -> Iterator[Finding]:
    """Everything that is looked at, in the order in which a newcomer meets it."""
    yield Finding(
        "Python", sys.version.split()[0], None if sys.version_info >= (3, 11) else "install Python 3.11 or newer"
    )
    yield from _packages()
    yield _faiss()
    yield _accelerator()
    try:
        params = load_params(workspace.params)
    except DualGeoError as error:
        yield Finding("params.yaml", str(error), "run from the project folder, or `dualgeo profile demo`")
        return
    yield Finding("params.yaml", f"dataset {params.dataset}, {len(params.systems.variants)} variants", None)
    yield _data(workspace, params)
    yield _model("image encoder", params.views.image.model)
    yield _model("segmenter", params.views.segmentation.model)
    yield _results(workspace)
    yield _optional_package("geoclip", "GeoCLIP's trained location encoder", "pip install --no-deps geoclip")
    key = "set" if os.environ.get("ANTHROPIC_API_KEY") else "not set"
    remedy = None if key == "set" else "export ANTHROPIC_API_KEY=... to let a multimodal model refine answers"
    yield Finding("ANTHROPIC_API_KEY", key, remedy, needed=False)


def _packages() -> Iterator[Finding]:
    for line in requires("dualgeo") or []:
        requirement = Requirement(line)
        if requirement.marker is not None:
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(requirement.name, "not installed", "make install")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield Finding(requirement.name, f"{found}, but {requirement.specifier} is needed", "make install")


def _faiss() -> Finding:
    for name in ("faiss-cpu", "faiss-gpu"):
        try:
            return Finding("FAISS", f"{name} {version(name)}", None)
        except PackageNotFoundError:
            continue
    return Finding("FAISS", "not installed", "make install (faiss-cpu), or make install GPU=1 (faiss-gpu)")


def _accelerator() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", torch.cuda.get_device_name(0), None)
    return Finding("GPU", "none: everything runs on the CPU", None)


def _data(workspace: Workspace, params: Params) -> Finding:
    folder = workspace.data(params.dataset)
    how = "dualgeo atlas" if params.dataset == "atlas" else f"dualgeo ingest PATH --name {params.dataset}"
    if not (folder / "photos.parquet").exists():
        return Finding("data", f"{folder} has no photos.parquet", f"{how}, or dvc pull")
    from dualgeo.datasets.contract import read_photos

    counts = read_photos(folder)["split"].value_counts()
    return Finding("data", ", ".join(f"{count} {split}" for split, count in sorted(counts.items())), None)


def _model(what: str, name: str) -> Finding:
    if name.startswith("standin/"):
        return Finding(what, f"{name}, shipped with this package (made for Atlas, not for real photos)", None)
    if Path(name).is_dir():
        return Finding(what, f"{name}, a local folder", None)
    from huggingface_hub import try_to_load_from_cache

    cached = isinstance(try_to_load_from_cache(name, "config.json"), str)
    state = f"{name}, {'in the local hub cache' if cached else 'not downloaded yet'}"
    return Finding(what, state, None if cached else f"hf download {name} (needs the internet once)")


def _results(workspace: Workspace) -> Finding:
    report = workspace.reports / "index.html"
    if report.exists():
        return Finding("report", str(report), None)
    dvc = Path(sys.executable).with_name("dvc")
    how = "dvc repro" if dvc.exists() or shutil.which("dvc") else "make install, then dvc repro"
    return Finding("report", "not made yet", how, needed=False)


def _optional_package(name: str, use: str, how: str) -> Finding:
    found = importlib.util.find_spec(name) is not None
    return Finding(
        name, f"installed ({use})" if found else f"not installed ({use})", None if found else how, needed=False
    )
