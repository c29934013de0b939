"""Which figures of a score become metrics, under which names, and which become tables: few enough to compare by eye."""

import math
import re
from collections.abc import Mapping
from typing import Any

from dualgeo.tracking.facts import flat

DETAILS = ("oracle_at", "risk_coverage", "recall_area", "places", "radius", "radius_coverage", "filtered")
"""Blocks of metrics.json of which only some figures become metrics; metrics.json and the tables hold the rest."""


def score_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """metrics.json as MLflow names: `atlas-night/acc_25`, `atlas-night/acc_25_low`, `atlas-night/median_km`."""
    named: dict[str, float] = {}
    for query_set, figures in metrics.items():
        for name, value in flat(_chosen(figures), "_").items() if isinstance(figures, Mapping) else [("", figures)]:  # pyright: ignore[reportUnknownArgumentType]
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                full = f"{query_set}/{name.removesuffix('_value')}".rstrip("/")
                named[re.sub(r"[^\w\-./ ]", "_", full)] = float(value)
    return named


def validation_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """validation.json as `validation/acc_25`, or `validation/SET/acc_25` where there are several validation sets."""
    whole = {"validation": next(iter(metrics.values()))} if len(metrics) == 1 else {}
    if whole:
        return score_metrics(whole)
    return {f"validation/{name}": value for name, value in score_metrics(metrics).items()}


def _chosen(figures: Mapping[str, Any]) -> dict[str, Any]:
    """One query set's figures as they are named: blocks of DETAILS give what is compared most."""
    kept = {name: value for name, value in figures.items() if name not in DETAILS}
    kept["radius_coverage"] = dict(figures.get("radius_coverage") or {})
    for level, radius in (figures.get("radius") or {}).items():
        kept["radius_coverage"][level] = {"value": radius["coverage"], "low": radius["low"], "high": radius["high"]}
        kept[f"radius_km_{level}"] = radius["median_km"]
    for level, share in (figures.get("places") or {}).items():
        kept[level] = {part: share.get(part) for part in ("value", "low", "high")}
    if filtered := figures.get("filtered"):
        kept["filtered"] = {name: filtered.get(name) for name in ("acc", "queries_affected") if name in filtered}
    if surest := figures.get("risk_coverage"):
        kept["aurc"] = surest.get("aurc") or {}
    if area := figures.get("recall_area"):
        kept["area_km2_for_half"] = area.get("answer")
    return kept


def strata_table(strata: Mapping[str, Any]) -> dict[str, list[Any]]:
    """strata.json as columns: query_set, by, stratum, queries, median_km, acc_25, acc_25_low, acc_25_high, ..."""
    rows = [
        {"query_set": query_set, "by": kind, "stratum": name} | _row(figures)
        for query_set, kinds in strata.items()
        for kind, by_name in kinds.items()
        for name, figures in by_name.items()
    ]
    return _columns(rows)


def oracle_table(metrics: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The oracle of the first k candidates as columns: query_set, k, acc_25, ..."""
    rows = [
        {"query_set": query_set, "k": int(k)} | {f"acc_{km}": value for km, value in shares.items()}
        for query_set, figures in metrics.items()
        for k, shares in dict(figures.get("oracle_at") or {}).items()
    ]
    return _columns(rows)


def curve_tables(curves: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """curves.json as CSV rows by name, the header first: risk_coverage and recall_area; none that has no rows."""
    risk: list[list[Any]] = []
    area: list[list[Any]] = []
    for query_set, kinds in curves.items():
        if found := kinds.get("risk_coverage"):
            for km, shares in found["acc"].items():
                best = found["best"][km]
                risk += [[query_set, km, *row] for row in zip(found["share"], shares, best, strict=True)]
        if found := kinds.get("recall_area"):
            for searched, shares in found["recall"].items():
                area += [[query_set, searched, *row] for row in zip(found["area_km2"], shares, strict=True)]
    tables = {
        "risk_coverage": [["query_set", "threshold_km", "share", "acc", "best"], *risk],
        "recall_area": [["query_set", "search", "area_km2", "recall"], *area],
    }
    return {name: rows for name, rows in tables.items() if len(rows) > 1}


def _row(figures: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"queries": figures.get("queries"), "median_km": figures.get("median_km")}
    for km, share in (figures.get("acc") or {}).items():
        row |= {f"acc_{km}": share["value"], f"acc_{km}_low": share["low"], f"acc_{km}_high": share["high"]}
    return row


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
