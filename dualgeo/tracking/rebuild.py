"""Record every result that lies in the workspace and is not recorded yet, e.g. after `dvc pull`, where nothing ran."""

import csv
from pathlib import Path
from typing import Any

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.tracking import facts
from dualgeo.tracking.runs import Recorder, find_run, finish_score, start_run
from dualgeo.tracking.store import SCORES, TRAINING, open_store
from dualgeo.workspace import Cell, Workspace

SCORED_BY = ("index", "retrieve", "refine", "score")


def track(workspace: Workspace, params: Params) -> int:
    """Bring the MLflow store in line with models/ and scores/; returns how many runs were added.

    Runs that are there are not doubled: they get the provenance tags that were not known while the stage ran (the
    digest of its inputs stands in dvc.lock only afterwards). Raises DualGeoError when the store cannot be written.
    """
    try:
        client = open_store(workspace)
        added = known = 0
        for stage, experiment, cell, folder in _results(workspace):
            key = facts.output_key(stage, cell, folder)
            run = find_run(client, experiment, key)
            if run is None:
                recorder = start_run(client, experiment, workspace, stage, cell, live=False)
                _fill(recorder, workspace, stage, cell, key)
                added += 1
            else:
                recorder = Recorder(client, run.info.run_id)
                known += 1
            recorder.tags(_provenance(workspace, stage, cell))
    except DualGeoError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise DualGeoError(f"The MLflow store in {workspace.root / 'mlruns'} cannot be written: {reason}") from error
    say(f"MLflow: {added} runs added, {known} were there.")
    return added


def _results(workspace: Workspace) -> list[tuple[str, str, Cell, Path]]:
    """Every complete result: stage, experiment, cell and folder."""
    root = workspace.root
    models = [("train", TRAINING, path.parent) for path in sorted(root.glob("models/*/config.json"))]
    scores = [("score", SCORES, path.parent) for path in sorted(root.glob("scores/*/metrics.json"))]
    return [(stage, experiment, Cell.parse(folder.name), folder) for stage, experiment, folder in models + scores]


def _fill(recorder: Recorder, workspace: Workspace, stage: str, cell: Cell, key: str) -> None:
    """Log what the outputs of one cell say about themselves, then close the run."""
    recorder.params(_params(workspace, stage, cell))
    if stage == "score":
        finish_score(recorder, workspace, cell, key)
        return
    folder = workspace.model(cell)
    for epoch, figures in _curve(folder / "curve.csv"):
        recorder.metrics(figures, step=epoch)
    recorder.files(folder / "config.json", folder / "curve.csv")
    recorder.tags({facts.KEY: key})
    recorder.end("FINISHED")


def _params(workspace: Workspace, stage: str, cell: Cell) -> dict[str, Any]:
    """The params that made a result, as dvc.lock and the result itself state them; not those of params.yaml now."""
    stages = SCORED_BY if stage == "score" else ("train",)
    found: dict[str, Any] = {}
    for name in stages:
        found |= facts.locked_params(facts.locked_entry(workspace, name, cell))
    if stage == "train":
        found |= facts.flat(read_json(workspace.model(cell) / "config.json"))
    return found


def _provenance(workspace: Workspace, stage: str, cell: Cell) -> dict[str, str]:
    entry = facts.locked_entry(workspace, stage, cell)
    data = [dep["md5"] for dep in entry.get("deps", []) if dep["path"].startswith("data/")]
    return {facts.INPUTS: facts.input_digest(entry), **({facts.DATA: data[0]} if data else {})} if entry else {}


def _curve(path: Path) -> list[tuple[int, dict[str, float]]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return [(int(row["epoch"]), {name: float(value) for name, value in row.items()}) for row in rows]
