"""The candidate table of a search without the gallery rows that would give a query away."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.retrieval.candidates import CANDIDATE_SCHEMA

COUNTS = ("dropped", "dropped_own", "dropped_alike")
FILTERED_SCHEMA = pa.schema([*CANDIDATE_SCHEMA, *((name, pa.int32()) for name in COUNTS)])
"""The candidate table with, in every row, how many gallery rows were left out for its query: in all, by its
photographer, and as near-duplicates of it (a row can be both). A query of which nothing was left has one row, whose
rank, photo_id, lat, lon and score are null.
"""


def write_filtered(path: Path, table: pd.DataFrame) -> None:
    """Write the table, whole or not at all; equal input gives equal bytes."""
    rows = pa.Table.from_pandas(table, schema=FILTERED_SCHEMA, preserve_index=False)
    with written_whole(path) as temporary:
        pq.write_table(rows.replace_schema_metadata(None), temporary, compression="zstd")


@dataclass(frozen=True)
class Filtered:
    """What the filtered search found."""

    candidates: pd.DataFrame
    """Columns of CANDIDATE_SCHEMA."""
    dropped: pd.DataFrame
    """Index query_id, one row for each filtered query, columns COUNTS."""


def read_filtered(path: Path) -> Filtered:
    """Read what `write_filtered` wrote; DualGeoError names the file when it is missing or something else."""
    try:
        table = pq.read_table(path, schema=FILTERED_SCHEMA)
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run `dvc repro retrieve` first.") from None
    except (pa.ArrowException, OSError) as error:
        raise DualGeoError(
            f"{path} is no filtered candidate table ({error}); run `dvc repro retrieve` again."
        ) from None
    dropped = table.select(["query_id", *COUNTS]).to_pandas().drop_duplicates("query_id").set_index("query_id")
    found = table.filter(table["rank"].is_valid()).select(CANDIDATE_SCHEMA.names)
    return Filtered(found.to_pandas(), dropped)
