"""Accuracy without the gallery photos that give a query away, beside the accuracy with them."""

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import Distance, Floats

ERROR = "filtered_error_km"
DROPPED = ("dropped", "dropped_own", "dropped_alike")
"""Gallery rows left out for a query: in all, by its photographer, as its near-duplicates (a row can be both)."""


def with_filtered(queries: pd.DataFrame, filtered: pd.DataFrame, distance: Distance) -> pd.DataFrame:
    """`queries` (the per-query table) with `filtered_error_km` and the counts of DROPPED.

    `filtered`: predictions of the queries for which rows were left out, as the refine stage writes them; every other
    query keeps its error, because its search would find the same.
    """
    again = filtered.set_index("query_id").reindex(pd.Index(queries["query_id"]))
    affected = again["dropped"].notna().to_numpy(np.bool_)
    truth = (queries[name].to_numpy(np.float64) for name in ("lat", "lon"))
    errors: Floats = distance(*truth, *(again[name].to_numpy(np.float64) for name in ("lat", "lon")))
    counts = {name: again[name].fillna(0).to_numpy(np.int64) for name in DROPPED}
    return queries.assign(**{ERROR: np.where(affected, errors, queries["error_km"].to_numpy(np.float64))}, **counts)


def filtered_counts(rows: pd.DataFrame) -> dict[str, object]:
    """What was left out in one query set. Rows are counted once for each query that they are left out for."""
    counts: dict[str, object] = {}
    for name, column in (("photographer", "dropped_own"), ("near_duplicates", "dropped_alike")):
        counts[name] = {"queries": int((rows[column] > 0).sum()), "rows": int(rows[column].sum())}
    return counts | {
        "queries_affected": int((rows["dropped"] > 0).sum()),
        "gallery_rows_dropped": int(rows["dropped"].sum()),
        "photographer_unknown": int(rows["photographer"].isna().sum()),
        "failed": int(rows[ERROR].isna().sum()),
    }
