"""Where the result of a recorded run stands: the dvc.lock that holds it."""

from dataclasses import dataclass

from dualgeo.errors import DualGeoError
from dualgeo.lineage.history import LockText, read_text
from dualgeo.lineage.project import Project
from dualgeo.lineage.records import RunRecord
from dualgeo.lockfile import Entry, Lock


@dataclass(frozen=True)
class Origin:
    """A dvc.lock that holds a run's result."""

    text: LockText
    lock: Lock
    note: str = ""
    """Where it was read, where that is neither the run itself nor the workspace."""


def origin_of(project: Project, run: RunRecord) -> Origin:
    """Look in the run's own files, in the workspace, at the run's commit, then in all of git.

    Raises DualGeoError where nobody has it.
    """
    own = project.records.lock_text(run)
    if own is not None and run.address in (lock := own.parse()).entries:
        return Origin(own, lock)
    if not run.data_version:
        raise DualGeoError(
            f"MLflow run {run.run_id} ({run.status}) has no result to trace: it did not record a data version."
        )
    if holds(project.lock.entries.get(run.address), run):
        return Origin(read_text(project.root), project.lock)
    found = _in_git(project, run)
    if found is None:
        raise DualGeoError(
            f"The result of MLflow run {run.run_id} ({run.address}, data version {run.data_version}) can no longer be "
            "traced: the run has no provenance/dvc.lock, and neither this workspace nor the newest "
            f"{project.history.limit} commits of dvc.lock hold it."
        )
    return found


def holds(entry: Entry | None, run: RunRecord) -> bool:
    """Whether an entry is what a run recorded; runs that were not tracked yet do not know their inputs."""
    return entry is not None and entry.data_version == run.data_version and run.inputs in ("", entry.input_digest)


def _in_git(project: Project, run: RunRecord) -> Origin | None:
    text = project.history.text_at(run.commit) if run.commit else None
    if text is not None and holds((lock := text.parse()).entries.get(run.address), run):
        return Origin(text, lock, f"Read from dvc.lock of its commit {run.commit[:12]}.")
    found = project.history.find(lambda entry: holds(entry, run), run.address)
    text = project.history.text_at(found[0].sha) if found else None
    if found is None or text is None:
        return None
    return Origin(text, text.parse(), f"Read from dvc.lock of commit {found[0].sha[:12]} ({found[0].subject}).")
