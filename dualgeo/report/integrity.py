"""What was checked, what was left out, and how the figures are to be read."""

import csv
import io
import math
from collections import Counter
from importlib.resources import files
from typing import Any

import pandas as pd
import yaml

from dualgeo.report.curves import Coverage, km_text
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run, number
from dualgeo.report.style import style_of
from dualgeo.report.words import count, percent

QUARANTINE_SHOWN = 200


def quarantine(run: Run) -> dict[str, Any]:
    """Files that ingestion left out: how many for each reason, and their names."""
    reasons = Counter(reason for _, reason in run.quarantine)
    total = len(run.quarantine)
    return {
        "total": total,
        "sentence": f"{count(total, 'file')} of the raw data could not be used and {'is' if total == 1 else 'are'} "
        "part of nothing above.",
        "reasons": [
            {"reason": reason, "count": f"{n:,}"}
            for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        ],
        "rows": sorted(run.quarantine)[:QUARANTINE_SHOWN],
        "more": f"{total - QUARANTINE_SHOWN:,}" if total > QUARANTINE_SHOWN else "",
    }


def mask_quality(quality: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Rows of the mask table: each condition, each query set, then all photos together."""
    if not quality:
        return []
    rows: list[dict[str, Any]] = []
    for part, prefix in (("conditions", ""), ("query_sets", "query set ")):
        found = quality.get(part)
        if isinstance(found, dict):
            rows += [_quality_row(f"{prefix}{name}", found[name]) for name in sorted(found)]
    if isinstance(overall := quality.get("overall"), dict):
        rows.append(_quality_row("all photos", overall) | {"overall": True})
    return rows


def _quality_row(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    shares = {key: number(figures.get(key)) for key in ("miou", "pixel_accuracy")}
    row: dict[str, Any] = {"name": name, "overall": False, "photos": f"{int(figures.get('photos', 0)):,}"}
    return row | {key: "–" if math.isnan(v) else f"{percent(100 * v)} %" for key, v in shares.items()}


def parts(photos: pd.DataFrame) -> list[dict[str, str]]:
    """How many photos the gallery, the validation split and each query set hold."""
    counts = photos.groupby(["split", "dataset"]).size()
    order = {"gallery": 0, "validation": 1, "query": 2}
    keys = sorted(counts.index, key=lambda key: (order.get(key[0], 3), key[1]))
    return [{"name": f"{split}: {name}", "count": f"{counts[(split, name)]:,}"} for split, name in keys]


def coverage_rows(rows: list[Coverage]) -> list[dict[str, str]]:
    """The calibration chart as numbers."""
    return [
        {
            "query_set": row.query_set,
            "name": style_of(row.variant).name,
            "nominal": f"{row.nominal:.0f}",
            "observed": percent(row.observed),
        }
        for row in rows
        if not math.isnan(row.observed)
    ]


def notes(run: Run) -> list[str]:
    """How to read the figures, with the interval's method as the scores state it."""
    reference = km_text(reference_km(run.params.score.thresholds_km))
    methods = {str(f["interval"]) for cell in run.cells for f in cell.metrics.values() if f.get("interval")}
    refine = run.params.refine
    rerank = (
        f"candidates are clustered within {refine.eps_km:g} km and re-ranked by the winning cluster"
        if refine.rerank == "cluster"
        else "candidates keep their retrieval order"
    )
    found = [
        "Distances are geodesics on the WGS84 ellipsoid. Accuracy is the share of all queries, so an answer that is "
        "missing counts as a miss; in the median it counts as infinitely far.",
        f"Each system retrieves {run.params.retrieve.top_k} gallery photos; {rerank}; the refiner is "
        f"'{refine.refiner}'. Training sees gallery photos only and radii are set on validation photos; "
        "queries serve for the scores alone.",
        "GeoScore is the mean of 5000 exp(-error / 1,492.7 km): 5,000 is perfect.",
        f"Oracle: percent of queries with at least one of the candidates within {reference} km, the most a "
        "re-rank could reach.",
    ]
    confidence = f"{100 * run.params.score.confidence:g} %"
    found += [
        f"Intervals of {confidence}: {' or '.join(sorted(methods))}, {run.params.score.resamples:,} resamples. Photos "
        "of one photographer resemble each other, so whole photographers are resampled. An interval says how far a "
        "figure could be off for other photos; the standard deviation says how much it moves with the training seed."
    ]
    found.append("No interval is corrected for the number of comparisons: among many, some leave zero out by chance.")
    return found


def params_text(run: Run) -> str:
    """The params of the run as YAML."""
    return yaml.safe_dump(run.params.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True)


def published() -> dict[str, Any]:
    """Published figures of the field, as the shipped CSV has them."""
    text = (files("dualgeo.report") / "data" / "published_results.csv").read_text(encoding="utf-8")
    header, *rows = list(csv.reader(io.StringIO(text)))
    names = {"benchmark": "query set", "method": "system", "note": "note"}
    header = [names.get(h, h.removeprefix("acc_").replace("km", " km")) for h in header]
    return {"header": header, "rows": rows}
