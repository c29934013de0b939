"""What a run carries so that its result can be made again: the entries of dvc.lock it rests on, data, code changes."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import Lock, parse_yaml
from dualgeo.tracking import facts
from dualgeo.tracking.names import PATCH
from dualgeo.tracking.recorder import Recorder
from dualgeo.workspace import Workspace

FOLDER = "provenance"


def closure_text(workspace: Workspace, closure: Lock) -> str:
    """The entries of `closure` in dvc.lock's own format and order."""
    written = _read(workspace.root / "dvc.lock")
    stages = {name: stated for name, stated in written.get("stages", {}).items() if name in closure.entries}
    document = {"schema": written.get("schema", "2.0"), "stages": stages}
    return yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


def record_closure(recorder: Recorder, workspace: Workspace, closure: Lock) -> None:
    """Write provenance/dvc.lock and the .dvc files that `closure` rests on."""
    recorder.text(closure_text(workspace, closure), f"{FOLDER}/dvc.lock")
    data_files = [workspace.root / name for name in closure.entries if name.endswith(".dvc")]
    recorder.files(*data_files, below=FOLDER)


def record_code_changes(recorder: Recorder, workspace: Workspace, tags: dict[str, str]) -> None:
    """Write provenance/changes.patch where `tags` (of `facts.code_tags`) say that the code differs from its commit."""
    if tags.get("git.dirty") != "true":
        return
    patch = facts.code_changes(workspace.root)
    if patch is None:
        recorder.tags({PATCH: "too large"})
        return
    with tempfile.TemporaryDirectory() as folder:
        # As bytes: a patch may hold text of any encoding.
        path = Path(folder) / "changes.patch"
        path.write_bytes(patch)
        recorder.files(path, below=FOLDER)


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise DualGeoError(f"{path} cannot be read: {facts.in_words(error)}.") from None
