"""Small results and the dvc.lock that describes them, written by hand."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from mlflow.entities import Run

from dualgeo.lockfile import md5_of
from dualgeo.params import Params, load_params
from dualgeo.tracking.results import SCORE_FILES
from dualgeo.tracking.store import SCORES, TRAINING, experiment_id, open_store
from dualgeo.workspace import Cell, Workspace

PROJECT = Path(__file__).resolve().parents[2]
PARAMS = PROJECT / "params.yaml"
CELL = Cell("dual", 0)
CURVES = {
    "risk_coverage": {"share": [0.5, 1.0], "acc": {"25": [90.0, 61.0]}, "best": {"25": [100.0, 61.0]}},
    "recall_area": {"area_km2": [1.0, 1000.0], "recall": {"answer": [0.0, 61.0]}},
}
VIEWS = {"image": {"model": "standin/clip", "revision": None}, "segmentation": {"model": "standin/segformer"}}


def project_params() -> Params:
    return load_params(PARAMS)


def figures(within_25: float = 61.0, queries: int = 330) -> dict[str, Any]:
    """One query set of a metrics.json."""
    share = {"value": within_25, "low": within_25 - 3.5, "high": within_25 + 3.5}
    return {"acc": {"25": share}, "median_km": 8.25, "interval": "bootstrap", "queries": queries}


def write_model(workspace: Workspace, cell: Cell, weights: bytes = b"weights") -> None:
    folder = workspace.model(cell)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    config = {"variant": cell.variant, "seed": cell.seed, "model": {"width": 8}, "views": VIEWS}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "curve.csv").write_text("epoch,loss\n1,3.5\n2,1.25\n")


def write_score(workspace: Workspace, cell: Cell, within_25: float = 61.0) -> None:
    folder = workspace.scores(cell)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps({"atlas-night": figures(within_25)}))
    (folder / "validation.json").write_text(json.dumps({"atlas-validation": figures(within_25 + 1)}))
    write_queries(folder / "queries.parquet", within_25)
    by_country = {"city": {"queries": 3, "median_km": 2.5, "acc": {"25": {"value": 50.0, "low": 1.0, "high": 99.0}}}}
    (folder / "strata.json").write_text(json.dumps({"atlas-night": {"settlement": by_country}}))
    (folder / "curves.json").write_text(json.dumps({"atlas-night": CURVES}))


def write_queries(path: Path, within_25: float, queries: int = 200) -> None:
    """A table of which `within_25` percent of the queries, two of each photographer, are within 25 km."""
    number = np.arange(queries)
    table = pd.DataFrame({"query_id": [f"q{n:04d}" for n in number], "query_set": "atlas-night"})
    table["photographer"] = [f"by {n // 2}" for n in number]
    # Spread evenly over the photographers; the shift makes tables of other shares differ in more than the share.
    table["error_km"] = np.where((number * 37 + int(within_25)) % queries < within_25 / 100 * queries, 5.0, 900.0)
    table.to_parquet(path)


def write_lock(workspace: Workspace, cells: list[Cell], params: Mapping[str, Any] | None = None) -> None:
    """dvc.lock as DVC writes it for what lies in the workspace: data, train, index, retrieve, refine, score."""
    document = yaml.safe_load(PARAMS.read_text()) | dict(params or {})
    root = workspace.root
    (root / "data/atlas").mkdir(parents=True, exist_ok=True)
    (root / "data/atlas/photos.txt").write_text("photos")
    (root / "data.dvc").write_text(yaml.safe_dump({"outs": [{"md5": md5_of(root / "data"), "path": "data"}]}))
    stages: dict[str, Any] = {}
    for cell in cells:
        name = cell.name
        chain = {
            "train": (["data/atlas"], ["dataset", "model", "train"], [f"models/{name}"]),
            "index": ([f"models/{name}"], ["dataset", "index"], [f"index/{name}"]),
            "retrieve": ([f"index/{name}"], ["dataset", "retrieve"], [f"candidates/{name}.parquet"]),
            "refine": ([f"candidates/{name}.parquet"], ["dataset", "refine"], [f"refined/{name}"]),
            "score": (
                [f"refined/{name}"],
                ["dataset", "score"],
                [f"scores/{name}/{file}" for file in SCORE_FILES],
            ),
        }
        if not workspace.scores(cell).exists():
            del chain["score"]
        for stage, (deps, keys, outs) in chain.items():
            for path in [*deps, *outs]:
                _present(root / path, name)
            stages[f"{stage}@{name}"] = {
                "cmd": f"dualgeo run {stage} {name}",
                "deps": [_stated(root, path) for path in deps],
                "params": {"params.yaml": {key: copy.deepcopy(document[key]) for key in keys}},
                "outs": [_stated(root, path) for path in outs],
            }
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))


def pulled(workspace: Workspace, cells: list[Cell]) -> Workspace:
    """What `dvc pull` leaves: outputs and dvc.lock, nothing that ran."""
    for cell in cells:
        write_model(workspace, cell, f"weights of {cell.name}".encode())
        write_score(workspace, cell)
    write_lock(workspace, cells)
    return workspace


def runs(workspace: Workspace, experiment: str, cell: Cell = CELL) -> list[Run]:
    """Newest first."""
    client = open_store(workspace)
    where = f"tags.`dvc.cell` = '{cell.name}'"
    return list(client.search_runs([experiment_id(client, experiment)], where, order_by=["attributes.start_time DESC"]))


def current(workspace: Workspace) -> dict[str, str]:
    """Address -> run id of every run that is marked as current; fails when two of one cell are."""
    client = open_store(workspace)
    found: dict[str, str] = {}
    for experiment in (TRAINING, SCORES):
        for run in client.search_runs([experiment_id(client, experiment)], "tags.`dualgeo.current` = 'true'"):
            address = f"{run.data.tags['dvc.stage']}@{run.data.tags['dvc.cell']}"
            assert address not in found and run.info.status == "FINISHED"
            found[address] = run.info.run_id
    return found


def artifacts(workspace: Workspace, run: Run) -> set[str]:
    client = open_store(workspace)
    names: set[str] = set()
    waiting: list[str | None] = [None]
    while waiting:
        for file in client.list_artifacts(run.info.run_id, waiting.pop()):
            if file.is_dir:
                waiting.append(file.path)
            else:
                names.add(file.path)
    return names


def artifact_text(workspace: Workspace, run: Run, name: str, folder: Path) -> str:
    return Path(open_store(workspace).download_artifacts(run.info.run_id, name, str(folder))).read_text()


def _present(path: Path, name: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.name} of {name}")


def _stated(root: Path, path: str) -> dict[str, str]:
    return {"path": path, "hash": "md5", "md5": md5_of(root / path) or ""}
