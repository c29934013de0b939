"""Accuracy against severity: the figures behind the pictures, one point a variant, corruption and severity."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.score import threshold_key
from dualgeo.evaluation.summary import Accuracy, summarise
from dualgeo.study.findings.inputs import Study


@dataclass(frozen=True)
class Point:
    """One severity; 0 is the photos as taken."""

    severity: int
    accuracy: dict[str, Accuracy]
    """By threshold key, in percent."""
    moved_median_km: float
    """Median distance of the answer from that to the clean photo, over queries and seeds."""
    moved_share: float
    """Percent of answers that moved by more than the reference threshold; a lost answer counts as moved."""


@dataclass(frozen=True)
class Line:
    """One variant under one corruption of one query set."""

    query_set: str
    corruption: str
    variant: str
    points: tuple[Point, ...]


def lines_of(study: Study, threshold_km: float) -> list[Line]:
    """Every line, by query set, corruption and variant in the order of params.yaml; the first point is severity 0."""
    lines: list[Line] = []
    first = study.corrupted[study.lead][0]
    sets = sorted({str(name).partition("/")[0] for name in first["query_set"]})
    for query_set in sets:
        clean = {variant: _clean(study, variant, query_set, threshold_km) for variant in study.variants}
        for corruption in study.params.study.corruptions:
            for variant in study.variants:
                points = _points(study, variant, query_set, corruption, threshold_km)
                lines.append(Line(query_set, corruption, variant, (clean[variant], *points)))
    return lines


def _clean(study: Study, variant: str, query_set: str, threshold_km: float) -> Point:
    """The same photos before they were corrupted."""
    copies = study.corrupted[variant][0]
    ids = copies.loc[copies["query_set"].str.startswith(f"{query_set}/"), "query_id"].unique()
    tables = [table[(table["query_set"] == query_set) & table["query_id"].isin(ids)] for table in study.taken[variant]]
    return Point(0, summarise(tables, study.params.score)[query_set], 0.0, 0.0)


def _points(study: Study, variant: str, query_set: str, corruption: str, threshold_km: float) -> list[Point]:
    points: list[Point] = []
    for severity in sorted(study.params.study.severities):
        name = f"{query_set}/{corruption}-{severity}"
        tables = [table[table["query_set"] == name] for table in study.corrupted[variant]]
        moved = pd.concat([table["moved_km"] for table in tables]).to_numpy(np.float64)
        points.append(
            Point(
                severity,
                summarise(tables, study.params.score)[name],
                float(np.median(np.where(np.isnan(moved), np.inf, moved))),
                100 * float(1 - (moved <= threshold_km).mean()),
            )
        )
    return points


def at(point: Point, threshold_km: float) -> Accuracy:
    """The accuracy within a threshold."""
    return point.accuracy[threshold_key(threshold_km)]
