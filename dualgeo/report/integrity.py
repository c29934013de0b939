"""What was checked, what was left out, and how the figures are to be read."""

import math
from collections import Counter
from typing import Any

import pandas as pd
import yaml

from dualgeo.report.curves import km_text
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run, number
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
        "figure could be off for other photos and, where there are several seeds, for other seeds; the standard "
        "deviation says how much it moves with the training seed."
    ]
    return found


def params_text(run: Run) -> str:
    """The params of the run as YAML, less those on which nothing here rests: the study, and how requests travel."""
    document = run.params.model_dump(mode="json", by_alias=True, exclude={"study": True, "lmm": {"sending"}})
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
