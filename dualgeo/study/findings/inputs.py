"""Everything that the study's findings are made of, read once from what the other stages wrote."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.geo.sphere import geodesic_km
from dualgeo.params import Params
from dualgeo.report.inputs import read_table as read_report_table
from dualgeo.study.corruption.cost import Cost
from dualgeo.study.corruption.layout import VIEWS, cost_path
from dualgeo.study.trials.lead import baseline_of, lead_of
from dualgeo.study.trials.parquet import ABLATION_SCHEMA, ROBUSTNESS_SCHEMA, read_table
from dualgeo.workspace import Cell, Workspace

Tables = dict[str, list[pd.DataFrame]]
"""Per-query tables by variant, one for each seed."""
CLEAN_COLUMNS = ("query_id", "query_set", "photographer", "error_km")
WITHOUT_LMM = "without_lmm_error_km"
"""Trials ask no model, so they are measured against answers that stand without one."""


@dataclass(frozen=True)
class Study:
    """What was measured: every variant over its seeds, on photos as taken and corrupted."""

    params: Params
    taken: Tables
    """Queries as taken: columns CLEAN_COLUMNS, every query set."""
    validation: Tables
    """Validation photos, the same columns: what choices are made on."""
    corrupted: Tables
    """ROBUSTNESS_SCHEMA."""
    ablations: Tables
    """ABLATION_SCHEMA, by the variants of study.ablations."""
    costs: dict[str, Cost]
    """Of the trained part by variant, and of the frozen views as `view image` and `view segmentation`."""
    photos: dict[str, int]
    """Photos by split."""

    @property
    def variants(self) -> list[str]:
        """In the order of params.yaml."""
        return list(self.taken)

    @property
    def lead(self) -> str:
        """The variant whose worth is asked."""
        return lead_of(self.variants)

    @property
    def baseline(self) -> str:
        """What it is measured against."""
        return baseline_of(self.variants)

    @property
    def seeds(self) -> int:
        return len(self.params.systems.seeds)


def read_study(workspace: Workspace, params: Params) -> Study:
    """Read all inputs; DualGeoError names the file that is missing or unreadable and the stage that makes it."""
    baseline_of(params.systems.variants)
    photos = read_photos(workspace.data(params.dataset))
    cells = _cells(params)
    taken, validation = read_clean(workspace, params)
    corrupted = workspace.require(workspace.corrupted, "corrupt")
    costs = {f"view {view}": Cost.load(cost_path(corrupted, view)) for view in VIEWS}
    costs |= {variant: Cost.load(workspace.robustness(of[0]) / "cost.json") for variant, of in cells.items()}
    return Study(
        params=params,
        taken=taken,
        validation=validation,
        corrupted={variant: [_corrupted(workspace, cell) for cell in of] for variant, of in cells.items()},
        ablations=read_ablations(workspace, params),
        costs=costs,
        photos={str(split): int(count) for split, count in photos["split"].value_counts().items()},
    )


def read_clean(workspace: Workspace, params: Params) -> tuple[Tables, Tables]:
    """Queries as taken and validation photos of the trained systems, CLEAN_COLUMNS."""
    photos = read_photos(workspace.data(params.dataset))
    cells = _cells(params)
    taken = {variant: [_taken(workspace, cell) for cell in of] for variant, of in cells.items()}
    validation = {variant: [_validation(workspace, cell, photos) for cell in of] for variant, of in cells.items()}
    return taken, validation


def _cells(params: Params) -> dict[str, list[Cell]]:
    systems = params.systems
    return {variant: [Cell(variant, seed) for seed in systems.seeds] for variant in systems.variants}


def read_ablations(workspace: Workspace, params: Params) -> Tables:
    """The tables of the `ablate` stage."""
    return {
        variant: [
            read_table(workspace.ablation(Cell(variant, seed)) / "queries.parquet", ABLATION_SCHEMA, "ablate")
            for seed in params.systems.seeds
        ]
        for variant in params.study.ablations
    }


def _taken(workspace: Workspace, cell: Cell) -> pd.DataFrame:
    stage = f"score@{cell.name}"
    path = workspace.require(workspace.scores(cell) / "queries.parquet", stage)
    table = read_report_table(path, (*CLEAN_COLUMNS[:-1], WITHOUT_LMM), stage)
    return table.rename(columns={WITHOUT_LMM: "error_km"})


def _corrupted(workspace: Workspace, cell: Cell) -> pd.DataFrame:
    path = workspace.robustness(cell) / "queries.parquet"
    return read_table(path, ROBUSTNESS_SCHEMA, f"robustness@{cell.name}")


def _validation(workspace: Workspace, cell: Cell, photos: pd.DataFrame) -> pd.DataFrame:
    stage = f"refine@{cell.name}"
    path = workspace.require(workspace.refined(cell) / "predictions.parquet", stage)
    answers = read_report_table(path, ("query_id", "without_lmm_lat", "without_lmm_lon"), stage).set_index("query_id")
    truth = photos[photos["split"] == "validation"]
    found = answers.reindex(pd.Index(truth["photo_id"]))
    there = found[["without_lmm_lat", "without_lmm_lon"]].to_numpy(np.float64)
    here = truth[["lat", "lon"]].to_numpy(np.float64)
    return pd.DataFrame(
        {
            "query_id": truth["photo_id"].to_numpy(),
            "query_set": truth["dataset"].to_numpy(),
            "photographer": truth["photographer"].to_numpy(),
            "error_km": geodesic_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1]),
        }
    )
