"""Stage `score`: predictions of a cell -> metrics.json and a per-query table."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.evaluation.score import score
from dualgeo.files import write_json, written_whole
from dualgeo.params import Params
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write scores/<cell>/: metrics.json, queries.parquet."""
    refined = workspace.require(workspace.refined(cell), f"refine@{cell.name}")
    scored = score(
        pd.read_parquet(refined / "predictions.parquet"),
        pd.read_parquet(refined / "candidates.parquet"),
        read_photos(workspace.data(params.dataset)),
        params.score,
    )
    folder = workspace.scores(cell)
    with written_whole(folder / "queries.parquet") as temporary:
        table = pa.Table.from_pandas(scored.queries, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, temporary, compression="zstd")
    write_json(folder / "metrics.json", scored.metrics)
