"""What asking a large multimodal model came to, on the run of the score that rests on it: figures, and every call."""

import hashlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from dualgeo.lmm.asking import Asking, noted_asking
from dualgeo.lmm.summary import lmm_summary, usd_per_correct
from dualgeo.lockfile import md5_of
from dualgeo.tracking.calls import calls_of_cell, trace_calls
from dualgeo.tracking.names import CALLS, SCORES
from dualgeo.tracking.recorder import Recorder
from dualgeo.tracking.store import experiment_id, tracking_uri
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run

CITY_KM = 25.0
"""Within this distance an answer names the right city, as geo-localization counts it."""


def record_calls(recorder: Recorder, run: "Run", workspace: Workspace, cell: Cell) -> None:
    """Record what the model behind scores/<cell> was asked, said and cost; nothing where none was asked.

    Done again for the same answers, it changes nothing; it can be broken off at any point and done again.
    """
    folder = workspace.refined(cell)
    if not (folder / "lmm.json").exists():
        return
    md5s = [md5_of(folder / name) for name in ("lmm.parquet", "answers.jsonl")]
    known = hashlib.sha256(repr(md5s).encode()).hexdigest()[:32]
    if run.data.tags.get(CALLS) == known:
        return
    table = pd.read_parquet(folder / "lmm.parquet")
    errors = pd.read_parquet(workspace.scores(cell) / "queries.parquet", columns=["query_id", "error_km"])
    recorder.metrics(spending_metrics(table, errors.set_index("query_id")["error_km"], noted_asking(workspace, cell)))
    recorder.files(folder / "lmm.json")
    asked = table.sort_values(["key", "query_id"]).drop_duplicates("key")
    trace_calls(
        recorder.client,
        tracking_uri(workspace),
        experiment_id(recorder.client, SCORES),
        recorder.run_id,
        calls_of_cell(workspace, cell, table),
        dict(zip(asked["key"], asked["query_id"], strict=True)),
    )
    recorder.tags({CALLS: known})


def spending_metrics(table: pd.DataFrame, error_km: "pd.Series[float]", asking: Asking | None) -> dict[str, float]:
    """Figures of a table of LMM_SCHEMA as MLflow names: `lmm/usd`, `lmm/outcome/refused`, `lmm/latency_s_p95`.

    `error_km`: kilometres from truth to final answer, by query id. `asking`: how the asking went on this machine, which
    alone knows `lmm/hits` and `lmm/sent`; None where it was done elsewhere.
    """
    summary = lmm_summary(table)
    metrics: dict[str, Any] = {
        "requests": summary["requests"],
        "photos": summary["photos"],
        "chosen": summary["chosen"],
        "usd": summary["usd"],
        "usd_per_image": summary["usd_per_photo"],
        "usd_per_correct_city": usd_per_correct(table, error_km, CITY_KM),
        "input_tokens": summary["input_tokens"],
        "output_tokens": summary["output_tokens"],
        "lost_attempts": summary["lost_attempts"],
        **{f"latency_s_{name}": value for name, value in summary["latency_s"].items()},
        **{f"outcome/{name.replace(' ', '_')}": rows for name, rows in summary["outcomes"].items()},
    }
    if asking is not None:
        metrics |= {"hits": asking.hits, "sent": asking.sent, "usd_of_last_asking": asking.usd}
    return {f"lmm/{name}": float(value) for name, value in metrics.items() if value is not None}
