"""Recompute every digest that dvc.lock states, from the bytes, and hold its entries against each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dualgeo.lineage.digests import Digests
from dualgeo.lineage.listings import Listings
from dualgeo.lineage.params_files import ParamsFiles
from dualgeo.lineage.records import RECORDED_STAGES, RunRecord
from dualgeo.lockfile import Entry, Lock, folder_md5
from dualgeo.progress import progress


@dataclass(frozen=True)
class Fault:
    """One statement that does not hold."""

    address: str
    what: str
    """output, input, param, link or MLflow."""
    subject: str
    """A path, a param or a run id."""
    stated: str
    found: str


@dataclass
class Tally:
    """How many statements were looked at, and those that do not hold."""

    faults: list[Fault]
    outputs: int = 0
    inputs: int = 0
    params: int = 0
    links: int = 0
    runs: int = 0
    unchecked: int = 0
    """Links that could not be judged because what they compare is gone; the missing bytes are faults of their own."""

    def total(self) -> int:
        """Every statement that was checked."""
        return self.outputs + self.inputs + self.params + self.links + self.runs


def read_files(entries: Iterable[Entry], digests: Digests) -> int:
    """Hash every file that `entries` name, each once, showing progress; returns how many there are."""
    named = dict.fromkeys(path for entry in entries for path in [*entry.outs, *entry.deps])
    files = dict.fromkeys(file for path in named for file in digests.paths(path))
    for file in progress(files, len(files), "Reading files"):
        digests.file(file)
    return len(files)


def verify_entries(lock: Lock, digests: Digests, listings: Listings, tally: Tally) -> None:
    """Check the outputs, inputs and params of the entries of `lock`, and their links to what made their inputs."""
    params = ParamsFiles(digests.root)
    for entry in lock.entries.values():
        tally.outputs += len(entry.outs)
        tally.inputs += len(entry.deps)
        tally.params += sum(len(values) for values in entry.params.values())
        tally.faults += _bytes(entry.address, "output", entry.outs, digests)
        tally.faults += _bytes(entry.address, "input", entry.deps, digests)
        tally.faults += [
            Fault(entry.address, "param", changed.name, changed.stated, changed.now)
            for changed in params.changed(entry.params)
        ]
        for path, md5 in entry.deps.items():
            makers = [lock.entries[maker] for maker in lock.makers(path) if maker != entry.address]
            if makers:
                _link(entry.address, path, md5, makers, listings, tally)


def verify_runs(lock: Lock, addresses: Iterable[str], runs: list[RunRecord], tally: Tally) -> list[str]:
    """Hold the current MLflow runs against dvc.lock; returns the trained or scored addresses that have no run."""
    wanted = set(addresses)
    by_address: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.address in wanted or run.address not in lock.entries:
            by_address.setdefault(run.address, []).append(run)
    for address, current in by_address.items():
        entry = lock.entries.get(address)
        found = f"data version {entry.data_version}" if entry else "no such entry in dvc.lock"
        for run in current:
            tally.runs += 1
            if entry is None or run.data_version != entry.data_version:
                stated = f"current, data version {run.data_version or 'not recorded'}"
                tally.faults.append(Fault(address, "MLflow", run.run_id, stated, found))
        if len(current) > 1:
            tally.faults.append(Fault(address, "MLflow", "runs", "one current run", f"{len(current)} current runs"))
    recorded = [address for address in wanted if lock.entries[address].stage in RECORDED_STAGES]
    return sorted(address for address in recorded if address not in by_address)


def _bytes(address: str, what: str, stated: Mapping[str, str], digests: Digests) -> list[Fault]:
    found = {path: digests.md5(path) for path in stated}
    return [
        Fault(address, what, path, stated[path], md5 or "missing") for path, md5 in found.items() if md5 != stated[path]
    ]


def _link(address: str, path: str, md5: str, makers: list[Entry], listings: Listings, tally: Tally) -> None:
    """One input against the outputs that it is, lies in or holds."""
    for maker in makers:
        made = [(out, of) for out, of in maker.outs.items() if _related(path, out)]
        for out, of in made:
            judged = _differing(md5, of) if out == path else _nested(path, md5, out, of, listings)
            if judged is None:
                tally.unchecked += 1
                continue
            tally.links += 1
            if judged:
                tally.faults.append(Fault(address, "link", path, md5, f"{judged} made by {maker.address}"))


def _related(path: str, out: str) -> bool:
    return path == out or path.startswith(f"{out}/") or out.startswith(f"{path}/")


def _differing(read: str | None, made: str) -> str:
    """Empty where the link holds, else what was made instead of what was read."""
    return "" if read == made else made


def _nested(path: str, md5: str, out: str, of: str, listings: Listings) -> str | None:
    """As _differing for an input below an output, or a folder that holds it; None where it cannot be judged."""
    if path.startswith(f"{out}/"):
        made = listings.files(out, of)
        return None if made is None else _differing(md5, _part(made, path) or f"no {path}")
    read = listings.files(path, md5)
    return None if read is None else _differing(_part(read, out), of)


def _part(files: Mapping[str, str], path: str) -> str | None:
    """The digest of a file or folder among listed files."""
    if path in files:
        return files[path]
    below = {name.removeprefix(f"{path}/"): md5 for name, md5 in files.items() if name.startswith(f"{path}/")}
    return folder_md5(below) if below else None
