"""Bring a result's outputs back into a worktree: from DVC's cache and remotes, or by running their stages."""

import os
import shlex
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lineage.digests import Digests
from dualgeo.lineage.programs import ProgramFailed, run
from dualgeo.lineage.reproduce.settings import remote_names
from dualgeo.lineage.reproduce.worktree import Worktree
from dualgeo.lockfile import Entry, Lock, parse_yaml
from dualgeo.progress import say

DRAW_ATLAS = "dualgeo atlas"


@dataclass
class Rebuilt:
    """How each entry came back, in the order from the data to the result."""

    restored: list[str] = field(default_factory=list[str])
    made: list[str] = field(default_factory=list[str])
    differing: list[str] = field(default_factory=list[str])
    """Those that were made anew and whose outputs are other bytes than recorded."""


def rebuild(worktree: Worktree, closure: Lock) -> Rebuilt:
    """Bring every entry of `closure` back; with the worktree's `rerun` only raw data, all else is computed.

    Raises DualGeoError where raw data cannot be had, and where a stage fails.
    """
    order = [closure.entries[address] for address in _order(closure)]
    rerun = worktree.progress.rerun
    _restore(worktree.root, [entry for entry in order if not (rerun and entry.command)])
    rebuilt = Rebuilt()
    for entry in order:
        address = entry.address
        anew = rerun and bool(entry.command)
        if address not in worktree.progress.done:
            if not anew and _same(worktree.root, entry):
                rebuilt.restored.append(address)
                continue
            _make(worktree.root, entry)
            worktree.progress.done.append(address)
            worktree.save()
        rebuilt.made.append(address)
        if not _same(worktree.root, entry):
            rebuilt.differing.append(address)
    return rebuilt


def _order(closure: Lock) -> list[str]:
    return list(TopologicalSorter({address: closure.upstream(address) for address in closure.entries}).static_order())


def _same(root: Path, entry: Entry) -> bool:
    digests = Digests(root)
    return all(digests.md5(path) == md5 for path, md5 in entry.outs.items())


def _restore(root: Path, entries: list[Entry]) -> None:
    """From the cache, then from each remote; what neither has is left missing."""
    _checkout(root, entries)
    missing = [entry for entry in entries if not _same(root, entry)]
    for remote in remote_names(root) if missing else []:
        try:
            addresses = [entry.address for entry in missing]
            run(root, "dvc", "fetch", "--quiet", "--remote", remote, *addresses, log=_ignore)
        except ProgramFailed as error:
            say(f"DVC remote {remote} does not have all of it ({error.said[-1] if error.said else error}).")
        _checkout(root, missing)
        missing = [entry for entry in missing if not _same(root, entry)]
        if not missing:
            break


def _checkout(root: Path, entries: list[Entry]) -> None:
    if not entries:
        return
    command = ["checkout", "--quiet", "--force", "--allow-missing", *(entry.address for entry in entries)]
    try:
        run(root, "dvc", *command, log=_ignore)
    except ProgramFailed as error:
        raise DualGeoError(_failure("DVC could not bring outputs back from its cache", error)) from None


def _make(root: Path, entry: Entry) -> None:
    if not entry.command:
        _make_data(root, entry)
        return
    say(f"Running {entry.address}")
    # Not committed to the cache: what a rerun gives must not become what the main workspace finds there.
    command = ["repro", "--single-item", "--force", "--no-commit", "--no-run-cache", entry.address]
    try:
        run(root, "dvc", *command, log=_indented, extra=_own_code(root))
    except ProgramFailed as error:
        raise DualGeoError(_failure(f"{entry.address} could not be run", error)) from None


def _make_data(root: Path, entry: Entry) -> None:
    """Raw data that neither the cache nor a remote has: made by the command that their .dvc file names, or drawn."""
    document = parse_yaml((root / entry.address).read_text(encoding="utf-8"), entry.address)
    meta = document.get("meta") or {}
    params = root / "params.yaml"
    dataset = parse_yaml(params.read_text(encoding="utf-8"), "params.yaml").get("dataset") if params.exists() else ""
    command = str(meta.get("command") or (DRAW_ATLAS if dataset == "atlas" else ""))
    if not command:
        raise DualGeoError(
            f"The raw data that the run was made from ({', '.join(entry.outs)}, {', '.join(entry.outs.values())}) are "
            "neither in DVC's cache nor in a remote; `dvc pull` where they are, or put that state of data/ back and "
            "`dvc add data`, then repeat."
        )
    say(f"Making the raw data again: {command}")
    tool, *arguments = shlex.split(command)
    try:
        run(root, tool, *arguments, log=_indented, extra=_own_code(root))
    except ProgramFailed as error:
        raise DualGeoError(_failure("The raw data could not be made", error)) from None
    if not _same(root, entry):
        raise DualGeoError(
            f"`{command}` gave other raw data than those the run was made from ({', '.join(entry.outs.values())}), "
            "so that its figures cannot be compared."
        )


def _own_code(root: Path) -> dict[str, str]:
    """The worktree's package comes before the installed one."""
    others = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{root}{os.pathsep}{others}" if others else str(root)}


def _failure(what: str, error: ProgramFailed) -> str:
    said = " ".join(error.said[-3:])
    if "No space left on device" in said or "Errno 28" in said:
        return f"{what}: the disk is full. Make room, then repeat the command; it goes on from here."
    return f"{what}: {said or error}"


def _indented(line: str) -> None:
    say(f"  {line}")


def _ignore(line: str) -> None:
    """Of a quiet program only the failure is told, by the exception."""
