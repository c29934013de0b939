"""What must be known of a recorded run before it can be brought back."""

import re
from dataclasses import dataclass

from dualgeo.errors import DualGeoError
from dualgeo.lineage.git import GitRefused, git
from dualgeo.lineage.history import LockText
from dualgeo.lineage.origin import holds, origin_of
from dualgeo.lineage.project import Project
from dualgeo.lineage.records import PROVENANCE, RECORDED_STAGES, RunRecord
from dualgeo.lockfile import Lock
from dualgeo.tracking.names import PATCH

RUN_PREFIX = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True)
class Recording:
    """A run and all that its result rests on."""

    run: RunRecord
    commit: str
    patch: bytes | None
    """What the code differed by from the commit; None for a clean run."""
    text: LockText
    """A dvc.lock that holds the result."""
    closure: Lock
    """The result's entry and those that it rests on."""
    notes: tuple[str, ...]


def read_recording(project: Project, what: str) -> Recording:
    """The run that `what` names: a run id, how one begins, or a cell for its current run.

    Raises DualGeoError for no such run, and for one that cannot be brought back, with the reason.
    """
    run = _find(project, what)
    if run.status != "FINISHED":
        raise DualGeoError(f"MLflow run {run.run_id} is {run.status}: it recorded no result that could be reproduced.")
    if run.stage not in RECORDED_STAGES:
        raise DualGeoError(f"MLflow run {run.run_id} is no training or score of this project; reproduce one of those.")
    if not project.history.exists:
        raise DualGeoError(f"{project.root} has no git history, so there is no commit to check out.")
    origin = origin_of(project, run)
    commit, note = _commit(project, run)
    notes = tuple(each for each in (origin.note, note) if each)
    return Recording(run, commit, _patch(project, run), origin.text, origin.lock.closure(run.address), notes)


def _find(project: Project, what: str) -> RunRecord:
    if not project.records.exists:
        raise DualGeoError(
            "There is no MLflow store here, so nothing is recorded; `dualgeo track` records what lies here."
        )
    if RUN_PREFIX.fullmatch(what):
        run = project.records.run(what)
        if run is None:
            raise DualGeoError(f"There is no MLflow run {what}; `make mlflow` shows the ids of those that there are.")
        return run
    address = what.replace("/", "@", 1)
    current = project.records.current(address)
    if not current:
        raise DualGeoError(
            f"'{what}' is no MLflow run id, and no current run recorded {address}; name a training or score such as "
            "score@dual-0 (`dualgeo track` records what lies in the workspace)."
        )
    return current[0]


def _commit(project: Project, run: RunRecord) -> tuple[str, str]:
    """The commit whose code made the result, and a note where the run itself does not name it."""
    if not run.commit:
        found = project.history.find(lambda entry: holds(entry, run), run.address)
        if found is None:
            raise DualGeoError(
                f"MLflow run {run.run_id} names no commit (it was recorded from outputs that lay here, not while it "
                "ran), and no commit's dvc.lock holds its result; commit dvc.lock, then repeat."
            )
        return found[
            0
        ].sha, f"The run names no commit; {found[0].sha[:12]} is the newest whose dvc.lock holds its result."
    try:
        git(project.root, "cat-file", "-e", f"{run.commit}^{{commit}}")
    except GitRefused:
        raise DualGeoError(
            f"Commit {run.commit} of MLflow run {run.run_id} is not in this repository; fetch the branch that had it "
            "(`git fetch --all`), or ask whoever made the run to push it."
        ) from None
    return run.commit, ""


def _patch(project: Project, run: RunRecord) -> bytes | None:
    if not run.dirty:
        return None
    patch = project.records.file(run, f"{PROVENANCE}/changes.patch")
    if patch is None:
        why = run.tags.get(PATCH)
        reason = f"was not kept ({why})" if why else "is missing among its files"
        raise DualGeoError(
            f"MLflow run {run.run_id} was made from code that differed from its commit, and the difference "
            f"(provenance/changes.patch) {reason}; without it the run cannot be reproduced."
        )
    return patch
