"""Every call of a large multimodal model as an MLflow trace: the words of the kept answers, never a photo or a key.

A trace is known by what it is of, so that making it again changes nothing; several scores may rest on one.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.lmm.journal import scan
from dualgeo.lmm.record import Record, packed, unpacked
from dualgeo.lmm.store import AnswerStore
from dualgeo.progress import say
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities import Span
    from mlflow.tracking import MlflowClient

AT_ONCE = 200
LINKED_AT_ONCE = 100
"""MLflow takes no more links in one request."""
LONGEST_CALL_S = 60 * 86400.0
"""Batches take days at most; a damaged figure must not become a time that SQLite cannot hold."""


def calls_of_cell(workspace: Workspace, cell: Cell, table: pd.DataFrame) -> Iterator[Record]:
    """The exchanges that refined/<cell> rests on, in the order of their keys, and then the failures of its table.

    Failures are in no output, for they are asked again: they come from the answer store where this machine made them.
    """
    path = workspace.refined(cell) / "answers.jsonl"
    unreadable = 0
    for found in scan(path) if path.exists() else ():
        try:
            if found.line is None:
                raise DualGeoError("damaged")
            yield unpacked(found.line.key, found.line.record, bought=False)
        except DualGeoError:
            unreadable += 1
    if unreadable:
        say(
            f"MLflow: {unreadable} lines of {path} are damaged and have no trace; `dvc pull` may bring them back whole."
        )
    failed = sorted(set(table.loc[table["outcome"] == "failed", "key"]))
    store = AnswerStore.look(workspace.answers) if failed else None
    for key in failed:
        record = store.failure(key) if store else None
        if record is not None:
            yield record


def trace_calls(
    client: "MlflowClient", uri: str, experiment: str, run_id: str, records: Iterable[Record], asked: Mapping[str, str]
) -> int:
    """Make the traces of `records` in an experiment and link them to a run; returns how many there are.

    `asked`: key -> id of the photo that was asked about. Traces that are there stay as they are.
    """
    from mlflow.tracing.client import TracingClient

    tracing = TracingClient(uri)
    traced: list[str] = []
    for group in _groups(records, AT_ONCE):
        spans = [
            span for record in group if (span := span_of(record, experiment, asked.get(record.key, ""))) is not None
        ]
        # One transaction for all of them: a call of MLflow's own for each would take one or two each.
        tracing.log_spans(experiment, spans)
        traced += [span.trace_id for span in spans]
    for start in range(0, len(traced), LINKED_AT_ONCE):
        client.link_traces_to_run(traced[start : start + LINKED_AT_ONCE], run_id)
    return len(traced)


def span_of(record: Record, experiment: str, photo_id: str) -> "Span | None":
    """An exchange as the only span of its trace, with its own times; None where its time cannot be read."""
    from mlflow.entities import Span

    end_ns = _nanoseconds(record.time)
    if end_ns is None:
        return None
    # Another experiment of the same store (the folder was moved) has traces of its own.
    digest = hashlib.sha256(experiment.encode() + packed(record)).digest()
    trace_id, span_id = digest[:16], digest[16:24]
    answered = record.reply.outcome == "answered"
    name = record.prompt.partition("@")[0]
    document = {
        "trace_id": base64.b64encode(trace_id).decode(),
        "span_id": base64.b64encode(span_id).decode(),
        "parent_span_id": None,
        "name": name,
        "start_time_unix_nano": end_ns - round(min(record.reply.latency_s, LONGEST_CALL_S) * 1e9),
        "end_time_unix_nano": end_ns,
        "status": {"code": "STATUS_CODE_OK" if answered else "STATUS_CODE_ERROR", "message": record.reply.reason},
        "attributes": {
            key: json.dumps(value, ensure_ascii=False)
            for key, value in _attributes(record, f"tr-{trace_id.hex()}", name, photo_id).items()
        },
        "events": [],
    }
    return Span.from_dict(document)


def _attributes(record: Record, trace_id: str, name: str, photo_id: str) -> dict[str, Any]:
    from mlflow.entities import SpanType
    from mlflow.tracing.constant import CostKey, SpanAttributeKey, TokenUsageKey, TraceTagKey

    reply, usage = record.reply, record.reply.usage
    read = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
    tags = {
        TraceTagKey.TRACE_NAME: name,
        "dualgeo.outcome": reply.outcome,
        "dualgeo.prompt": record.prompt,
        "dualgeo.key": record.key,
        "dualgeo.photo": photo_id,
    }
    return {
        SpanAttributeKey.REQUEST_ID: trace_id,
        SpanAttributeKey.SPAN_TYPE: SpanType.CHAT_MODEL,
        SpanAttributeKey.INPUTS: _inputs(record),
        SpanAttributeKey.OUTPUTS: _outputs(record),
        SpanAttributeKey.MODEL: reply.model or record.model,
        SpanAttributeKey.MODEL_PROVIDER: record.provider,
        SpanAttributeKey.CHAT_USAGE: {
            TokenUsageKey.INPUT_TOKENS: read,
            TokenUsageKey.OUTPUT_TOKENS: usage.output_tokens,
            TokenUsageKey.TOTAL_TOKENS: read + usage.output_tokens,
            TokenUsageKey.CACHE_READ_INPUT_TOKENS: usage.cache_read_tokens,
            TokenUsageKey.CACHE_CREATION_INPUT_TOKENS: usage.cache_write_tokens,
        },
        SpanAttributeKey.LLM_COST: {CostKey.TOTAL_COST: record.usd},
        "dualgeo.possible_usd": record.possible_usd,
        "dualgeo.mode": reply.mode,
        "dualgeo.attempts": reply.attempts,
        "dualgeo.lost": reply.lost,
        "dualgeo.stop_reason": reply.stop_reason,
        "dualgeo.request_id": reply.request_id,
        **{f"{SpanAttributeKey.TRACE_TAG_PREFIX}{tag}": value for tag, value in tags.items() if value},
    }


def _inputs(record: Record) -> dict[str, Any]:
    """What was asked; of the photo only what it was."""
    photo = f"[photo: JPEG, {record.width} x {record.height} pixels, SHA-256 {record.image}]"
    return {
        "messages": [
            {"role": "system", "content": record.system},
            {"role": "user", "content": f"{photo}\n\n{record.text}"},
        ],
        "model": record.model,
        "effort": record.effort,
        "max_tokens": record.max_tokens,
        "photo": {"sha256": record.image, "width": record.width, "height": record.height},
    }


def _outputs(record: Record) -> dict[str, Any]:
    reply = record.reply
    said = {"messages": [{"role": "assistant", "content": reply.text}]} if reply.text else {}
    return {**said, "outcome": reply.outcome, **({"reason": reply.reason} if reply.reason else {})}


def _nanoseconds(time: str) -> int | None:
    try:
        seconds = datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return round(seconds * 1e9) if seconds > LONGEST_CALL_S else None


def _groups(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    group: list[Record] = []
    for record in records:
        group.append(record)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
