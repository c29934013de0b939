"""Kept exchanges as rows of refined/<cell>/lmm.parquet."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import pandas as pd
import pyarrow as pa

from dualgeo.lmm.answer import AnswerError, GeoAnswer, reading_of
from dualgeo.lmm.estimate import Slot
from dualgeo.lmm.question import Question
from dualgeo.lmm.record import Record
from dualgeo.lmm.table import LMM_SCHEMA

NOT_ASKED = "not asked"
ROWS_AT_ONCE = 1000
NOTHING_SAID: Mapping[str, Any] = {
    "lat": None,
    "lon": None,
    "radius_km": None,
    "country": None,
    "region": None,
    "city": None,
    "evidence": [],
    "used": [],
}


def answered_row(question: Question, slot: Slot, record: Record) -> dict[str, Any]:
    """The row of an exchange. What was paid for is read again from its text, so better reading costs nothing."""
    reply = record.reply
    paid = reply.outcome in ("answered", "invalid")
    answer, outcome, reason = _read(record) if paid else (None, reply.outcome, reply.reason)
    return {
        **_asked(question, slot),
        "outcome": outcome,
        "reason": reason,
        **(NOTHING_SAID if answer is None else _said(answer, slot.shown)),
        "similarity": None,
        "chosen": False,
        "model": reply.model,
        "input_tokens": reply.usage.input_tokens + reply.usage.cache_write_tokens + reply.usage.cache_read_tokens,
        "output_tokens": reply.usage.output_tokens,
        "usd": record.usd,
        "latency_s": reply.latency_s,
        "attempts": reply.attempts,
        "lost": reply.lost,
    }


def unanswered_row(question: Question, slot: Slot, outcome: str, reason: str) -> dict[str, Any]:
    """The row of a prompt that no exchange is kept of."""
    counts = {"input_tokens": 0, "output_tokens": 0, "usd": 0.0, "latency_s": None, "attempts": 0, "lost": 0}
    return {
        **_asked(question, slot),
        "outcome": outcome,
        "reason": reason,
        **NOTHING_SAID,
        "similarity": None,
        "chosen": False,
        "model": None,
        **counts,
    }


def table_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with the columns and types of LMM_SCHEMA."""
    left, batches = iter(rows), list[pa.RecordBatch]()
    # A row is far smaller in a batch than as a dict, and there may be many.
    while some := list(islice(left, ROWS_AT_ONCE)):
        batches.append(pa.RecordBatch.from_pylist(some, schema=LMM_SCHEMA))
    return pa.Table.from_batches(batches, schema=LMM_SCHEMA).to_pandas()


def _asked(question: Question, slot: Slot) -> dict[str, Any]:
    return {
        "query_id": question.query_id,
        "query_set": question.query_set,
        "split": question.split,
        "filtered": question.filtered,
        "prompt": slot.label,
        "key": slot.key,
    }


def _read(record: Record) -> tuple[GeoAnswer | None, str, str]:
    """The answer, the outcome and the reason, which of an answer says how its text had to be repaired."""
    try:
        reading = reading_of(record.reply.text)
        return reading.answer, "answered", reading.note
    except AnswerError as error:
        return None, "invalid", str(error)


def _said(answer: GeoAnswer, shown: tuple[str, ...]) -> dict[str, Any]:
    by_label = {f"C{number}": photo_id for number, photo_id in enumerate(shown, start=1)}
    return {
        "lat": answer.latitude,
        "lon": answer.longitude,
        "radius_km": answer.confidence_radius_km,
        "country": answer.country,
        "region": answer.region,
        "city": answer.city,
        "evidence": answer.evidence,
        # A label that no place carried names nothing; the text in the store still holds it.
        "used": [by_label[label] for label in answer.candidates_used if label in by_label],
    }
