"""validate: what the raw photos must satisfy before anything is computed from them; a failure stops the pipeline."""

from dualgeo.errors import DualGeoError
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.validation.outcome import validate, write_outcome
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset> -> reports/validation. Raises DualGeoError, the page written, when an expectation fails."""
    dataset = workspace.data(params.dataset)
    if not dataset.exists():
        raise DualGeoError(f"{dataset} does not exist; make it with `dualgeo atlas` or `dualgeo ingest PATH`.")
    outcome = validate(dataset, params.validate_)
    write_outcome(outcome, workspace.validation)
    if not outcome.success:
        raise DualGeoError(f"{outcome.sentence()} See {workspace.validation / 'index.html'}.")
    say(outcome.sentence())
