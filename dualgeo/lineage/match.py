"""Whether the workspace still holds what an entry of dvc.lock states."""

from dataclasses import dataclass
from enum import StrEnum

from dualgeo.lineage.digests import Digests
from dualgeo.lineage.params_files import ParamsFiles
from dualgeo.lockfile import Entry, Lock


class State(StrEnum):
    """How an entry and the workspace stand to each other; the first that applies."""

    OLDER = "not in this workspace"
    MISSING = "outputs missing"
    CHANGED = "outputs changed"
    INPUTS = "inputs changed"
    MATCHES = "matches"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class Match:
    """The state and what it rests on: paths and params that are missing or differ."""

    state: State
    reasons: tuple[str, ...] = ()


UNCHECKED = Match(State.UNKNOWN)


class Matcher:
    """Compares entries with the files, params and dvc.lock of one workspace."""

    def __init__(self, lock: Lock, digests: Digests) -> None:
        self._lock, self._digests = lock, digests
        self._params = ParamsFiles(digests.root)

    def match(self, entry: Entry) -> Match:
        """Compare bytes of outputs and inputs, and params; DualGeoError for a params file that cannot be read."""
        if self._lock.entries.get(entry.address) != entry:
            return Match(State.OLDER, self._what_is_here(entry))
        found = {path: self._digests.md5(path) for path in entry.outs}
        missing = [path for path, md5 in found.items() if md5 is None]
        changed = [path for path, md5 in found.items() if md5 not in (None, entry.outs[path])]
        inputs = [path for path, md5 in entry.deps.items() if self._digests.md5(path) != md5]
        inputs += [changed.name for changed in self._params.changed(entry.params)]
        for state, reasons in ((State.MISSING, missing), (State.CHANGED, changed), (State.INPUTS, inputs)):
            if reasons:
                return Match(state, tuple(reasons))
        return Match(State.MATCHES)

    def _what_is_here(self, entry: Entry) -> tuple[str, ...]:
        here = self._lock.entries.get(entry.address)
        if here is None:
            return (f"dvc.lock has no {entry.address}",)
        other = [path for path, md5 in entry.outs.items() if here.outs.get(path) != md5]
        if other:
            return tuple(f"{path} is another result here" for path in other)
        return ("the same outputs were made from other inputs here",)
