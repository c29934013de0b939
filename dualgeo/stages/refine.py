"""Stage `refine`: candidates of a cell -> one coordinate with calibrated radii for each query."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole
from dualgeo.lmm.table import LMM_SCHEMA
from dualgeo.params import Params
from dualgeo.refinement.refine import Refined, predictions_of, refine, retrieved
from dualgeo.retrieval.filtered import read_filtered
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write refined/<cell>/: predictions.parquet, candidates.parquet, filtered.parquet, calibration.json, lmm.parquet.

    Where `lmm` says so, a large multimodal model is asked first; lmm.json, verification.json and answers.jsonl then lie
    beside them. When asking stops (no money, no key), nothing is written, and what was bought is kept in answers/.
    """
    candidates = pd.read_parquet(workspace.require(workspace.candidates(cell), f"retrieve@{cell.name}"))
    photos = read_photos(workspace.data(params.dataset))
    refined = refine(candidates, photos, params.refine)
    found = read_filtered(workspace.filtered_candidates(cell))
    again = retrieved(found.candidates, photos[photos["photo_id"].isin(found.dropped.index)], params.refine)
    if not params.lmm.asks(cell.name):
        filtered = predictions_of(again, refined.calibration)
        _save(
            workspace.refined(cell), refined, refined.predictions, filtered.join(found.dropped, on="query_id"), _nobody
        )
        return
    from dualgeo.lmm.cell import refined_by_model  # loads the provider's library and torch

    with refined_by_model(workspace, params, cell, refined, again) as made:
        filtered = made.result.filtered.join(found.dropped, on="query_id")
        _save(workspace.refined(cell), refined, made.result.predictions, filtered, made.save)


def _nobody(folder: Path) -> None:
    pq.write_table(LMM_SCHEMA.empty_table(), folder / "lmm.parquet", compression="zstd")


def _save(
    folder: Path, refined: Refined, predictions: pd.DataFrame, filtered: pd.DataFrame, said: Callable[[Path], None]
) -> None:
    """`said` writes what a model had to do with it."""
    tables = {"predictions": predictions, "candidates": refined.candidates, "filtered": filtered}
    with folder_written_whole(folder) as new:
        for name, frame in tables.items():
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(table, new / f"{name}.parquet", compression="zstd")
        refined.calibration.save(new / "calibration.json")
        said(new)
