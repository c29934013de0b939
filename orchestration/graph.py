"""The pipeline as dvc.yaml states it: one node for each stage, or for each cell of a stage with a matrix."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.repo.index import Index
from dvc.stage import PipelineStage, Stage

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import digest, parse_yaml

ATTEMPTS = 4
SECONDS_BETWEEN_ATTEMPTS = 0.3
MISSING = object()


@dataclass(frozen=True)
class Node:
    """What DVC runs, restores and skips as one: `train@dual-0`, `report`, or the raw data of `data.dvc`."""

    address: str
    """How DVC calls it."""
    command: str
    """Empty for raw data that nothing here fetches; `meta: {command: ...}` of the .dvc file says what does."""
    watch: str
    """For raw data the folder whose new photos the command takes in (`meta: {watch: ...}`), or empty."""
    description: str
    group: str
    kinds: tuple[str, ...]
    upstream: tuple[str, ...]
    """Addresses of the nodes whose outputs it reads."""
    outs: tuple[str, ...]
    """Paths below the project folder."""
    code: tuple[str, ...]
    """Paths of the code and params files that it reads."""
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


def open_index(root: Path) -> Index:
    """DVC's own reading of dvc.yaml and dvc.lock, its graph checked; DualGeoError repeats what it finds wrong.

    No lock is taken, so that nobody's `dvc repro` is kept out. A reader without one may meet a file that DVC is just
    writing, so a few attempts are made.
    """
    for attempt in range(ATTEMPTS):
        try:
            index = Repo(str(root)).index
            index.check_graph()
            return index
        except (DvcException, OSError) as error:
            if attempt == ATTEMPTS - 1:
                raise DualGeoError(f"DVC cannot read the pipeline in {root}: {' '.join(str(error).split())}") from error
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    raise AssertionError("unreachable")


def read_graph(root: Path) -> list[Node]:
    """Every node of the project in `root`, upstream first. Raises DualGeoError as `open_index`."""
    return nodes_of(root, open_index(root))


def nodes_of(root: Path, index: Index) -> list[Node]:
    """Every node of an index of the project in `root`, upstream first."""
    stages = sorted(index.stages, key=address_of)
    made = [out.fs_path for stage in stages for out in stage.outs]
    graph = index.graph
    return _upstream_first(
        {address_of(stage): _node(root, stage, map(address_of, graph.successors(stage)), made) for stage in stages}
    )


def address_of(stage: Stage) -> str:
    """DVC's own `addressing` depends on the working directory."""
    return str(stage.name) if isinstance(stage, PipelineStage) else str(stage.path_in_repo)


def made_by_stages(dep: Output, made: Iterable[str]) -> bool:
    """Whether a dependency is an output of another node, lies below one or holds one; else it is params or code."""
    if isinstance(dep, ParamsDependency):
        return False
    return any(related(dep.fs_path, out) for out in made)


def related(path: str, other: str) -> bool:
    """Whether one absolute path is the other, or lies below it."""
    return path == other or path.startswith(f"{other}{os.sep}") or other.startswith(f"{path}{os.sep}")


def current_input(dep: Output) -> object:
    """What a params or code dependency holds in the workspace now."""
    if isinstance(dep, ParamsDependency):
        return [path_of(dep), current_params(dep)]
    return [path_of(dep), dep.get_hash().value if dep.exists else None]


def current_params(dep: ParamsDependency) -> dict[str, object]:
    """The values that a params file has now for the keys that a stage names, as DVC would read them.

    Every stage names the same file, and DVC's own reading of it takes longer than all the rest.
    """
    path = Path(dep.fs_path)
    if path.suffix not in (".yaml", ".yml") or not path.exists() or not dep.params:
        return dep.read_params()
    found: dict[str, object] = {}
    for key in dep.params:
        value: object = _parsed(path, path.stat().st_mtime_ns, path.stat().st_size)
        for part in key.split("."):
            value = value.get(part, MISSING) if isinstance(value, Mapping) else MISSING
        if value is not MISSING:
            found[key] = value
    return found


@lru_cache(maxsize=16)
def _parsed(path: Path, changed_ns: int, size: int) -> Mapping[str, object]:
    """A YAML file, parsed once for each of its contents."""
    return parse_yaml(path.read_text(encoding="utf-8"), path.name)


def path_of(item: Output) -> str:
    """The path below the project folder of a dependency or output; DVC's own names depend on the working directory."""
    assert item.repo is not None
    return Path(item.fs_path).relative_to(item.repo.root_dir).as_posix()


def hash_of(item: Output, *, recorded: bool) -> str:
    """The md5 of a dependency or output as dvc.lock states it, or as it lies in the workspace; empty without one."""
    info = item.hash_info if recorded else item.get_hash()
    return str(info.value) if info else ""


def _node(root: Path, stage: Stage, upstream: Iterable[str], made: list[str]) -> Node:
    meta: Mapping[str, object] = stage.meta or {}
    kinds = meta.get("kinds")
    inputs = [dep for dep in stage.deps if not made_by_stages(dep, made)]
    return Node(
        address=address_of(stage),
        command=stage.cmd or _fetch_command(root, meta),
        watch=str(meta.get("watch", "")),
        description=stage.desc or ("" if stage.cmd else "The raw data, as downloaded, ingested or generated"),
        group=str(meta.get("group", "default" if stage.cmd else "data")),
        kinds=tuple(str(kind) for kind in kinds) if isinstance(kinds, list) else (),
        upstream=tuple(sorted(upstream)),
        outs=tuple(path_of(out) for out in stage.outs),
        code=tuple(path_of(dep) for dep in inputs),
        code_version=digest([stage.cmd, *map(current_input, inputs)]),
    )


def _fetch_command(root: Path, meta: Mapping[str, object]) -> str:
    """What brings raw data in: the command that the .dvc file states, or Atlas's own where params ask for Atlas."""
    if "command" in meta:
        return str(meta["command"])
    params = root / "params.yaml"
    document = yaml.safe_load(params.read_text(encoding="utf-8")) if params.exists() else None
    return "dualgeo atlas" if isinstance(document, dict) and document.get("dataset") == "atlas" else ""


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
