"""Which gallery rows each query must not be answered with: its photographer's, and its near-duplicates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.leakage.finding import NEAR_DUPLICATES, Leakage
from dualgeo.leakage.outcome import pair_table
from dualgeo.leakage.photos import text
from dualgeo.leakage.same import Matches, matches
from dualgeo.retrieval.left_out import LeftOut
from dualgeo.retrieval.recall import Rows

EXCLUSION_SCHEMA = pa.schema([("check", pa.string()), ("query_id", pa.string()), ("photo_id", pa.string())])


def near_duplicates(leakage: Leakage) -> pd.DataFrame:
    """Every pair that a near-duplicate check found (columns of EXCLUSION_SCHEMA); the check must have kept them all."""
    pairs = pair_table(leakage, None).rename(columns={"gallery_id": "photo_id"})
    chosen = pairs[pairs["check"].isin(NEAR_DUPLICATES)]
    return chosen[EXCLUSION_SCHEMA.names].sort_values(EXCLUSION_SCHEMA.names, ignore_index=True)


def write_exclusions(path: Path, pairs: pd.DataFrame) -> None:
    """Write the pairs, whole or not at all; equal input gives equal bytes."""
    table = pa.Table.from_pandas(pairs, schema=EXCLUSION_SCHEMA, preserve_index=False)
    with written_whole(path) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")


def read_exclusions(path: Path) -> pd.DataFrame:
    """Read what `write_exclusions` wrote; DualGeoError names the file when it is missing or something else."""
    try:
        return pq.read_table(path, schema=EXCLUSION_SCHEMA).to_pandas()
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run `dvc repro leakage` first.") from None
    except (pa.ArrowException, OSError) as error:
        raise DualGeoError(f"{path} is no table of near-duplicates ({error}); run `dvc repro leakage` again.") from None


def left_out(queries: pd.DataFrame, gallery: pd.DataFrame, pairs: pd.DataFrame, checks: Sequence[str]) -> list[LeftOut]:
    """Groups of queries with the gallery rows to leave out for them; queries without such rows are in none.

    `queries` and `gallery`: columns photo_id and photographer. `pairs`: every near-duplicate (EXCLUSION_SCHEMA).
    `checks`: "photographer" and those of NEAR_DUPLICATES that count. An unknown photographer is nobody's.
    """
    alike = _alike(queries, gallery, pairs[pairs["check"].isin(list(checks))])
    own = matches(text(gallery["photographer"]), text(queries["photographer"]))
    if "photographer" not in checks:
        own = Matches(own.order, own.start, np.zeros_like(own.count))
    alone = [_group(own, np.array([query]), rows) for query, rows in alike.items()]
    shared = np.array([query for query in np.flatnonzero(own.count) if query not in alike], np.int64)
    # Queries of one photographer begin at the same place of the order.
    together = [np.array(rows) for rows in pd.Series(shared).groupby(own.start[shared]).groups.values()]
    nothing = np.zeros(0, np.int64)
    return [*alone, *(_group(own, shared[rows], nothing) for rows in together)]


def _group(own: Matches, queries: Rows, alike: Rows) -> LeftOut:
    first = int(queries[0])
    start, count = int(own.start[first]), int(own.count[first])
    return LeftOut(queries.astype(np.int64), own.order[start : start + count], alike)


def _alike(queries: pd.DataFrame, gallery: pd.DataFrame, pairs: pd.DataFrame) -> dict[int, Rows]:
    """Query row -> gallery rows of its near-duplicates, rising, each once."""
    query = pd.Index(queries["photo_id"]).get_indexer(pd.Index(pairs["query_id"]))
    row = pd.Index(gallery["photo_id"]).get_indexer(pd.Index(pairs["photo_id"]))
    strange = (query < 0) | (row < 0)
    if strange.any():
        pair = pairs.iloc[int(np.argmax(strange))]
        raise DualGeoError(
            f"The near-duplicates {pair['query_id']} and {pair['photo_id']} are not a query and a gallery photo here; "
            "run `dvc repro leakage` again."
        )
    grouped = pd.DataFrame({"query": query, "row": row}).groupby("query")["row"]
    return {int(asked): np.unique(rows.to_numpy(np.int64)) for asked, rows in grouped}  # pyright: ignore[reportArgumentType]
