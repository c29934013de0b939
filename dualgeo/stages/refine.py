"""Stage `refine`: candidates of a cell -> one coordinate with calibrated radii for each query."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole
from dualgeo.params import Params
from dualgeo.refinement.refine import Refined, refine, refine_again
from dualgeo.retrieval.filtered import read_filtered
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write refined/<cell>/: predictions.parquet, candidates.parquet, filtered.parquet, calibration.json."""
    candidates = pd.read_parquet(workspace.require(workspace.candidates(cell), f"retrieve@{cell.name}"))
    photos = read_photos(workspace.data(params.dataset))
    refined = refine(candidates, photos, params.refine)
    tables = {
        "predictions": refined.predictions,
        "candidates": refined.candidates,
        "filtered": _filtered(workspace.filtered_candidates(cell), photos, params, refined),
    }
    with folder_written_whole(workspace.refined(cell)) as folder:
        for name, frame in tables.items():
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        refined.calibration.save(folder / "calibration.json")


def _filtered(path: Path, photos: pd.DataFrame, params: Params, refined: Refined) -> pd.DataFrame:
    """Predictions of the queries for which gallery rows were left out, and how many these were."""
    found = read_filtered(path)
    asked = photos[photos["photo_id"].isin(found.dropped.index)]
    predictions = refine_again(found.candidates, asked, params.refine, refined.calibration)
    return predictions.join(found.dropped, on="query_id")
