"""Traces of a model's calls in bulk against one call of MLflow's tracing API for each: python benchmarks/lmm_traces.py

1,000 kept answers with prompts of 4,000 characters, an SQLite store in a temporary folder. Prints seconds to make and
link the traces, to make them again, and of the reference way, each in a fresh store, and bytes of the store for a call.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dualgeo.lmm.record import Record
from dualgeo.lmm.reply import Reply, Usage
from dualgeo.lmm.request import key_of
from dualgeo.tracking.calls import span_of, trace_calls
from dualgeo.tracking.recorder import start_run
from dualgeo.tracking.store import SCORES, experiment_id, open_store, tracking_uri
from dualgeo.workspace import Cell, Workspace

Work = Callable[[Workspace, str, list[Record]], None]


def records(count: int) -> list[Record]:
    """Answers as the store keeps them."""
    return [record(number) for number in range(count)]


def record(number: int) -> Record:
    asked = ("anthropic", "claude-haiku-4-5", None, 4096, "dualgeo-10@0123456789ab", "You locate photos. " * 40)
    text, image = f"{number} " + "Where was this taken? " * 150, f"{number:064x}"
    said = '{"evidence": ["a tower", "a wall of yellow brick"], "latitude": 48.85, "longitude": 2.35}'
    reply = Reply("answered", "", said, asked[1], f"req_{number}", "end_turn", Usage(1500, 120), 2.5, 1, 0, "direct")
    provider, model, effort, most, prompt, system = asked
    key = key_of(*asked, text, image)
    time_of = "2026-01-02T03:04:05+00:00"
    return Record(
        key,
        prompt,
        system,
        text,
        provider,
        model,
        effort,
        most,
        image,
        1024,
        768,
        reply,
        0.002,
        0.0,
        time_of,
        "0",
        True,
    )


def in_bulk(workspace: Workspace, run_id: str, kept: list[Record]) -> None:
    """As `dualgeo track` does it."""
    client = open_store(workspace)
    trace_calls(client, tracking_uri(workspace), experiment_id(client, SCORES), run_id, kept, {})


def one_by_one(workspace: Workspace, run_id: str, kept: list[Record]) -> None:
    """The reference way: MLflow's client begins and ends a trace for each, and writes it at once."""
    import mlflow

    client = open_store(workspace)
    mlflow.set_tracking_uri(tracking_uri(workspace))
    experiment = experiment_id(client, SCORES)
    for each in kept:
        made = span_of(each, experiment, "")
        assert made is not None
        root = client.start_trace(
            made.name, "CHAT_MODEL", made.inputs, made.attributes, {}, experiment, made.start_time_ns, run_id
        )
        client.end_trace(root.trace_id, made.outputs, end_time_ns=made.end_time_ns)


def measured(work: Work, kept: list[Record], times: int) -> tuple[list[float], int]:
    """Seconds of `work`, done `times` times over in one fresh store, and bytes that the store grew by."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        run_id = start_run(open_store(workspace), "score", Cell("dual", 0), {}).run_id
        database = Path(folder) / "mlruns" / "mlflow.db"
        before, seconds = database.stat().st_size, []
        for _ in range(times):
            begun = time.perf_counter()
            work(workspace, run_id, kept)
            seconds.append(time.perf_counter() - begun)
        return seconds, database.stat().st_size - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--reference-calls", type=int, default=200)
    args = parser.parse_args()
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    measured(in_bulk, records(5), 1)  # imports
    (first, again), size = measured(in_bulk, records(args.calls), 2)
    [reference], _ = measured(one_by_one, records(args.reference_calls), 1)
    each = reference / args.reference_calls
    print(f"in bulk: {first:.2f} s for {args.calls} calls, again {again:.2f} s; {size / args.calls:,.0f} bytes a call")
    print(f"one by one: {1000 * each:.1f} ms a call, {each * args.calls / first:.1f} times the seconds of in bulk")


if __name__ == "__main__":
    main()
