"""`dualgeo reproduce`: check a run's commit out, bring its result back, compare, and say whether it is the same."""

import errno
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dualgeo.errors import DualGeoError
from dualgeo.lineage.programs import find_program
from dualgeo.lineage.project import Project
from dualgeo.lineage.reproduce.compare import Pair, compare
from dualgeo.lineage.reproduce.packages import differing_packages
from dualgeo.lineage.reproduce.prepare import foreign_inputs, prepare
from dualgeo.lineage.reproduce.rebuild import Rebuilt, rebuild
from dualgeo.lineage.reproduce.recording import Recording, read_recording
from dualgeo.lineage.reproduce.worktree import Worktree, held_alone, open_worktree, remove_worktree
from dualgeo.progress import say
from dualgeo.workspace import Workspace

LOG_WIDTH = 140
MOST_ROWS = 40
MOST_NAMES = 12


def reproduce_run(workspace: Workspace, what: str, rerun: bool = False, keep: bool = False) -> int:
    """Reproduce the run that `what` names; exit status 0 when every figure is equal bit for bit, else 1.

    The workspace itself is not touched: all happens in a git worktree below .dualgeo/reproduce, which is removed
    afterwards unless `keep`. After Ctrl-C or a stage that failed it stays, and the same command goes on there.
    Raises DualGeoError for a run that cannot be reproduced, with the reason.
    """
    project = Project(workspace.root)
    find_program("dvc")
    recording = read_recording(project, what)
    run_id = recording.run.run_id
    with held_alone(project.root, run_id):
        say(f"Reproducing {recording.run.address} of MLflow run {run_id} at commit {recording.commit[:12]}")
        worktree = open_worktree(project.root, run_id, recording.commit, rerun)
        try:
            if not worktree.progress.prepared:
                _prepare(project, worktree, recording)
            rebuilt = rebuild(worktree, recording.closure)
            entry = recording.closure.entries[recording.run.address]
            pairs = compare(project.records, recording.run, worktree.root, entry)
        except KeyboardInterrupt:
            say(
                f"Stopped. The same command goes on in {worktree.top}, which stays for that; "
                f"`git worktree remove --force {worktree.top}` takes it away."
            )
            raise
        except DualGeoError as error:
            kept = f" ({worktree.top} stays, and the same command goes on there)" if worktree.top.exists() else ""
            raise DualGeoError(f"{error}{kept}") from None
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise DualGeoError(
                f"The disk is full. Make room and repeat the command, or `git worktree remove --force {worktree.top}`."
            ) from None
        status = _report(recording, worktree, rebuilt, pairs)
        if keep:
            say(f"The worktree stays in {worktree.top}")
        else:
            remove_worktree(project.root, worktree.top)
        return status


def _prepare(project: Project, worktree: Worktree, recording: Recording) -> None:
    """A worktree that could not be prepared is of no use to anyone."""
    try:
        prepare(project.root, worktree, recording)
    except DualGeoError:
        remove_worktree(project.root, worktree.top)
        raise


def _report(recording: Recording, worktree: Worktree, rebuilt: Rebuilt, pairs: list[Pair]) -> int:
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    differing = [pair for pair in pairs if not pair.equal]
    if differing:
        console.print(_table(differing))
    for line in [*recording.notes, *_circumstances(worktree, recording, rebuilt)]:
        console.print(Text(line), soft_wrap=True)
    console.print(Text(_verdict(recording, rebuilt, pairs, differing)), soft_wrap=True)
    return 1 if differing else 0


def _table(differing: list[Pair]) -> Table:
    title = "Figures that differ" + (f" (the first {MOST_ROWS})" if len(differing) > MOST_ROWS else "")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("figure", overflow="fold")
    for heading in ("recorded", "now", "difference"):
        table.add_column(heading, justify="right", overflow="fold")
    for pair in differing[:MOST_ROWS]:
        difference = "" if pair.difference is None else f"{pair.difference:+.6g}"
        table.add_row(Text(pair.name), _figure(pair.recorded), _figure(pair.now), difference)
    return table


def _circumstances(worktree: Worktree, recording: Recording, rebuilt: Rebuilt) -> list[str]:
    """What else may tell why figures are as they are."""
    lines = [f"Restored: {_listed(rebuilt.restored)}."] if rebuilt.restored else []
    if rebuilt.made:
        lines.append(f"Run again: {_listed(rebuilt.made)}.")
    foreign = foreign_inputs(worktree.root, recording)
    if foreign:
        lines.append(f"Not as dvc.lock recorded them: {_listed(foreign)}.")
    packages = differing_packages(worktree.root)
    if packages:
        lines.append(f"Packages of other versions than the commit's requirements.lock: {_listed(packages)}.")
    return lines


def _verdict(recording: Recording, rebuilt: Rebuilt, pairs: list[Pair], differing: list[Pair]) -> str:
    what = f"{recording.run.address} of run {recording.run.run_id}"
    first = f" The first stage that gave other outputs is {rebuilt.differing[0]}." if rebuilt.differing else ""
    if not differing:
        return f"{what}: all {len(pairs)} figures are equal bit for bit.{first}"
    names = _listed([pair.name for pair in differing])
    return f"{what}: {len(differing)} of {len(pairs)} figures differ ({names}).{first}"


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _figure(value: float | str | None) -> str:
    return "none" if value is None else str(value)
