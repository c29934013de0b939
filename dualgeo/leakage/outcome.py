"""A comparison in plain values: counts for each check and query set, and the table of pairs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.files import written_whole
from dualgeo.leakage.finding import Finding, Leakage
from dualgeo.leakage.photos import Bools, Photos, known

PAIR_SCHEMA = pa.schema(
    [
        ("check", pa.string()),
        ("query_set", pa.string()),
        ("query_row", pa.int64()),
        ("query_id", pa.string()),
        ("gallery_row", pa.int64()),
        ("gallery_id", pa.string()),
        ("value", pa.float64()),
    ]
)
DIGITS = 6


def outcome(leakage: Leakage) -> dict[str, Any]:
    """The layout of leakage.json; docs/leakage.md describes it."""
    everyone = np.ones(leakage.queries.count, np.bool_)
    sets = {name: _counts(leakage, rows) for name, rows in query_sets(leakage.queries).items()}
    return {
        "gallery": {"name": leakage.gallery.name, "photos": leakage.gallery.count},
        "queries": {"name": leakage.queries.name, "photos": leakage.queries.count},
        "within": leakage.within,
        "limits": asdict(leakage.limits),
        **_counts(leakage, everyone),
        "sets": sets,
    }


def query_sets(queries: Photos) -> dict[str, Bools]:
    """Rows (Q,) of each query set, by name; one set of the side's name where none is named."""
    if queries.query_set is None:
        return {queries.name: np.ones(queries.count, np.bool_)}
    names = pd.Series(queries.query_set.to_pandas()).fillna("unnamed")
    return {str(name): (names == name).to_numpy(np.bool_) for name in sorted(names.unique())}


def _counts(leakage: Leakage, rows: Bools) -> dict[str, Any]:
    photographer = leakage.queries.photographer
    return {
        "queries_compared": int(rows.sum()),
        "photographer_unknown": None if photographer is None else int((rows & ~known(photographer)).sum()),
        "any": {
            "queries_affected": int((rows & leakage.affected).sum()),
            "checks": [each.check for each in leakage.findings if each.leak and not each.not_checked],
            "not_checked": [each.check for each in leakage.findings if each.leak and each.not_checked],
        },
        "checks": {each.check: _check(each, rows) for each in leakage.findings},
    }


def _check(finding: Finding, rows: Bools) -> dict[str, Any]:
    """Counts among the queries of `rows`; null, never 0, where nothing could be compared."""
    checked = finding.not_checked is None
    return {
        "words": finding.words,
        "leak": finding.leak,
        "not_checked": finding.not_checked,
        "gallery_known": finding.gallery_known if checked else None,
        "queries_known": int((rows & finding.query_known).sum()) if checked else None,
        "queries_affected": int((rows & finding.affected).sum()) if checked else None,
        "pairs": int(finding.found.count[rows].sum()) if checked else None,
    }


def shown_pairs(leakage: Leakage) -> pd.DataFrame:
    """At most `pairs_per_query` pairs of each query and check, nearest first; see `pair_table`."""
    return pair_table(leakage, leakage.limits.pairs_per_query)


def pair_table(leakage: Leakage, limit: int | None) -> pd.DataFrame:
    """The kept pairs (columns of PAIR_SCHEMA) by check and query, at most `limit` of each, nearest first.

    `value`: bits that differ, cosine or metres; null for checks that only compare text. Rows count from 0.
    """
    parts = [_pairs(leakage, finding, limit) for finding in leakage.findings if len(finding.found.kept)]
    return pd.concat(parts, ignore_index=True) if parts else PAIR_SCHEMA.empty_table().to_pandas()


def write_pairs(path: Path, pairs: pd.DataFrame) -> None:
    """Write the pairs as CSV (.csv) or Parquet (any other name), whole or not at all."""
    table = pa.Table.from_pandas(pairs, schema=PAIR_SCHEMA, preserve_index=False).replace_schema_metadata(None)
    with written_whole(path) as temporary:
        if path.suffix.lower() == ".csv":
            table.to_pandas().to_csv(temporary, index=False)
        else:
            pq.write_table(table, temporary, compression="zstd")


def _pairs(leakage: Leakage, finding: Finding, limit: int | None) -> pd.DataFrame:
    kept = finding.found.kept
    if limit is not None:
        kept = kept.taken(np.arange(len(kept)) - np.searchsorted(kept.query, kept.query) < limit)
    return pd.DataFrame(
        {
            "check": finding.check,
            "query_set": _taken(leakage.queries.query_set, kept.query),
            "query_row": kept.query,
            "query_id": _taken(leakage.queries.photo_id, kept.query),
            "gallery_row": kept.gallery,
            "gallery_id": _taken(leakage.gallery.photo_id, kept.gallery),
            "value": np.round(kept.value, DIGITS),
        }
    )


def _taken(column: Any | None, rows: np.typing.NDArray[np.int64]) -> Any:
    return None if column is None else column.take(pa.array(rows)).to_pandas()
