"""What DVC says of each node now: whether it would run, why, and the versions that its outputs were made with."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo.index import Index
from dvc.stage import Stage

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import Entry, digest, outs_version, read_lock
from orchestration.graph import (
    Node,
    address_of,
    current_input,
    current_params,
    hash_of,
    made_by_stages,
    nodes_of,
    open_index,
    path_of,
)

ABSENT = "absent"


@dataclass(frozen=True)
class State:
    """One node's outputs as they lie in the workspace, beside what made them."""

    node: Node
    recorded: bool
    """Whether dvc.lock, or the .dvc file, knows it: it has run, here or where dvc.lock comes from."""
    changes: tuple[str, ...]
    """Why `dvc repro` would run it, in words; empty where it would not."""
    data_version: str
    """Digest of the outputs in the workspace; `absent` where they are not there."""
    made_by: str
    """Code version that the outputs were made with; the node's own where nothing changed since."""
    made_from: Mapping[str, str]
    """Address of each upstream node -> the data version that was read; the present one where it did not change."""

    @property
    def fresh(self) -> bool:
        """Whether `dvc repro` would leave it as it is."""
        return not self.changes


class Project:
    """The DVC project in a folder; dvc.yaml and dvc.lock are read again whenever they change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: tuple[object, Index, dict[str, Entry]] | None = None

    def nodes(self) -> list[Node]:
        """Every node, upstream first. Raises DualGeoError where dvc.yaml or dvc.lock cannot be read."""
        return nodes_of(self.root, self._current()[0])

    def states(self) -> dict[str, State]:
        """Every node's state by address, upstream first."""
        index, entries = self._current()
        nodes = nodes_of(self.root, index)
        stages = {address_of(stage): stage for stage in index.stages}
        outs = {node.address: [out.fs_path for out in stages[node.address].outs] for node in nodes}
        found: dict[str, State] = {}
        with _in_a_sentence(self.root):
            for node in nodes:
                reader = _Reader(stages[node.address], entries.get(node.address))
                found[node.address] = reader.state(node, outs, found)
        return found

    def changes(self, address: str) -> tuple[str, ...]:
        """Why `dvc repro` would run this node now; empty where it would not. Faster than all states."""
        index, entries = self._current()
        stage = next(stage for stage in index.stages if address_of(stage) == address)
        with _in_a_sentence(self.root):
            return _Reader(stage, entries.get(address)).changes()

    def data_version(self, address: str) -> str | None:
        """Digest of the outputs as dvc.lock states them; None where it knows none."""
        entry = self._current()[1].get(address)
        return entry.data_version if entry else None

    def cache(self) -> Path:
        """The folder in which DVC keeps what stages made."""
        return Path(self._current()[0].repo.cache.local.path)

    def _current(self) -> tuple[Index, dict[str, Entry]]:
        stamp = self._stamp()
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, open_index(self.root), read_lock(self.root).entries)
        return self._read[1:]

    def _stamp(self) -> object:
        names = ["dvc.yaml", "dvc.lock", "params.yaml", *sorted(path.name for path in self.root.glob("*.dvc"))]
        paths = [self.root / name for name in names]
        return [(path.name, _stat(path)) for path in paths]


class _Reader:
    """One stage of an index beside its entry of dvc.lock."""

    def __init__(self, stage: Stage, entry: Entry | None) -> None:
        self.stage, self.entry = stage, entry
        # Asked once: DVC looks at the files each time.
        self.status = {id(item): _status(item) for item in [*stage.deps, *stage.outs]} if entry else {}

    def changes(self) -> tuple[str, ...]:
        if self.entry is None:
            return ("it has not run",)
        found = ["the command"] if self.stage.changed_stage() else []
        for item in [*self.stage.deps, *self.stage.outs]:
            found += _in_words(item, self.status[id(item)])
        return tuple(found)

    def state(self, node: Node, outs: Mapping[str, list[str]], above: Mapping[str, State]) -> State:
        """`outs`: the outputs of every node by address, which tell data from code. `above`: states of the upstream."""
        if self.entry is None:
            return State(node, False, self.changes(), ABSENT, "", {})
        lost = any(self.status[id(out)] for out in self.stage.outs)
        code = [
            dep for dep in self.stage.deps if not made_by_stages(dep, [path for each in outs.values() for path in each])
        ]
        return State(
            node=node,
            recorded=True,
            changes=self.changes(),
            data_version=_version_in_workspace(self.stage.outs) if lost else self.entry.data_version,
            made_by=self._made_by(node, code, lost),
            made_from={address: self._made_from(outs[address], above[address]) for address in node.upstream},
        )

    def _made_by(self, node: Node, code: Sequence[Output], lost: bool) -> str:
        if not lost and not self.stage.changed_stage() and not any(self.status[id(dep)] for dep in code):
            return node.code_version
        was = [_recorded_input(dep) if self.status[id(dep)] else current_input(dep) for dep in code]
        # Where only outputs were lost, too: it is by another code version that Dagster shows a node as stale.
        return digest([self.entry.command if self.entry else "", *was, "outputs lost" if lost else ""])

    def _made_from(self, outs: list[str], above: State) -> str:
        read = [dep for dep in self.stage.deps if made_by_stages(dep, outs)]
        if not any(self.status[id(dep)] for dep in read):
            return above.data_version
        was = outs_version({path_of(dep): hash_of(dep, recorded=True) for dep in read})
        # A part of the outputs may have changed although their digest reads the same as then.
        return was if was != above.data_version else digest([was, "changed since"])


def _status(item: Output) -> Mapping[str, object]:
    """DVC's own word on a dependency or output, empty where it is as dvc.lock states it.

    Params that are what they were need not be asked about: DVC would read their file anew for each stage.
    """
    if isinstance(item, ParamsDependency) and item.params and item.hash_info:
        recorded: Any = item.hash_info.value
        return {} if current_params(item) == recorded else item.status()
    return item.status()


def _in_words(item: Output, status: Mapping[str, object]) -> list[str]:
    """DVC's status of one dependency or output; for params a status for each section."""
    found: list[str] = []
    for said in status.values():
        parts = [f"{name} in" for name in said] if isinstance(said, Mapping) else [f"{said}:"]
        found += [f"{part} {path_of(item)}" for part in parts]
    return found


def _recorded_input(dep: Output) -> object:
    return [path_of(dep), dep.hash_info.value if dep.hash_info else None]


def _version_in_workspace(outs: Iterable[Output]) -> str:
    present = {path_of(out): hash_of(out, recorded=False) for out in outs if out.exists}
    return outs_version(present) if present else ABSENT


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def _in_a_sentence(root: Path) -> Generator[None]:
    try:
        yield
    except (DvcException, OSError) as error:
        raise DualGeoError(f"DVC cannot tell the state of {root}: {' '.join(str(error).split())}") from error
