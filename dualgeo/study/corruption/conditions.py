"""One corruption at one severity, and how it is spelled in names, folders and tables."""

from dataclasses import dataclass

import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.params import StudyParams


@dataclass(frozen=True)
class Condition:
    """`fog-3`: a corruption at a severity from 1 to 5."""

    corruption: str
    severity: int

    @property
    def name(self) -> str:
        return f"{self.corruption}-{self.severity}"

    def query_set(self, of: str) -> str:
        """`atlas/fog-3`: the copies of a query set's photos under this condition."""
        return f"{of}/{self.name}"

    def shard(self, of: str) -> str:
        """`fog-3-00009`: the copies of one shard's photos."""
        return f"{self.name}-{of}"


def conditions_of(params: StudyParams) -> list[Condition]:
    """Every corruption at every severity, in the order of params.yaml."""
    return [Condition(corruption, severity) for corruption in params.corruptions for severity in params.severities]


def chosen_queries(photos: pd.DataFrame, params: StudyParams) -> pd.DataFrame:
    """The query photos that are corrupted, sorted by (shard, photo_id) as `photos` is.

    At most `photos_per_set` of each set, evenly spaced, so that photographers stay as mixed as they were.
    Raises DualGeoError for a set that the dataset does not have and for a dataset without queries.
    """
    queries = photos[photos["split"] == "query"]
    known = sorted(str(name) for name in queries["dataset"].unique())
    unknown = [name for name in params.query_sets if name not in known]
    if unknown or not known:
        have = f"it has {', '.join(known)}" if known else "it has no query photos"
        raise DualGeoError(f"params.yaml: study.query_sets names {', '.join(unknown) or 'none'}; {have}.")
    parts = [
        rows.iloc[_evenly(len(rows), params.photos_per_set)]
        for name, rows in queries.groupby("dataset", sort=True)
        if not params.query_sets or name in params.query_sets
    ]
    return pd.concat(parts).sort_values(["shard", "photo_id"], ignore_index=True)


def _evenly(count: int, most: int) -> list[int]:
    return list(range(count)) if count <= most else [number * count // most for number in range(most)]
