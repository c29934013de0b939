"""Stage `score`: predictions of a cell -> figures, strata, curves and a per-query table."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.evaluation.score import score
from dualgeo.files import write_json, written_whole
from dualgeo.params import Params
from dualgeo.tracking.runs import record_score
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write scores/<cell>/: metrics.json, strata.json, curves.json and queries.parquet of the queries, and
    validation.json, by which systems are chosen.
    """
    refined = workspace.require(workspace.refined(cell), f"refine@{cell.name}")
    predictions = pd.read_parquet(refined / "predictions.parquet")
    candidates = pd.read_parquet(refined / "candidates.parquet")
    photos = read_photos(workspace.data(params.dataset))
    filtered = pd.read_parquet(workspace.require(refined / "filtered.parquet", f"refine@{cell.name}"))
    scored = score(predictions, candidates, photos, params.score, filtered=filtered)
    folder = workspace.scores(cell)
    with written_whole(folder / "queries.parquet") as temporary:
        table = pa.Table.from_pandas(scored.queries, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, temporary, compression="zstd")
    validation = score(predictions, candidates, photos, params.score, split="validation", filtered=filtered)
    write_json(folder / "validation.json", validation.metrics)
    write_json(folder / "strata.json", scored.strata)
    write_json(folder / "curves.json", scored.curves)
    write_json(folder / "metrics.json", scored.metrics)
    record_score(workspace, params, cell)
