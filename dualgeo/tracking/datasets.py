"""The datasets that a run read, as MLflow's dataset inputs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.lockfile import Lock
from dualgeo.tracking.recorder import Recorder
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput


def data_digest(lock: Lock, dataset: str) -> str | None:
    """The md5 by which DVC knows data/<dataset>, from an entry that read it; None before anything has run.

    Stages without cells come first: they run before the others, so what they read is what lies here.
    """
    first = sorted(lock.entries.values(), key=lambda entry: bool(entry.cell))
    read = (entry.deps.get(f"data/{dataset}") for entry in first)
    return next((md5 for md5 in read if md5), None)


def record_gallery(recorder: Recorder, workspace: Workspace, dataset: str, digest: str) -> None:
    """Log what a training read: `DATASET/gallery`, with how many photos each split has where the table lies here."""
    counts = _photos_by_split(workspace.data(dataset) / "photos.parquet")
    made = _input(
        f"{dataset}/gallery", digest, dataset, "training", {"photos": counts.get("gallery"), "splits": counts}
    )
    recorder.client.log_inputs(recorder.run_id, [made])


def record_query_sets(recorder: Recorder, dataset: str, digest: str, metrics: Mapping[str, Any]) -> None:
    """Log what a score was measured on: one `DATASET/QUERY-SET` for each query set of metrics.json."""
    made = [
        _input(f"{dataset}/{name}", digest, dataset, "evaluation", {"photos": figures.get("queries")})
        for name, figures in metrics.items()
    ]
    recorder.client.log_inputs(recorder.run_id, made)


def _input(name: str, digest: str, dataset: str, context: str, profile: Mapping[str, object]) -> "DatasetInput":
    from mlflow.entities import Dataset, DatasetInput, InputTag

    known = {key: value for key, value in profile.items() if value}
    source = json.dumps({"uri": f"data/{dataset}"})
    entity = Dataset(name=name, digest=digest, source_type="local", source=source, profile=json.dumps(known))
    tags = {"mlflow.data.context": context, "split": "gallery" if context == "training" else "queries"}
    return DatasetInput(entity, [InputTag(key, value) for key, value in tags.items()])


def _photos_by_split(table: Path) -> dict[str, int]:
    """How many photos each split has; empty where the table is not here or cannot be read."""
    try:
        splits = pq.read_table(table, columns=["split"])["split"]
    except (OSError, pa.ArrowException):
        return {}
    return {str(each["values"]): int(each["counts"]) for each in splits.value_counts().to_pylist()}
