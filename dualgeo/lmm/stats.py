"""The answer store in figures: what is kept, what it cost, what went wrong and how long answers took."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from dualgeo.lmm.journal import scan
from dualgeo.lmm.record import Record
from dualgeo.lmm.store import AnswerStore

PERCENTILES = (50, 95, 99)


@dataclass
class Group:
    """Exchanges with one model by one way of sending; answers that came with results are not among them."""

    model: str
    mode: str
    exchanges: int = 0
    usd: float = 0.0
    """By the provider's count of tokens."""
    possible_usd: float = 0.0
    """For attempts whose end was never seen, at their dearest."""
    input_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 0
    lost: int = 0
    latency_s: dict[str, float] = field(default_factory=dict[str, float])
    """p50, p95 and p99 of the answered; a batch's is its time in the queue."""


@dataclass(frozen=True)
class CellHits:
    """How much of a system's table the store answers now."""

    cell: str
    rows: int
    requests: int
    kept: int
    """Distinct requests that the store answers."""


@dataclass(frozen=True)
class Failure:
    """How often exchanges ended so, for this reason."""

    outcome: str
    reason: str
    count: int


@dataclass(frozen=True)
class Stats:
    """What `dualgeo lmm stats` says."""

    answers: int
    """That stand: the next run takes these from the store."""
    bought: int
    """Exchanges that this project had, whatever became of them."""
    came_with_results: int
    not_taken_in: int
    """Answers of refined/*/answers.jsonl that the store lacks; the next run takes them in."""
    spent_usd: float
    """What counts against lmm.max_usd: certain, possible and unseen."""
    unseen_attempts: int
    """Sent by runs that were killed; their end is not known."""
    unseen_usd: float
    in_batches: int
    """Of these, requests in message batches that are not collected yet."""
    outcomes: dict[str, int]
    failures: list[Failure]
    groups: list[Group]
    cells: list[CellHits]
    damaged: list[str]
    torn: int
    """Ends of lines that crashes left unfinished, set aside in torn.txt."""


def stats_of(store: AnswerStore, tables: Iterable[Path], exports: Iterable[Path]) -> Stats:
    """Figures of a store; `tables` are refined/*/lmm.parquet, `exports` refined/*/answers.jsonl. Texts are not kept."""
    groups: dict[tuple[str, str], Group] = {}
    latency: dict[tuple[str, str], list[float]] = defaultdict(list)
    outcomes, failures = Counter[str](), Counter[tuple[str, str]]()
    bought = others = 0
    for record in store.records():
        outcomes[record.reply.outcome] += 1
        if record.reply.outcome != "answered":
            failures[record.reply.outcome, record.reply.reason] += 1
        if not record.bought:
            others += 1
            continue
        bought += 1
        key = (record.model, record.reply.mode)
        _add(groups.setdefault(key, Group(*key)), record)
        if record.reply.outcome == "answered":
            latency[key].append(record.reply.latency_s)
    for key, seconds in latency.items():
        groups[key].latency_s = _percentiles(seconds)
    unseen = store.unseen()
    return Stats(
        answers=len(store),
        bought=bought,
        came_with_results=others,
        not_taken_in=sum(key not in store for key in exported_keys(exports)),
        spent_usd=store.spent_usd,
        unseen_attempts=len(unseen),
        unseen_usd=sum(attempt.usd for attempt in unseen),
        in_batches=len(store.batched()),
        outcomes=dict(sorted(outcomes.items())),
        failures=[Failure(*what, count) for what, count in sorted(failures.items(), key=_commonest)],
        groups=[groups[key] for key in sorted(groups)],
        cells=[_hits(path, store) for path in sorted(tables)],
        damaged=list(store.damaged),
        torn=store.torn_count,
    )


def exported_keys(exports: Iterable[Path]) -> set[str]:
    """Keys of the answers that came with results."""
    lines = (found.line for path in exports for found in scan(path))
    return {line.key for line in lines if line is not None and line.kind == "answer"}


def _add(group: Group, record: Record) -> None:
    reply, usage = record.reply, record.reply.usage
    group.exchanges += 1
    group.usd += record.usd
    group.possible_usd += record.possible_usd
    group.input_tokens += usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
    group.output_tokens += usage.output_tokens
    group.attempts += reply.attempts
    group.lost += reply.lost


def _percentiles(seconds: list[float]) -> dict[str, float]:
    values = np.percentile(np.array(seconds), PERCENTILES)
    return {f"p{level}": round(float(value), 3) for level, value in zip(PERCENTILES, values, strict=True)}


def _commonest(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -item[1], item[0]


def _hits(path: Path, store: AnswerStore) -> CellHits:
    keys = pq.read_table(path, columns=["key"])["key"].to_pylist()
    distinct = {str(key) for key in keys if key}
    return CellHits(path.parent.name, len(keys), len(distinct), sum(key in store for key in distinct))
