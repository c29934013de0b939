"""Put a fresh worktree into the state that a run was made in: code changes, dvc.lock, pinned data, DVC's settings."""

from pathlib import Path

import yaml

from dualgeo.errors import DualGeoError
from dualgeo.files import write_text
from dualgeo.lineage.digests import Digests
from dualgeo.lineage.git import GitRefused, git
from dualgeo.lineage.params_files import ParamsFiles
from dualgeo.lineage.reproduce.recording import Recording
from dualgeo.lineage.reproduce.settings import write_settings
from dualgeo.lineage.reproduce.worktree import Worktree
from dualgeo.lockfile import parse_yaml


def prepare(main: Path, worktree: Worktree, recording: Recording) -> None:
    """Do all of it. DualGeoError when the patch does not fit the commit or the commit has no DVC project."""
    if recording.patch:
        try:
            git(worktree.top, "apply", "--whitespace=nowarn", "-", given=recording.patch)
        except GitRefused as error:
            raise DualGeoError(
                f"provenance/changes.patch of run {recording.run.run_id} does not apply: {error}"
            ) from None
    if not (worktree.root / "dvc.yaml").is_file() or not (worktree.root / ".dvc").is_dir():
        raise DualGeoError(
            f"Commit {recording.commit[:12]} has no dvc.yaml or no .dvc folder; it cannot be run with DVC."
        )
    _pin(worktree.root, recording)
    write_settings(main, worktree.root)
    worktree.progress.prepared = True
    worktree.save()


def foreign_inputs(root: Path, recording: Recording) -> list[str]:
    """Code and params of the worktree that are not those which dvc.lock says the result was made from."""
    digests, params = Digests(root), ParamsFiles(root)
    found = dict[str, None]()
    for entry in recording.closure.entries.values():
        code = {path: md5 for path, md5 in entry.deps.items() if not recording.closure.makers(path)}
        found |= dict.fromkeys(path for path, md5 in code.items() if digests.md5(path) != md5)
        found |= dict.fromkeys(
            f"{changed.name} = {changed.now}, recorded {changed.stated}" for changed in params.changed(entry.params)
        )
    return list(found)


def _pin(root: Path, recording: Recording) -> None:
    """The recorded entries go over those of the commit: a run is recorded before its entry is committed."""
    path = root / "dvc.lock"
    document = parse_yaml(path.read_text(encoding="utf-8"), "dvc.lock") if path.exists() else {}
    recorded = parse_yaml(recording.text.lock, "dvc.lock").get("stages") or {}
    wanted = {name: stated for name, stated in recorded.items() if name in recording.closure.entries}
    document = {"schema": "2.0", **document, "stages": {**(document.get("stages") or {}), **wanted}}
    write_text(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10**6))
    for name, text in recording.text.data_files.items():
        if name in recording.closure.entries:
            write_text(root / name, text)
