"""What a user can ask the lineage of: paths, addresses, asset keys, report rows, runs and data versions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lineage.figures import ReportRow, read_row, row_names
from dualgeo.lineage.origin import origin_of
from dualgeo.lineage.project import Project
from dualgeo.lineage.records import DAGSTER_RUN, RunRecord
from dualgeo.lockfile import Entry, Lock
from dualgeo.tracking.names import DATA_VERSION

RUN_ID = re.compile(r"[0-9a-f]{32}")
VERSION = re.compile(r"[0-9a-f]{16}")
DAGSTER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Target:
    """What was asked for, as entries of dvc.lock files."""

    kind: str
    """output, stage, report row, MLflow run, data version or Dagster run."""
    roots: tuple[tuple[Lock, str], ...]
    """A lock and the address in it, once for each result."""
    notes: tuple[str, ...] = ()
    """Where the entries were found, where that is not this workspace's dvc.lock."""
    row: ReportRow | None = None


def resolve(project: Project, what: str) -> Target:
    """Find what `what` names. DualGeoError says what could be asked for instead."""
    ways: tuple[Callable[[Project, str], Target | None], ...] = (_stage, _path, _row, _run, _version, _dagster_run)
    for way in ways:
        found = way(project, what)
        if found is not None:
            return found
    rows = row_names(project.root, project.lock)
    row = f", a report row ({rows[0]})" if rows else ""
    raise DualGeoError(
        f"'{what}' is no output, stage, report row, run or data version known here; give a path (reports/index.html), "
        f"a stage (score@dual-0){row}, an MLflow run id, or a data version or run id of Dagster."
    )


def _stage(project: Project, what: str) -> Target | None:
    """`score@dual-0` or `report`, and Dagster's `score/dual-0` and `data`; a stage's name alone means all its cells."""
    entries = project.lock.entries
    for address in (what, what.replace("/", "@", 1), f"{what}.dvc"):
        if address in entries:
            return Target("stage", ((project.lock, address),))
    cells = [address for address, entry in entries.items() if entry.stage == what]
    return Target("stage", tuple((project.lock, address) for address in cells)) if cells else None


def _path(project: Project, what: str) -> Target | None:
    for path in _below_root(project.root, what):
        makers = project.lock.makers(path)
        if makers:
            return Target("output", tuple((project.lock, maker) for maker in makers))
        readers = dict.fromkeys(entry.stage for entry in project.lock.entries.values() if _reads(entry, path))
        if readers and (project.root / path).exists():
            raise DualGeoError(
                f"{path} is no output of a stage; it is read by {', '.join(readers)}. Ask for one of those."
            )
    return None


def _below_root(root: Path, what: str) -> list[str]:
    """`what` as paths below the project folder, taken from where the user is and from the project folder."""
    found = dict[str, None]()
    for path in (Path.cwd() / what, root / what):
        # Not resolved: DVC may have put links to its cache in the place of outputs.
        plain = Path(re.sub(r"/[^/]+/\.\.(?=/|$)", "", path.as_posix()))
        if plain.is_relative_to(root) and plain != root:
            found[plain.relative_to(root).as_posix()] = None
    return list(found)


def _reads(entry: Entry, path: str) -> bool:
    return any(path == dep or path.startswith(f"{dep}/") for dep in entry.deps) or path in entry.params


def _row(project: Project, what: str) -> Target | None:
    row = read_row(project.root, project.lock, what) if "/" in what else None
    return Target("report row", tuple((project.lock, each) for each in row.addresses), row=row) if row else None


def _run(project: Project, what: str) -> Target | None:
    if not RUN_ID.fullmatch(what):
        return None
    run = project.records.run(what)
    if run is None:
        where = "the MLflow store has no such run" if project.records.exists else "there is no MLflow store here"
        raise DualGeoError(
            f"There is no MLflow run {what}: {where} (`dualgeo track` records what lies in the workspace)."
        )
    origin = origin_of(project, run)
    return Target("MLflow run", ((origin.lock, run.address),), (origin.note,) if origin.note else ())


def _version(project: Project, what: str) -> Target | None:
    if not VERSION.fullmatch(what):
        return None
    here = [address for address, entry in project.lock.entries.items() if entry.data_version == what]
    if here:
        return Target("data version", tuple((project.lock, address) for address in here))
    files = ["", *(address for address in project.lock.entries if address.endswith(".dvc"))]
    searched = (project.history.find(lambda entry: entry.data_version == what, file) for file in files)
    found = next((each for each in searched if each), None)
    text = project.history.text_at(found[0].sha) if found else None
    if found and text:
        note = f"Read from dvc.lock of commit {found[0].sha[:12]} ({found[0].subject})."
        return Target("data version", ((text.parse(), found[1].address),), (note,))
    runs = project.records.tagged(DATA_VERSION, what)
    return _of_runs(project, "data version", runs) if runs else None


def _dagster_run(project: Project, what: str) -> Target | None:
    if not DAGSTER_ID.fullmatch(what):
        return None
    runs = [run for run in project.records.tagged(DAGSTER_RUN, what) if run.data_version]
    if not runs:
        raise DualGeoError(
            f"No MLflow run names the Dagster run {what}: it neither trained nor scored, or its records are not here. "
            "Ask for one of its assets (score/dual-0) or for a data version that Dagster shows."
        )
    return _of_runs(project, "Dagster run", runs)


def _of_runs(project: Project, kind: str, runs: list[RunRecord]) -> Target:
    """One root for each different result; a run that nobody can trace any more is a note, unless all are."""
    roots: list[tuple[Lock, str]] = []
    notes: list[str] = []
    for run in runs:
        try:
            origin = origin_of(project, run)
        except DualGeoError as error:
            notes.append(str(error))
            continue
        notes += [origin.note] if origin.note else []
        if all(origin.lock.entries[run.address] != of.entries[address] for of, address in roots):
            roots.append((origin.lock, run.address))
    if not roots:
        raise DualGeoError(notes[0])
    return Target(kind, tuple(roots), tuple(dict.fromkeys(notes)))
