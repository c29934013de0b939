"""What the output files of a result say about themselves, written to its run."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualgeo.files import read_json
from dualgeo.lockfile import Lock
from dualgeo.tracking.card import CARD, model_card, score_note
from dualgeo.tracking.datasets import data_digest, record_gallery, record_query_sets
from dualgeo.tracking.figures import curve_tables, oracle_table, score_metrics, strata_table, validation_metrics
from dualgeo.tracking.names import DATA, NOTE, TRAINING_RUN
from dualgeo.tracking.recorder import Recorder
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run


def record_training_files(recorder: Recorder, workspace: Workspace, cell: Cell) -> None:
    """Keep the config and the curve as artifacts; the weights stay with DVC and the registry."""
    folder = workspace.model(cell)
    recorder.files(folder / "config.json", folder / "curve.csv")


def record_curve(recorder: Recorder, workspace: Workspace, cell: Cell) -> None:
    """Log the figures of every epoch of a training that was not recorded while it ran."""
    for epoch, figures in read_curve(workspace.model(cell) / "curve.csv"):
        recorder.metrics(figures, step=epoch)


def record_figures(recorder: Recorder, workspace: Workspace, cell: Cell) -> None:
    """Log the figures of a score, keep its small files, and lay strata, oracle and curves out as tables."""
    folder = workspace.scores(cell)
    metrics = read_json(folder / "metrics.json")
    recorder.metrics(score_metrics(metrics) | validation_metrics(read_json(folder / "validation.json")))
    recorder.files(*(folder / name for name in ("metrics.json", "validation.json", "strata.json", "curves.json")))
    strata, curves = (read_json(folder / name) for name in ("strata.json", "curves.json"))
    recorder.table(strata_table(strata), "tables/strata.json")
    recorder.table(oracle_table(metrics), "tables/oracle.json")
    for name, rows in curve_tables(curves).items():
        recorder.csv(rows, f"curves/{name}.csv")


def record_data(recorder: Recorder, workspace: Workspace, stage: str, cell: Cell, dataset: str, lock: Lock) -> None:
    """Log the dataset that was read, with its digest, and tag the run with it; nothing where `lock` has no digest."""
    digest = data_digest(lock, dataset)
    if digest is None:
        return
    if stage == "train":
        record_gallery(recorder, workspace, dataset, digest)
    else:
        record_query_sets(recorder, dataset, digest, read_json(workspace.scores(cell) / "metrics.json"))
    recorder.tags({DATA: digest})


def refresh_card(recorder: Recorder, run: "Run", workspace: Workspace, cell: Cell, scored: bool) -> None:
    """Write the model card of a training, from what its run knows and, when `scored`, the figures of its score.

    Left alone while it would say the same.
    """
    tags, params = run.data.tags, run.data.params
    data = {f"dataset {params.get('dataset', '')}".strip(): tags[DATA]} if DATA in tags else {}
    folder = workspace.model(cell)
    metrics = read_json(workspace.scores(cell) / "metrics.json") if scored else None
    text = model_card(read_json(folder / "config.json"), data, params, read_curve(folder / "curve.csv"), metrics)
    if tags.get(NOTE) != text:
        recorder.text(text, CARD)
        recorder.tags({NOTE: text})


def refresh_score_note(
    recorder: Recorder, run: "Run", workspace: Workspace, cell: Cell, training_run: str | None, compared: str = ""
) -> None:
    """Write what a score's page says and which training it rests on; left alone while it would say the same.

    `compared`: how its variant did against the baseline, all seeds together.
    """
    known = training_run or run.data.tags.get(TRAINING_RUN)
    text = score_note(cell.name, read_json(workspace.scores(cell) / "metrics.json"), known, compared)
    wanted = {NOTE: text} | ({TRAINING_RUN: known} if known else {})
    if wanted.items() - run.data.tags.items():
        recorder.tags(wanted)


def read_curve(path: Path) -> list[tuple[int, dict[str, float]]]:
    """Epoch and figures of each row of a curve.csv; empty where there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        rows: list[Mapping[str, Any]] = list(csv.DictReader(handle))
    return [(int(row["epoch"]), {name: float(value) for name, value in row.items()}) for row in rows]
