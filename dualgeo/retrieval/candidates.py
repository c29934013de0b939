"""The candidate table: for each query its nearest gallery photos, best first."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole

CANDIDATE_SCHEMA = pa.schema(
    [
        ("query_id", pa.string()),
        ("query_set", pa.string()),
        ("split", pa.string()),
        ("rank", pa.int32()),
        ("photo_id", pa.string()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("score", pa.float32()),
    ]
)


def candidate_table(
    queries: pd.DataFrame,
    gallery: pd.DataFrame,
    scores: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """Long table of candidates, sorted by (query_set, query_id, rank).

    `queries` are rows of photos.parquet, `gallery` the index's photos, `scores` and `rows` (Q, k) a search's answer;
    places that the search left empty (row -1) give no candidate.
    """
    k = rows.shape[1]
    query = np.repeat(np.arange(len(queries)), k)
    row, score = rows.reshape(-1), scores.reshape(-1)
    rank = np.tile(np.arange(k, dtype=np.int32), len(queries))
    found = row >= 0
    query, row, score, rank = query[found], row[found], score[found], rank[found]
    table = pd.DataFrame(
        {
            "query_id": queries["photo_id"].to_numpy()[query],
            "query_set": queries["dataset"].to_numpy()[query],
            "split": queries["split"].to_numpy()[query],
            "rank": rank,
            "photo_id": gallery["photo_id"].to_numpy()[row],
            "lat": gallery["lat"].to_numpy()[row],
            "lon": gallery["lon"].to_numpy()[row],
            "score": score,
        }
    )
    return table.sort_values(["query_set", "query_id", "rank"], ignore_index=True)


def write_candidates(path: Path, candidates: pd.DataFrame) -> None:
    """Write the table, whole or not at all; equal input gives equal bytes."""
    table = pa.Table.from_pandas(candidates, schema=CANDIDATE_SCHEMA, preserve_index=False)
    with written_whole(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


def read_candidates(path: Path) -> pd.DataFrame:
    """Read a candidate table; DualGeoError names the file when it is missing or is none."""
    try:
        return pq.read_table(path, schema=CANDIDATE_SCHEMA).to_pandas()
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run `dvc repro retrieve` first.") from None
    except (pa.ArrowException, OSError) as error:
        raise DualGeoError(f"{path} is no candidate table ({error}); run `dvc repro retrieve` again.") from None
