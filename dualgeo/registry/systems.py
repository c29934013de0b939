"""The trained systems of the workspace that can be registered: those whose parts belong together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dualgeo
from dualgeo.lockfile import Lock, digest, md5_of
from dualgeo.params import Params, RefineParams
from dualgeo.tracking.datasets import data_digest
from dualgeo.tracking.results import Result, find_result, still_true
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class System:
    """One trained system: where its parts lie, the params it answers with and the versions of all of them."""

    cell: Cell
    model: Path
    index: Path
    calibration: Path
    top_k: int
    refine: RefineParams
    versions: dict[str, str]
    """`model`, `index`, `calibration`: data versions. `dataset`, `data`: what it was trained on."""

    @property
    def content(self) -> str:
        """Digest of all that makes a registered version what it is."""
        params = [self.top_k, self.refine.model_dump(mode="json")]
        return digest([self.cell.name, self.versions, params, dualgeo.__version__])


def find_systems(workspace: Workspace, params: Params, lock: Lock) -> tuple[list[System], dict[str, str]]:
    """The systems of params.yaml that can be registered, and for those that cannot be, cell -> why."""
    systems: list[System] = []
    refused: dict[str, str] = {}
    for variant in params.systems.variants:
        for seed in params.systems.seeds:
            cell = Cell(variant, seed)
            trained = find_result(workspace, lock, "train", cell)
            if trained is None:
                continue
            found = _system(workspace, lock, trained)
            if isinstance(found, System):
                systems.append(found)
            else:
                refused[cell.name] = found
    return systems, refused


def _system(workspace: Workspace, lock: Lock, trained: Result) -> System | str:
    """The system of a training, or why it is none."""
    cell = trained.cell
    made = {stage: f"{stage}@{cell.name}" for stage in ("index", "retrieve", "refine")}
    unknown = [address for address in made.values() if address not in lock.entries]
    if trained.entry is None or unknown:
        return f"dvc.lock does not know its {'model' if trained.entry is None else unknown[0].partition('@')[0]}"
    rests_on = still_true(lock, made["refine"]).entries
    if rests_on.get(trained.address) != trained.entry or made["index"] not in rests_on:
        return "its index or calibration was made from another model"
    for path in (f"index/{cell.name}", f"refined/{cell.name}"):
        if md5_of(workspace.root / path) not in {entry.outs.get(path) for entry in rests_on.values()}:
            return f"{path} is not what dvc.lock describes"
    calibration = workspace.refined(cell) / "calibration.json"
    dataset = str(trained.params.get("dataset", ""))
    return System(
        cell,
        workspace.model(cell),
        workspace.index(cell),
        calibration,
        int(_section(lock, made["retrieve"], "retrieve")["top_k"]),
        RefineParams.model_validate(_section(lock, made["refine"], "refine")),
        {
            "model": trained.data_version,
            "index": lock.entries[made["index"]].data_version,
            "calibration": md5_of(calibration) or "none",
            "dataset": dataset,
            "data": data_digest(trained.closure, dataset) or "",
        },
    )


def _section(lock: Lock, address: str, name: str) -> dict[str, Any]:
    """One section of the params that an entry states: they passed the checks of params.yaml when it ran."""
    return next((dict(section[name]) for section in lock.entries[address].params.values() if name in section), {})
