"""The results that lie in the workspace, and what dvc.lock knows about each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import Entry, Lock, md5_of, outs_version, parse_yaml
from dualgeo.params import Params
from dualgeo.tracking import facts
from dualgeo.workspace import Cell, Workspace

SCORE_FILES = ("curves.json", "metrics.json", "queries.parquet", "strata.json", "validation.json")
SECTIONS_OF = {
    "train": ("dataset", "views", "model", "train"),
    "score": ("dataset", "index", "retrieve", "refine", "score"),
}
"""The parts of params.yaml that a user compares runs of a stage by."""


@dataclass(frozen=True)
class Result:
    """The outputs of one training or score."""

    stage: str
    cell: Cell
    data_version: str
    """Digest of the outputs as they lie on disk."""
    entry: Entry | None
    """What dvc.lock states about them; None while it describes other outputs, or none."""
    closure: Lock
    """`entry` and all it rests on, as far as dvc.lock still holds what was read then; empty without `entry`."""

    @property
    def address(self) -> str:
        return f"{self.stage}@{self.cell.name}"

    @property
    def inputs(self) -> str | None:
        """Digest of what made the outputs, None where that is not known."""
        return self.entry.input_digest if self.entry else None

    @property
    def params(self) -> dict[str, Any]:
        """The params that made it and what it rests on, flat, as dvc.lock states them; not those of params.yaml now."""
        found: dict[str, Any] = {}
        for entry in [*([self.entry] if self.entry else []), *self.closure.entries.values()]:
            for section in entry.params.values():
                found = {**facts.flat(section), **found}
        return {name: value for name, value in found.items() if name.partition(".")[0] in SECTIONS_OF[self.stage]}

    def rests_on(self, other: "Result") -> bool:
        """Whether dvc.lock says that this was made from `other`'s outputs."""
        made_from = self.closure.entries.get(other.address)
        return made_from is not None and made_from == other.entry


def outs_of(stage: str, cell: Cell) -> list[str]:
    """The outputs of a cell of `train` or `score`, as dvc.yaml lists them."""
    if stage == "train":
        return [f"models/{cell.name}"]
    return [f"scores/{cell.name}/{name}" for name in SCORE_FILES]


def version_on_disk(workspace: Workspace, stage: str, cell: Cell) -> str | None:
    """Data version of a cell's outputs as they lie in the workspace; None while one of them is missing."""
    digests = {path: md5_of(workspace.root / path) for path in outs_of(stage, cell)}
    known = {path: md5 for path, md5 in digests.items() if md5 is not None}
    return outs_version(known) if len(known) == len(digests) else None


def find_results(workspace: Workspace, params: Params, lock: Lock) -> list[Result]:
    """The trainings and then the scores that lie here, of the cells that params.yaml names."""
    cells = [Cell(variant, seed) for variant in params.systems.variants for seed in params.systems.seeds]
    found = [find_result(workspace, lock, stage, cell) for stage in ("train", "score") for cell in cells]
    return [result for result in found if result is not None]


def find_result(workspace: Workspace, lock: Lock, stage: str, cell: Cell) -> Result | None:
    """One result with what dvc.lock knows about it, or None while it does not lie here whole."""
    version = version_on_disk(workspace, stage, cell)
    if version is None:
        return None
    entry = lock.entries.get(f"{stage}@{cell.name}")
    if entry is None or entry.data_version != version:
        return Result(stage, cell, version, None, Lock({}))
    return Result(stage, cell, version, entry, still_true(lock, entry.address))


def still_true(lock: Lock, address: str) -> Lock:
    """`address` and what it rests on, followed only where dvc.lock still holds the very bytes that were read."""
    wanted, waiting = set[str](), [address]
    while waiting:
        here = waiting.pop()
        if here in wanted:
            continue
        wanted.add(here)
        for path, md5 in lock.entries[here].deps.items():
            waiting += [maker for maker in lock.makers(path) if lock.entries[maker].outs.get(path, md5) == md5]
    return Lock({name: entry for name, entry in lock.entries.items() if name in wanted})


def inputs_now(workspace: Workspace, lock: Lock, stage: str, cell: Cell) -> str | None:
    """The input digest that DVC would state if the stage ended now, judged by its last entry in dvc.lock.

    Reads every dependency, so it is for stages with small ones. None when that cannot be told.
    """
    entry = lock.entries.get(f"{stage}@{cell.name}")
    if entry is None:
        return None
    deps = {path: md5_of(workspace.root / path) for path in entry.deps}
    known = {path: md5 for path, md5 in deps.items() if md5 is not None}
    if len(known) < len(deps):
        return None
    params = {name: _values(workspace.root / name, stated) for name, stated in entry.params.items()}
    return replace(entry, deps=known, params=params).input_digest


def _values(path: Path, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a params file has now for dotted `keys`."""
    try:
        document = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise DualGeoError(f"{path} cannot be read: {facts.in_words(error)}.") from None
    found: dict[str, Any] = {}
    for key in keys:
        value: Any = document
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        found[key] = value
    return found
