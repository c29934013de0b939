"""One line of the answer store: what it holds, how it is written, how it is checked.

    {"check":"<16 hex>","kind":"answer","key":"<64 hex>","head":{...},"record":{...}}

`check` is the start of the SHA-256 of all that follows it. `head` is what this project needs to know at once (who paid
what); `record` is the exchange itself, the same bytes wherever it goes.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any, get_args

from dualgeo.errors import DualGeoError
from dualgeo.lmm.cost import Cost
from dualgeo.lmm.reply import FINAL, Outcome, Reply, Usage
from dualgeo.lmm.request import Request, key_of

OPENING = b'{"check":"'
CHECKED_FROM = len(OPENING) + 16 + 2  # behind the digest, its quote and the comma
RECORD = b',"record":'
SECRETS = re.compile(r"sk-[\w-]{8,}|(?i:(?:x-api-key|authorization|bearer)[\"']?\s*[:= ]\s*(?:bearer\s+)?)\S+")


LONGEST = 1_000_000
"""Characters of a text; the longest answer that can be asked for has a third of them."""
MOST = 2**40
"""No count is larger; sums of a million of them still fit into 64 bits."""
MODES = ("direct", "batch", "local")


@dataclass(frozen=True)
class Record:
    """A kept exchange. Holds neither the photo's bytes nor its id: whoever asks the same gets the same answer."""

    key: str
    prompt: str
    """name@version"""
    system: str
    text: str
    provider: str
    model: str
    """As it was asked for; `reply.model` is what the provider says it was."""
    effort: str | None
    max_tokens: int
    image: str
    """SHA-256 of the JPEG as sent."""
    width: int
    height: int
    """Pixels."""
    reply: Reply
    usd: float
    """By the provider's count of tokens."""
    possible_usd: float
    """For attempts whose end was never seen, at their dearest."""
    time: str
    """UTC, ISO 8601, when the answer came."""
    version: str
    """Of this package."""
    bought: bool = True
    """Whether this project paid for it; False for what came with another's results. Not part of the record's bytes."""

    @property
    def final(self) -> bool:
        return self.reply.outcome in FINAL


@dataclass(frozen=True)
class Line:
    """A checked line, its record not parsed yet."""

    kind: str
    key: str
    head: Mapping[str, Any]
    record: bytes
    """JSON; empty where the kind has none."""


def record_of(request: Request, reply: Reply, cost: Cost, time: str, version: str) -> Record:
    """What is kept of an exchange; from the request and the reply alone, so nothing of the machine can get in."""
    return Record(
        key=request.key,
        prompt=f"{request.prompt.name}@{request.prompt.version}",
        system=request.prompt.system,
        text=request.prompt.text,
        provider=request.provider,
        model=request.model,
        effort=request.effort,
        max_tokens=request.max_tokens,
        image=request.picture.sha256,
        width=request.picture.width,
        height=request.picture.height,
        reply=_kept(reply),
        usd=cost.usd,
        possible_usd=cost.possible_usd,
        time=time,
        version=version,
    )


def _kept(reply: Reply) -> Reply:
    """Providers word their reasons without keys; should a server's message ever quote one, it stops here.

    A server may also count what cannot be or send megabytes; that is kept as far as it can be read again, for what was
    paid for must not be lost to a value beside it.
    """
    counts = {name: min(max(0, count), MOST) for name, count in asdict(reply.usage).items()}
    texts = {name: str(getattr(reply, name) or "")[:LONGEST] for name in ("text", "model", "request_id", "stop_reason")}
    reason = SECRETS.sub("[removed]", reply.reason)[:LONGEST]
    return replace(reply, reason=reason, usage=Usage(**counts), **texts)


def packed(record: Record) -> bytes:
    """The record's JSON, without its key: the key is computed from it when it is read."""
    document = asdict(record)
    del document["key"], document["bought"]
    return _json(document)


def line_of(kind: str, key: str, head: Mapping[str, Any], record: bytes = b"") -> bytes:
    """A whole line with its check and its line feed."""
    body = b'"kind":%s,"key":%s,"head":%s' % (_json(kind), _json(key), _json(head))
    body += (RECORD + record if record else b"") + b"}"
    return b'%s%s",%s\n' % (OPENING, _digest(body), body)


def read_line(line: bytes) -> Line | None:
    """Check a line (with or without its line feed); None for one that is damaged."""
    line = line.rstrip(b"\n")
    digest, body = line[len(OPENING) : len(OPENING) + 16], line[CHECKED_FROM:]
    if not line.startswith(OPENING) or _digest(body) != digest:
        return None
    start, found, record = body.partition(RECORD)
    try:
        document = json.loads(b"{" + start + (b"}" if found else b""))
        read = Line(document["kind"], document["key"], document["head"], record[:-1])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = isinstance(read.kind, str) and isinstance(read.key, str) and isinstance(read.head, dict)  # pyright: ignore[reportUnnecessaryIsInstance]
    return read if sound else None


def unpacked(key: str, record: bytes, bought: bool) -> Record:
    """Parse a record, which may come from anybody.

    Raises DualGeoError when it is none, when a value is not what it can be, or when it answers something else than its
    key stands for. What it says cannot be checked: whoever takes another's results believes their answers.
    """
    try:
        document: dict[str, Any] = json.loads(record)
        reply = document.pop("reply")
        usage = Usage(**reply.pop("usage"))
        read = Record(key=key, reply=Reply(usage=usage, **reply), bought=bought, **document)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DualGeoError(f"it is no record of an answer ({type(error).__name__})") from None
    if not _possible(read):
        raise DualGeoError("it holds a value that no answer has")
    asked = (read.provider, read.model, read.effort, read.max_tokens, read.prompt, read.system, read.text, read.image)
    if key_of(*asked) != key:
        raise DualGeoError("its key does not belong to what it holds")
    return read


def _possible(record: Record) -> bool:
    """Whether every value has its type and lies where it can: tables, sums and pages are made of them."""
    reply = record.reply
    texts = (record.prompt, record.system, record.text, record.provider, record.model, record.image, record.time,
             record.version, reply.reason, reply.text, reply.model, reply.request_id, reply.stop_reason)  # fmt: skip
    counts = (record.max_tokens, record.width, record.height, reply.attempts, reply.lost, *astuple(reply.usage))
    sizes = (record.usd, record.possible_usd, reply.latency_s)
    return (
        all(type(text) is str and len(text) <= LONGEST for text in texts)
        and (record.effort is None or type(record.effort) is str)
        and all(type(count) is int and 0 <= count <= MOST for count in counts)
        and all(type(size) in (int, float) and 0 <= size < math.inf for size in sizes)
        and reply.outcome in get_args(Outcome)
        and reply.mode in MODES
    )


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A lone surrogate is no UTF-8; a model may still have said one.
    return text.encode("utf-8", "replace")


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode()
