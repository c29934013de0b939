"""Stage `refine`: candidates of a cell -> one coordinate with calibrated radii for each query."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole
from dualgeo.params import Params
from dualgeo.refinement.refine import refine
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write refined/<cell>/: predictions.parquet, candidates.parquet, calibration.json."""
    candidates = pd.read_parquet(workspace.require(workspace.candidates(cell), f"retrieve@{cell.name}"))
    refined = refine(candidates, read_photos(workspace.data(params.dataset)), params.refine)
    with folder_written_whole(workspace.refined(cell)) as folder:
        for name, frame in (("predictions", refined.predictions), ("candidates", refined.candidates)):
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        refined.calibration.save(folder / "calibration.json")
