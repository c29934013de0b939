"""What a table of answers amounts to: refined/<cell>/lmm.json, which people read without opening the table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import Floats

NOT_ASKED = "not asked"
LATENCY_PERCENTILES = (50, 95)
FAILURES_LISTED = 50


@dataclass(frozen=True)
class Calls:
    """Money and tokens of the answers in a table: an answer that serves several rows is counted once.

    They are what the answers cost when they were bought, by whomever; a run that found them in the store paid nothing.
    """

    requests: int
    usd: float
    input_tokens: int
    output_tokens: int
    lost: int
    """Attempts whose end was never seen: the provider may have charged for them on top of `usd`."""


def calls_of(table: pd.DataFrame) -> Calls:
    """The distinct requests of a table of LMM_SCHEMA."""
    once = table[table["outcome"] != NOT_ASKED].drop_duplicates("key")
    return Calls(
        requests=len(once),
        usd=float(once["usd"].sum()),
        input_tokens=int(once["input_tokens"].sum()),
        output_tokens=int(once["output_tokens"].sum()),
        lost=int(once["lost"].sum()),
    )


def lmm_summary(table: pd.DataFrame) -> dict[str, Any]:
    """A table of LMM_SCHEMA in figures: the same table gives the same dict, whatever the order of its rows.

    `photos`: asked about. `requests`: distinct ones. `outcomes`: rows by outcome. `failures`: outcome, reason and rows,
    the commonest first, of an invalid answer the kind of its reason alone; at most 50, and what did not fit is counted
    in `failures_not_listed`. `latency_s`: percentiles over the distinct requests, empty without any.
    """
    asked = table[table["outcome"] != NOT_ASKED]
    once = asked.drop_duplicates("key").sort_values("key")
    calls, photos = calls_of(table), int(asked["query_id"].nunique())
    failures = _failures(table)
    return {
        "models": sorted(str(name) for name in once["model"].dropna().unique() if name),
        "prompts": sorted(str(name) for name in asked["prompt"].unique()),
        "photos": photos,
        "rows": len(table),
        "requests": calls.requests,
        "outcomes": {str(name): int(rows) for name, rows in sorted(table["outcome"].value_counts().items())},
        "chosen": int(table["chosen"].fillna(False).sum()),
        "usd": round(calls.usd, 6),
        "usd_per_photo": round(calls.usd / photos, 6) if photos else 0.0,
        "input_tokens": calls.input_tokens,
        "output_tokens": calls.output_tokens,
        "lost_attempts": calls.lost,
        "latency_s": _percentiles(once["latency_s"].dropna().to_numpy(np.float64)),
        "failures": failures[:FAILURES_LISTED],
        "failures_not_listed": sum(row["rows"] for row in failures[FAILURES_LISTED:]),
    }


def usd_per_correct(table: pd.DataFrame, error_km: pd.Series, within_km: float) -> float | None:
    """US dollars for each query photo that was asked about and whose final answer lies within `within_km`.

    `error_km`: kilometres by query_id, NaN without an answer. Photos asked about only to calibrate radii, and the
    filtered search's questions, cost something but answer no query, so they are left out. None without a correct one.
    """
    put = table[(table["split"] == "query") & ~table["filtered"] & (table["outcome"] != NOT_ASKED)]
    errors = error_km.reindex(pd.Index(put["query_id"].unique()))
    correct = int((errors <= within_km).sum())
    return calls_of(put).usd / correct if correct else None


def _failures(table: pd.DataFrame) -> list[dict[str, Any]]:
    failed = table[table["outcome"] != "answered"]
    reasons = failed["reason"].fillna("").astype(str)
    # Of an invalid answer the reason names what it said, and so differs each time: its kind stands before the colon.
    reasons = reasons.where(failed["outcome"] != "invalid", reasons.str.split(": ", n=1).str[0])
    counted = failed.groupby(["outcome", reasons]).size()
    rows = [
        {"outcome": str(outcome), "reason": str(reason), "rows": int(count)}
        for (outcome, reason), count in counted.items()  # pyright: ignore[reportGeneralTypeIssues]
    ]
    return sorted(rows, key=lambda row: (-row["rows"], row["outcome"], row["reason"]))


def _percentiles(values: Floats) -> dict[str, float]:
    if not len(values):
        return {}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in LATENCY_PERCENTILES}
