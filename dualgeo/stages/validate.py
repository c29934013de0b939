"""validate: what the raw photos must satisfy before anything is computed from them; a failure stops the pipeline."""

from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.validation.outcome import validate, write_outcome
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset> -> reports/validation. Raises DualGeoError, the page written, when an expectation fails."""
    dataset = workspace.data(params.dataset)
    if not dataset.exists():
        raise DualGeoError(f"{dataset} does not exist; make it with `dualgeo atlas` or `dualgeo ingest PATH`.")
    _require_drawn_as_asked(dataset / "atlas.json", params)
    outcome = validate(dataset, params.validate_)
    write_outcome(outcome, workspace.validation)
    if not outcome.success:
        raise DualGeoError(f"{outcome.sentence()} See {workspace.validation / 'index.html'}.")
    say(outcome.sentence())


def _require_drawn_as_asked(record: Path, params: Params) -> None:
    """Data is no stage's output: without this an edited `atlas` section would be scored on the old world."""
    if record.exists() and read_json(record)["params"] != params.atlas.model_dump(mode="json"):
        raise DualGeoError(
            f"{record.parent} was drawn with other params than `atlas` of params.yaml; "
            "run `dualgeo atlas && dvc add data`, or put the params back."
        )
