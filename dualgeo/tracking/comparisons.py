"""Every variant held against the baseline over all its seeds: a run for each pair, as the report tells it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.pairs import pairs_of
from dualgeo.lockfile import digest
from dualgeo.params import Params, ScoreParams
from dualgeo.progress import say
from dualgeo.tracking import facts
from dualgeo.tracking.names import COMPARISONS, CURRENT, INPUTS, NOTE, PROCESS, SCORE_RUNS
from dualgeo.tracking.recorder import Recorder
from dualgeo.tracking.results import Result
from dualgeo.tracking.store import experiment_id
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from dualgeo.evaluation.compare import Difference

TABLE = "differences.json"
LONGEST_NOTE = 7900


@dataclass(frozen=True)
class Pair:
    """Two variants and the scores of their seeds."""

    variant: str
    baseline: str
    mine: tuple[Result, ...]
    other: tuple[Result, ...]

    @property
    def name(self) -> str:
        return f"{self.variant} against {self.baseline}"

    def inputs(self, params: ScoreParams) -> str:
        """Digest of what decides the outcome: the scored tables and how they are compared."""
        sides = [[(each.address, each.data_version) for each in side] for side in (self.mine, self.other)]
        return digest([self.name, sides, params.model_dump(mode="json")])


def pairs_here(params: Params, results: Sequence[Result]) -> list[Pair]:
    """The pairs of which every seed that params.yaml names has a score here."""
    scores = {result.cell: result for result in results if result.stage == "score"}
    sides = {
        variant: tuple(result for cell, result in scores.items() if cell.variant == variant)
        for variant in params.systems.variants
    }
    whole = [variant for variant, side in sides.items() if len(side) == len(params.systems.seeds)]
    pairs = [pair for pair in pairs_of(params.systems.variants) if set(pair) <= set(whole)]
    return [Pair(variant, baseline, sides[variant], sides[baseline]) for variant, baseline in pairs]


def track_comparisons(
    client: "MlflowClient", workspace: Workspace, params: Params, results: Sequence[Result], score_runs: dict[str, str]
) -> dict[str, str]:
    """Give every pair its run, mark those as current and all others as not; what each says by variant.

    `score_runs`: address of a score -> its run. A pair that was compared before is not compared again. One whose
    tables cannot be read is said and left out.
    """
    known = _runs(client)
    said: dict[str, str] = {}
    current: set[str] = set()
    for pair in pairs_here(params, results):
        run = known.get(pair.inputs(params.score)) or _compare(client, workspace, params, pair, score_runs)
        if run is not None:
            current.add(run.info.run_id)
            said[pair.variant] = run.data.tags.get(NOTE, "")
    for run in _runs(client).values():
        wanted = str(run.info.run_id in current).lower()
        if run.data.tags.get(CURRENT) != wanted:
            client.set_tag(run.info.run_id, CURRENT, wanted)
    return said


def _runs(client: "MlflowClient") -> "dict[str, Run]":
    """Every finished comparison by its input digest."""
    found: dict[str, Run] = {}
    token = None
    while True:
        page = client.search_runs(
            [experiment_id(client, COMPARISONS)], "attributes.status = 'FINISHED'", max_results=1000, page_token=token
        )
        found |= {run.data.tags.get(INPUTS, ""): run for run in page}
        token = page.token
        if not token:
            return found


def _compare(
    client: "MlflowClient", workspace: Workspace, params: Params, pair: Pair, score_runs: dict[str, str]
) -> "Run | None":
    import pandas as pd
    import pyarrow as pa

    from dualgeo.evaluation.compare import compare

    try:
        sides = [
            [pd.read_parquet(workspace.scores(each.cell) / "queries.parquet") for each in side]
            for side in (pair.mine, pair.other)
        ]
        found = compare(sides[0], sides[1], params.score)
    except (DualGeoError, KeyError, OSError, pa.ArrowException) as error:
        say(f"MLflow: {pair.name} was not compared ({facts.in_words(error, 200).rstrip('.')}).")
        return None
    tags = {"mlflow.runName": pair.name, "variant": pair.variant, "baseline": pair.baseline, CURRENT: "false"}
    tags |= {PROCESS: facts.process_name(), "mlflow.source.name": "dualgeo track", "mlflow.source.type": "JOB"}
    tags[SCORE_RUNS] = " ".join(score_runs[each.address] for each in (*pair.mine, *pair.other))
    run = client.create_run(experiment_id(client, COMPARISONS), tags=tags)
    recorder = Recorder(client, run.info.run_id)
    recorder.params(_params(params, pair))
    recorder.metrics(comparison_metrics(found))
    client.log_table(run.info.run_id, difference_table(found), TABLE)
    recorder.tags({NOTE: comparison_note(pair, found), INPUTS: pair.inputs(params.score)})
    recorder.end("FINISHED")
    return client.get_run(run.info.run_id)


def _params(params: Params, pair: Pair) -> dict[str, Any]:
    seeds = {"seeds": [r.cell.seed for r in pair.mine], "baseline_seeds": [r.cell.seed for r in pair.other]}
    return (
        {"variant": pair.variant, "baseline": pair.baseline, "dataset": params.dataset}
        | seeds
        | facts.sections(params, "score")
    )


def comparison_metrics(found: "dict[str, dict[str, Difference]]") -> dict[str, float]:
    """`atlas-night/gain_25` in points with `_low`, `_high`, `_p` (Holm-corrected, what decides) and `_detectable`."""
    metrics: dict[str, float] = {}
    for query_set, by_threshold in found.items():
        for km, gain in by_threshold.items():
            name = f"{query_set}/gain_{km}"
            values = {"": gain.points, "_low": gain.low, "_high": gain.high, "_p": gain.p_holm}
            metrics |= {f"{name}{part}": value for part, value in (values | {"_detectable": gain.detectable}).items()}
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def difference_table(found: "dict[str, dict[str, Difference]]") -> dict[str, list[Any]]:
    """Everything that was compared as columns, a row a query set and threshold."""
    rows = [
        {"query_set": query_set, "threshold_km": float(km)} | vars(gain) | {"decided": gain.decided}
        for query_set, by_threshold in found.items()
        for km, gain in by_threshold.items()
    ]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def comparison_note(pair: Pair, found: "dict[str, dict[str, Difference]]") -> str:
    """What the report says of the pair: a line for each query set and threshold where a difference was shown."""
    lines = [f"{pair.variant} against {pair.baseline}, Holm-corrected over the thresholds of each query set.", ""]
    for query_set, by_threshold in found.items():
        decided = {km: gain for km, gain in by_threshold.items() if gain.decided}
        if decided:
            words = [gain.words(pair.variant, pair.baseline, float(km)) for km, gain in decided.items()]
            lines += [f"- {query_set}: {sentence}" for sentence in words]
        else:
            least = min(gain.p_holm for gain in by_threshold.values())
            lines.append(f"- {query_set}: no difference could be shown at any threshold (smallest p = {least:.2g})")
    return "\n".join(lines)[:LONGEST_NOTE] + "\n"
