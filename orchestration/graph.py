"""The pipeline as dvc.yaml states it: one node for each stage, or for each cell of a stage with a matrix."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage

from dualgeo.errors import DualGeoError

FETCH = "dualgeo atlas"


@dataclass(frozen=True)
class Node:
    """What DVC runs, restores and skips as one: `train@dual-0`, `report`, or the raw data of `data.dvc`."""

    address: str
    """How DVC calls it."""
    command: str
    """For raw data what fetches them: `meta: {command: ...}` of the .dvc file, else what draws Atlas."""
    description: str
    group: str
    kinds: tuple[str, ...]
    upstream: tuple[str, ...]
    """Addresses of the nodes whose outputs it reads."""
    outs: tuple[str, ...]
    """Paths below the project folder."""
    code_version: str
    """Digest of what decides the result besides the outputs of other nodes: command, params and code."""

    @property
    def is_raw(self) -> bool:
        """Whether DVC only pins it and no stage makes it."""
        return self.address.endswith(".dvc")

    @property
    def stage(self) -> str:
        """The part of the address that all cells share."""
        return Path(self.address).stem if self.is_raw else self.address.partition("@")[0]

    @property
    def cell(self) -> str:
        """`dual-0`, or empty."""
        return self.address.partition("@")[2]

    @property
    def key(self) -> list[str]:
        """The asset key: `["train", "dual-0"]`, `["report"]`, `["data"]`."""
        return [self.stage, self.cell] if self.cell else [self.stage]


def read_graph(root: Path) -> list[Node]:
    """Every node of the project in `root`, upstream first; DualGeoError repeats what DVC finds wrong with dvc.yaml."""
    try:
        index = Repo(str(root)).index
        graph = index.graph
        stages = sorted(index.stages, key=_address)
        made = [out.fs_path for stage in stages for out in stage.outs]
        nodes = {_address(stage): _node(root, stage, map(_address, graph.successors(stage)), made) for stage in stages}
    except (DvcException, OSError) as error:
        raise DualGeoError(f"DVC cannot read the pipeline in {root}: {' '.join(str(error).split())}") from error
    return _upstream_first(nodes)


def changed_addresses(root: Path, addresses: Iterable[str]) -> set[str]:
    """Those of `addresses` that `dvc repro` would run now, asked of DVC itself in this process (fast)."""
    repo = Repo(str(root))
    asked = set(addresses)
    with repo.lock:
        return {_address(stage) for stage in repo.index.stages if _address(stage) in asked and stage.changed()}


def recorded_outs(root: Path, address: str) -> dict[str, str]:
    """Path -> md5 of a node's outputs as dvc.lock (or its .dvc file) states them; empty where it never ran."""
    name = address if address.endswith(".dvc") else "dvc.lock"
    path = root / name
    if not path.exists():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    entry = document if address.endswith(".dvc") else document.get("stages", {}).get(address, {})
    return {out["path"]: out["md5"] for out in entry.get("outs", []) if "md5" in out}


def digest(value: object) -> str:
    """A short digest of JSON-like content that does not depend on key order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _address(stage: Stage) -> str:
    """DVC's own `addressing` depends on the working directory."""
    return str(stage.name) if isinstance(stage, PipelineStage) else str(stage.path_in_repo)


def _node(root: Path, stage: Stage, upstream: Iterable[str], made: list[str]) -> Node:
    meta: Mapping[str, object] = stage.meta or {}
    kinds = meta.get("kinds")
    return Node(
        address=_address(stage),
        command=stage.cmd or str(meta.get("command", FETCH)),
        description=stage.desc or "",
        group=str(meta.get("group", "default" if stage.cmd else "data")),
        kinds=tuple(str(kind) for kind in kinds) if isinstance(kinds, list) else (),
        upstream=tuple(sorted(upstream)),
        outs=tuple(Path(out.fs_path).relative_to(root).as_posix() for out in stage.outs),
        code_version=digest([stage.cmd, *_inputs(stage, made)]),
    )


def _inputs(stage: Stage, made: list[str]) -> list[object]:
    """Params and digests of the code that a stage names; the outputs of other stages have data versions instead."""
    inputs: list[object] = []
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            inputs.append([str(dep), dep.read_params()])
        elif not _related(dep.fs_path, made):
            inputs.append([str(dep), dep.get_hash().value if dep.exists else None])
    return inputs


def _related(path: str, made: list[str]) -> bool:
    """Whether `path` is an output, lies below one or holds one."""
    return any(Path(path).is_relative_to(out) or Path(out).is_relative_to(path) for out in made)


def _upstream_first(nodes: Mapping[str, Node]) -> list[Node]:
    ordered: dict[str, Node] = {}

    def place(address: str) -> None:
        if address not in ordered:
            for above in nodes[address].upstream:
                place(above)
            ordered[address] = nodes[address]

    for address in nodes:
        place(address)
    return list(ordered.values())
