"""The graph behind results: all entries that a result rests on, who pinned and recorded them, how they stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from dualgeo.errors import DualGeoError
from dualgeo.lineage.history import Commit
from dualgeo.lineage.match import UNCHECKED, Match, Matcher
from dualgeo.lineage.project import Project
from dualgeo.lineage.records import RunRecord
from dualgeo.lockfile import Entry, Lock
from dualgeo.progress import progress


@dataclass(frozen=True)
class Edge:
    """One dependency on another entry's output."""

    source: str
    """Id of the node that reads."""
    target: str
    """Id of the node that made what is read."""
    path: str
    md5: str


@dataclass(frozen=True)
class Node:
    """One entry of a dvc.lock and what is known about it."""

    id: str
    entry: Entry
    code: dict[str, str]
    """The dependencies that no entry makes (code, and files of the user's own): path -> md5."""
    lost: dict[str, str]
    """Dependencies that some stage once made, though neither dvc.lock nor git still has that entry: path -> md5."""
    commit: Commit | str
    """The commit that pinned it, or why none is named."""
    run: RunRecord | str
    """The MLflow run that recorded it, or why there is none."""
    match: Match


@dataclass(frozen=True)
class Graph:
    """Nodes by id, in the order from the results back to the data, and their edges."""

    roots: tuple[str, ...]
    nodes: dict[str, Node]
    edges: tuple[Edge, ...]

    def below(self, node_id: str) -> list[str]:
        """Ids of the nodes that a node rests on directly, each once, those with the longest way to the data first."""
        return sorted(self._read[node_id], key=lambda target: -self._heights[target])

    @cached_property
    def _read(self) -> dict[str, list[str]]:
        read: dict[str, dict[str, None]] = {here: {} for here in self.nodes}
        for edge in self.edges:
            read[edge.source][edge.target] = None
        return {here: list(targets) for here, targets in read.items()}

    @cached_property
    def _heights(self) -> dict[str, int]:
        heights: dict[str, int] = {}
        for here in TopologicalSorter(self._read).static_order():
            heights[here] = 1 + max((heights[target] for target in self._read[here]), default=-1)
        return heights


def node_id(entry: Entry) -> str:
    """An id that two entries share only if they are the same: address, outputs and inputs."""
    return f"{entry.address}#{entry.data_version}-{entry.input_digest}"


def build(project: Project, roots: Sequence[tuple[Lock, str]], check: bool = True) -> Graph:
    """The graph of everything that the entries `roots` (a lock and an address in it) rest on.

    With `check` every file that the workspace's own entries name is read, to say whether it still matches.
    """
    found = _Walk(project, list(roots))
    commits = _commits(project, found.entries)
    matches = _matches(project, found.entries) if check else {}
    nodes = {
        here: Node(
            here,
            entry,
            found.code[here],
            found.lost[here],
            commits[here],
            _run(project, entry),
            matches.get(here, UNCHECKED),
        )
        for here, entry in found.entries.items()
    }
    ids = dict.fromkeys(node_id(lock.entries[address]) for lock, address in roots)
    return Graph(tuple(ids), nodes, tuple(found.edges))


class _Walk:
    """Follows dependencies to the entries that made them."""

    def __init__(self, project: Project, waiting: list[tuple[Lock, str]]) -> None:
        self.entries: dict[str, Entry] = {}
        self.code: dict[str, dict[str, str]] = {}
        self.lost: dict[str, dict[str, str]] = {}
        self.edges: list[Edge] = []
        self._project = project
        while waiting:
            waiting += self._visit(*waiting.pop(0))

    def _visit(self, lock: Lock, address: str) -> list[tuple[Lock, str]]:
        entry = lock.entries[address]
        here = node_id(entry)
        if here in self.entries:
            return []
        self.entries[here], self.code[here], self.lost[here] = entry, {}, {}
        onward: list[tuple[Lock, str]] = []
        for path, md5 in entry.deps.items():
            makers = _makers(lock, path, md5) or _makers(self._project.lock, path, md5)
            if not makers:
                self.code[here][path] = md5
                continue
            known = [(of, maker) for of, maker, same in makers if same and maker != address]
            known = known or self._earlier(path, md5, [maker for _, maker, _ in makers])
            if not known:
                self.lost[here][path] = md5
            self.edges += [Edge(here, node_id(of.entries[maker]), path, md5) for of, maker in known]
            onward += known
        return onward

    def _earlier(self, path: str, md5: str, makers: list[str]) -> list[tuple[Lock, str]]:
        """dvc.lock states a later result than the one that was read: the commit that held that one."""
        for maker in makers:
            found = self._project.history.find(lambda entry: entry.outs.get(path) == md5, maker)
            text = self._project.history.text_at(found[0].sha) if found else None
            if text is not None:
                return [(text.parse(), maker)]
        return []


def _makers(lock: Lock, path: str, md5: str) -> list[tuple[Lock, str, bool]]:
    """The entries that make `path`, and whether what they made is what was read, as far as their own digest tells."""
    return [(lock, maker, lock.entries[maker].outs.get(path, md5) == md5) for maker in lock.makers(path)]


def _commits(project: Project, entries: dict[str, Entry]) -> dict[str, Commit | str]:
    """Entries of one address in different states are looked up one after the other."""
    found: dict[str, Commit | str] = {}
    waiting = dict(entries)
    while waiting:
        batch = {entry.address: here for here, entry in waiting.items()}
        pinned = project.history.pinned(entries[here] for here in batch.values())
        found |= {here: pinned[address] for address, here in batch.items()}
        waiting = {here: entry for here, entry in waiting.items() if here not in found}
    return found


def _matches(project: Project, entries: dict[str, Entry]) -> dict[str, Match]:
    matcher = Matcher(project.lock, project.digests)
    named = progress(entries.items(), len(entries), "Comparing with the workspace")
    return {here: matcher.match(entry) for here, entry in named}


def _run(project: Project, entry: Entry) -> RunRecord | str:
    if not project.records.exists:
        return "no run is recorded (there is no MLflow store here)"
    try:
        return project.records.recording(entry) or "no run is recorded"
    except DualGeoError as error:
        return str(error)
