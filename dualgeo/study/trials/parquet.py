"""How the tables of the study are written and read."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole

ROBUSTNESS_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("query_set", pa.string()),
        ("corruption", pa.string()),
        ("severity", pa.int8()),
        ("photographer", pa.string()),
        ("predicted_lat", pa.float64()),
        ("predicted_lon", pa.float64()),
        ("error_km", pa.float64()),
        ("moved_km", pa.float64()),
    ]
)
"""One row a corrupted query, sorted by (query_set, query_id). `moved_km`: distance between the answers to the corrupted
and to the clean photo; NaN, as `error_km`, where an answer is missing.
"""
ABLATION_SCHEMA = pa.schema(
    [
        ("group", pa.string()),
        ("name", pa.string()),
        ("split", pa.string()),
        ("query_id", pa.string()),
        ("query_set", pa.string()),
        ("photographer", pa.string()),
        ("error_km", pa.float64()),
    ]
)
"""One row a variation and photo, in the order of the variations; NaN error for a failure."""


def write_table(path: Path, table: pd.DataFrame, schema: Any) -> None:
    """Write a table, whole or not at all; equal input gives equal bytes."""
    with written_whole(path) as temporary:
        rows = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
        pq.write_table(rows.replace_schema_metadata(None), temporary, compression="zstd")


def read_table(path: Path, schema: Any, stage: str) -> pd.DataFrame:
    """Read a table of the study; DualGeoError names the file and the stage that makes it."""
    try:
        return pq.read_table(path, schema=schema).to_pandas()
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run `dvc repro {stage}` first.") from None
    except (pa.ArrowException, OSError) as error:
        raise DualGeoError(f"{path} cannot be used ({error}); run `dvc repro {stage}` again.") from None
