"""What queries share with the gallery, and accuracy with and without the gallery rows that give them away."""

from typing import Any

from dualgeo.report.findings import Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.table import interval_text
from dualgeo.report.words import count, percent, signed


def leakage_context(run: Run, rows: list[Row]) -> dict[str, Any]:
    """The two tables; each is empty where the run did not make it."""
    return {
        "filtered": [block for name in run.query_sets if (block := _filtered(run, name, rows))],
        "checks": _checks(run.leakage or {}),
        "sets": list((run.leakage or {}).get("sets", {})),
    }


def _filtered(run: Run, query_set: str, rows: list[Row]) -> dict[str, Any] | None:
    found = [row for row in rows if row.query_set == query_set and row.filtered]
    if not found:
        return None
    counts = next((c.metrics.get(query_set, {}).get("filtered") or {} for c in run.of(run.lead)), {})
    affected, dropped = int(counts.get("queries_affected", 0)), int(counts.get("gallery_rows_dropped", 0))
    note = f"{count(affected, 'query', 'queries')} of {found[0].queries:,} affected"
    note += f", {count(dropped, 'gallery row')} left out in all" if affected else ": the figures are the same"
    return {"query_set": query_set, "note": note, "rows": [_row(run, row) for row in found]}


def _row(run: Run, row: Row) -> dict[str, Any]:
    km = reference_km(run.params.score.thresholds_km)
    return {
        "name": style_of(row.variant).name,
        "cells": [
            {"open": percent(row.acc[at].mean), "filtered": percent(row.filtered[at].mean), "reference": at == km}
            for at in run.params.score.thresholds_km
        ],
        "interval": interval_text(row.filtered[km].low, row.filtered[km].high),
        "change": signed(row.filtered[km].mean - row.acc[km].mean),
    }


def _checks(leakage: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each check of reports/leakage/leakage.json, with the queries affected in each set."""
    sets: dict[str, Any] = leakage.get("sets", {})
    rows: list[dict[str, Any]] = []
    for name, check in leakage.get("checks", {}).items():
        rows.append(
            {
                "words": check["words"],
                "leak": check["leak"],
                "not_checked": check["not_checked"] or "",
                "affected": _affected(check),
                "pairs": "" if check["pairs"] is None else f"{check['pairs']:,}",
                "by_set": [_affected(figures["checks"][name]) for figures in sets.values()],
            }
        )
    return rows


def _affected(check: dict[str, Any]) -> str:
    return "–" if check["queries_affected"] is None else f"{check['queries_affected']:,}"
