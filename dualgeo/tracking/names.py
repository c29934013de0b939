"""Names of tags and experiments in the MLflow store: what users filter by and other parts of the project read."""

TRAINING = "dualgeo/training"
SCORES = "dualgeo/scores"

INPUTS = "dualgeo.inputs"
"""Digest of command, params and dependencies, as dvc.lock states them; known once `dualgeo track` saw dvc.lock."""
DATA_VERSION = "dualgeo.data_version"
"""Digest of the outputs; Dagster shows the same string."""
DATA = "dualgeo.data"
"""The md5 by which DVC knows the dataset's folder."""
CURRENT = "dualgeo.current"
"""`true` on the one finished run of a stage and cell whose result lies in the workspace now, else `false`."""
TRAINING_RUN = "dualgeo.training_run"
"""On a score: the run id of the training it rests on."""
REPEATS = "dualgeo.repeats"
"""On a training that gave the same bytes from the same inputs as an earlier one: that run's id."""
PATCH = "dualgeo.patch"
ERROR = "dualgeo.error"
PROCESS = "dualgeo.process"
"""The process that writes the run: host, number and when it started."""
STAGE = "dvc.stage"
CELL = "dvc.cell"
NOTE = "mlflow.note.content"

EXPERIMENT_OF = {"train": TRAINING, "score": SCORES}
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}
"""Without it MLflow's pages may take the experiments for those of language models."""
NOTES = {
    TRAINING: (
        "One run for each training of a system (variant and seed). Show only those whose result lies in the workspace "
        "now with the filter ``tags.`dualgeo.current` = 'true'``. Select runs and press *Compare* to lay their loss "
        "curves over each other; group by `variant` to see the seeds together. A run's description is its model card."
    ),
    SCORES: (
        "One run for each score of a system. Show only those whose result lies in the workspace now with the filter "
        "``tags.`dualgeo.current` = 'true'``, one variant with ``tags.variant = 'dual'``. Figures are named "
        "`QUERY-SET/FIGURE`, for example `atlas-night/acc_25` (percent within 25 km), `.../acc_25_low` and "
        "`.../acc_25_high` (95 % interval), `.../median_km`, `.../oracle_25` (what the gallery allows). "
        "`validation/...` are the photos by which systems are chosen; the query sets are for reporting. "
        "`dualgeo.training_run` leads to the training."
    ),
}
