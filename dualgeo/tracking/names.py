"""Names of tags and experiments in the MLflow store: what users filter by and other parts of the project read."""

TRAINING = "dualgeo/training"
SCORES = "dualgeo/scores"
COMPARISONS = "dualgeo/comparisons"

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
SCORE_RUNS = "dualgeo.score_runs"
"""On a comparison: the run ids of the scores it rests on, the variant's first."""
CALLS = "dualgeo.lmm_calls"
"""On a score: digest of the model's answers whose traces are linked to it."""
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
        "`.../acc_25_high` (95 % interval), `.../median_km`, `.../oracle_25` (what the gallery allows), "
        "`.../filtered_acc_25` (without the gallery photos that give queries away), `.../design_effect_25`. "
        "Whether one variant beats another is in the experiment `dualgeo/comparisons`; do not judge by single seeds. "
        "`validation/...` are the photos by which systems are chosen; the query sets are for reporting. "
        "`dualgeo.training_run` leads to the training. Where a large multimodal model was asked, `lmm/...` says what "
        "that cost, and every call is a trace of the run."
    ),
    COMPARISONS: (
        "One run for each variant held against the baseline on the same queries, all seeds together, made by "
        "`dualgeo track` with the numbers of the report. Show those of now with ``tags.`dualgeo.current` = 'true'``. "
        "Figures are named `QUERY-SET/gain_25` (points of accuracy within 25 km), `.../gain_25_low` and "
        "`.../gain_25_high` (interval), `.../gain_25_p` (two-sided, over photographers and seeds, Holm-corrected over "
        "the thresholds of the query set: a difference was shown where it is at most 0.05) and "
        "`.../gain_25_detectable` (the smallest true difference that would be found with 80 % power). "
        "The table `differences.json` has all of it with uncorrected p, McNemar's p and design effects."
    ),
}
