"""Everything the report is made of, read once from the files that the other stages wrote."""

import csv
import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import photos_path
from dualgeo.errors import DualGeoError
from dualgeo.evaluation.pairs import lead_of
from dualgeo.evaluation.with_model import ERROR
from dualgeo.files import read_json
from dualgeo.lmm.table import LMM_SCHEMA
from dualgeo.params import Params
from dualgeo.workspace import Cell, Workspace

QUERY_COLUMNS = (
    "query_id", "query_set", "photographer", "lat", "lon", "predicted_lat", "predicted_lon", "error_km",
    "retrieved_error_km", "oracle_error_km", "status",
)  # fmt: skip
EXTRA = (
    "radius_km_", "filtered_error_km", "same_", "continent", "climate", "settlement", "gallery_within_",
    "source", "lmm_outcome", "without_lmm_",
)  # fmt: skip
"""How columns begin that are read where a score has them."""


@dataclass(frozen=True)
class CellRun:
    """One trained and scored system."""

    cell: Cell
    metrics: dict[str, dict[str, Any]]
    """metrics.json: query set -> figures (percent, km)."""
    queries: pd.DataFrame
    """scores/<cell>/queries.parquet, sorted by (query_set, query_id); error_km is NaN for a failure."""
    curve: pd.DataFrame | None
    """models/<cell>/curve.csv, or None where the model was not trained here."""
    curves: dict[str, Any]
    """scores/<cell>/curves.json: query set -> curves; empty where the score made none."""
    lmm: pd.DataFrame | None = None
    """refined/<cell>/lmm.parquet; None where no large multimodal model was put a question."""


@dataclass(frozen=True)
class Run:
    """A finished run: every cell, and what is known about its data."""

    workspace: Workspace
    params: Params
    cells: tuple[CellRun, ...]
    query_sets: tuple[str, ...]
    photos: pd.DataFrame
    """The photo table without the columns that only archives need."""
    digest: str
    """SHA-256 of photos.parquet, which holds the SHA-256 of every photo."""
    quarantine: tuple[tuple[str, str], ...]
    validation: dict[str, Any] | None
    quality: dict[str, Any] | None
    leakage: dict[str, Any] | None
    """reports/leakage/leakage.json."""

    @property
    def variants(self) -> tuple[str, ...]:
        """In the order of params.yaml."""
        return tuple(dict.fromkeys(run.cell.variant for run in self.cells))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(run.cell.seed for run in self.cells))

    def of(self, variant: str) -> tuple[CellRun, ...]:
        """The cells of a variant, first seed first."""
        return tuple(run for run in self.cells if run.cell.variant == variant)

    @property
    def lead(self) -> str:
        """The variant that claims and pictures are about."""
        return lead_of(self.variants)


def read_run(workspace: Workspace, params: Params) -> Run:
    """Read all inputs of the report; DualGeoError names the missing or unreadable file and the stage that makes it."""
    systems = params.systems
    cells = tuple(read_cell(workspace, Cell(variant, seed)) for variant in systems.variants for seed in systems.seeds)
    folder = workspace.data(params.dataset)
    return Run(
        workspace=workspace,
        params=params,
        cells=cells,
        query_sets=ordered_query_sets(cells, params),
        photos=read_photo_columns(folder),
        digest=hashlib.sha256(photos_path(folder).read_bytes()).hexdigest(),
        quarantine=read_quarantine(folder / "quarantine.csv"),
        validation=optional_json(workspace.validation / "validation.json"),
        quality=optional_json(workspace.masks / "quality.json"),
        leakage=optional_json(workspace.leakage / "leakage.json"),
    )


def read_cell(workspace: Workspace, cell: Cell) -> CellRun:
    """Read the scores and the training curve of one cell."""
    folder = workspace.scores(cell)
    metrics = read_json(workspace.require(folder / "metrics.json", f"score@{cell.name}"))
    path = workspace.require(folder / "queries.parquet", f"score@{cell.name}")
    queries = read_table(path, (*QUERY_COLUMNS, *_extra_columns(path)), f"score@{cell.name}")
    curve = workspace.model(cell) / "curve.csv"
    return CellRun(
        cell=cell,
        metrics={name: dict(figures) for name, figures in metrics.items() if isinstance(figures, dict)},
        queries=queries.sort_values(["query_set", "query_id"], ignore_index=True),
        curve=pd.read_csv(curve) if curve.exists() else None,
        curves=optional_json(folder / "curves.json") or {},
        lmm=_read_lmm(workspace, cell, queries),
    )


def _read_lmm(workspace: Workspace, cell: Cell, queries: pd.DataFrame) -> pd.DataFrame | None:
    """The questions of a cell, in an order that does not depend on who wrote them; None where there are none."""
    path = workspace.refined(cell) / "lmm.parquet"
    if not path.exists():
        return None
    table = read_table(path, tuple(LMM_SCHEMA.names), f"refine@{cell.name}")
    if table.empty:
        return None
    if ERROR not in queries:
        raise DualGeoError(
            f"scores/{cell.name}/queries.parquet has no column {ERROR}, though {cell.name} asked a model; "
            f"run `dvc repro score@{cell.name}` again."
        )
    return table.sort_values(["query_set", "query_id", "filtered", "prompt", "key"], ignore_index=True)


def read_table(path: Path, columns: tuple[str, ...], stage: str) -> pd.DataFrame:
    """Read some columns of a stage's Parquet file; DualGeoError names the file and the column it lacks."""
    try:
        return pq.read_table(path, columns=list(columns)).select(list(columns)).to_pandas()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DualGeoError(f"{path} cannot be used ({error}); run `dvc repro {stage}` again.") from None


def _extra_columns(path: Path) -> tuple[str, ...]:
    """The columns of EXTRA that a table has; a damaged one has none, and reading it says so."""
    try:
        return tuple(name for name in pq.read_schema(path).names if name.startswith(EXTRA))
    except (pa.ArrowException, OSError):
        return ()


def read_photo_columns(folder: Path) -> pd.DataFrame:
    """The photo table, less digests and times: what a map, a caption and a credit need."""
    columns = ("photo_id", "lat", "lon", "split", "dataset", "photographer", "licence", "source_url", "shard")
    path = photos_path(folder)
    if not path.exists():
        raise DualGeoError(f"{path} does not exist; make it with `dualgeo atlas` or `dualgeo ingest PATH`.")
    return read_table(path, (*columns, "condition", "city", "country"), "validate")


def read_quarantine(path: Path) -> tuple[tuple[str, str], ...]:
    """The rows (file, reason) that ingestion left out; none where the dataset keeps no such list."""
    if not path.exists():
        return ()
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig", errors="replace"))))
    return tuple((row[0], row[1] if len(row) > 1 else "no reason was written") for row in rows[1:] if row)


def optional_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where the run made none."""
    return dict(read_json(path)) if path.exists() else None


def ordered_query_sets(cells: tuple[CellRun, ...], params: Params) -> tuple[str, ...]:
    """The dataset's own set first, then its conditions in the order of params.yaml, then the others by name."""
    names = {name for run in cells for name in run.metrics}
    known = [params.dataset, *(f"{params.dataset}-{condition}" for condition in params.atlas.conditions)]
    return tuple(sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name)))


def number(value: object) -> float:
    """A figure of metrics.json, bare or as {"value": ...}; NaN where there is none."""
    if isinstance(value, dict):
        return number(value.get("value"))  # pyright: ignore[reportUnknownMemberType]
    return float(value) if isinstance(value, int | float) else math.nan
