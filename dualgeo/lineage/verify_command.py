"""`dualgeo lineage verify`: print what does not hold, and how much was looked at."""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dualgeo.errors import DualGeoError
from dualgeo.lineage.listings import Listings
from dualgeo.lineage.programs import ProgramFailed, ask
from dualgeo.lineage.project import Project
from dualgeo.lineage.targets import resolve
from dualgeo.lineage.verify import Fault, Tally, read_files, verify_entries, verify_runs
from dualgeo.lockfile import Entry, Lock
from dualgeo.progress import say
from dualgeo.workspace import Workspace

LOG_WIDTH = 200
MOST_ROWS = 200


def verify_lineage(workspace: Workspace, of: str = "") -> int:
    """Recompute every digest of the workspace, or of what `of` rests on; exit status 1 when something does not hold."""
    begun = time.monotonic()
    project = Project(workspace.root)
    if not project.lock.entries:
        raise DualGeoError(f"{workspace.root} has no dvc.lock and no .dvc file; run `dvc repro` or `dvc pull` first.")
    entries, notes = _chosen(project, of)
    tally = Tally([])
    files = read_files(entries.values(), project.digests)
    listings = Listings(project.digests, lambda: cache_folder(workspace.root))
    verify_entries(Lock(entries), project.digests, listings, tally)
    notes += _runs(project, entries, tally)
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    if tally.faults:
        console.print(_table(tally.faults[:MOST_ROWS]))
    if len(tally.faults) > MOST_ROWS:
        notes.append(f"{len(tally.faults) - MOST_ROWS} more are not shown.")
    if tally.unchecked:
        notes.append(
            f"{tally.unchecked} links could not be judged: what they compare is neither here nor in the cache."
        )
    for note in notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(_summary(tally, len(entries), files, time.monotonic() - begun)), soft_wrap=True)
    return 1 if tally.faults else 0


def cache_folder(root: Path) -> Path:
    """DVC's cache, where its settings put it; the usual place when dvc cannot be asked."""
    try:
        return root / ask(root, "dvc", "cache", "dir")
    except (ProgramFailed, DualGeoError):
        return root / ".dvc" / "cache"


def _chosen(project: Project, of: str) -> tuple[dict[str, Entry], list[str]]:
    """The entries to verify by address, and what to say about others."""
    if of:
        target = resolve(project, of)
        here = [address for lock, address in target.roots if lock.entries[address] == project.lock.entries.get(address)]
        if len(here) < len(target.roots):
            raise DualGeoError(
                f"'{of}' is an older result that this workspace no longer holds, so that there are no bytes to verify; "
                "`dualgeo reproduce` brings a recorded run back."
            )
        closures = [project.lock.closure(address).entries for address in here]
        return {name: entry for closure in closures for name, entry in closure.items()}, []
    declared = _declared(project.root)
    entries = {
        name: entry
        for name, entry in project.lock.entries.items()
        if declared is None or name in declared or name.endswith(".dvc")
    }
    left = [name for name in project.lock.entries if name not in entries]
    never = sorted((declared or set()) - set(project.lock.entries))
    notes = [f"Not looked at, for dvc.yaml no longer has them: {', '.join(left)}."] if left else []
    return entries, notes + ([f"Never run, so nothing is recorded: {', '.join(never)}."] if never else [])


def _declared(root: Path) -> set[str] | None:
    """The stages that dvc.yaml has now; None, with a word about it, where dvc cannot tell."""
    try:
        return set(ask(root, "dvc", "stage", "list", "--name-only").splitlines())
    except (ProgramFailed, DualGeoError) as error:
        said = error.said[-1] if isinstance(error, ProgramFailed) and error.said else str(error)
        say(f"dvc could not list the stages of dvc.yaml ({said}); every entry of dvc.lock is verified.")
        return None


def _runs(project: Project, entries: dict[str, Entry], tally: Tally) -> list[str]:
    if not project.records.exists:
        return ["There is no MLflow store here, so no runs were compared."]
    unrecorded = verify_runs(project.lock, entries, project.records.current(), tally)
    if unrecorded:
        return [f"No current MLflow run: {', '.join(unrecorded)} (`dualgeo track` records them)."]
    return []


def _table(faults: list[Fault]) -> Table:
    table = Table(title="What does not hold", title_justify="left", box=None, pad_edge=False)
    for heading in ("entry", "what", "of", "stated", "found"):
        table.add_column(heading, overflow="fold")
    for fault in faults:
        table.add_row(*map(Text, (fault.address, fault.what, fault.subject, fault.stated, fault.found)))
    return table


def _summary(tally: Tally, entries: int, files: int, seconds: float) -> str:
    looked = (
        f"{tally.outputs} outputs, {tally.inputs} inputs, {tally.params} params, {tally.links} links between entries, "
        f"{tally.runs} MLflow runs"
    )
    verdict = f"{len(tally.faults)} do not hold" if tally.faults else "all hold"
    checked = f"{tally.total()} statements of {entries} entries checked"
    return f"{checked} ({looked}; {files} files read): {verdict}. {seconds:.1f} s"
