"""The store of answers: every exchange with a model, kept once, found by what was asked.

`answers/answers.jsonl` is only ever appended to. In memory there is no more than where each answer lies. Whatever a
crash or a bad disk did to a line costs that line and no other, and is counted.
"""

import secrets
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dualgeo import __version__
from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.lmm.cost import Cost
from dualgeo.lmm.journal import Found, Journal, Span, only_one, scan
from dualgeo.lmm.record import Line, Record, line_of, packed, read_line, record_of, unpacked
from dualgeo.lmm.reply import FINAL, Reply
from dualgeo.lmm.request import Request
from dualgeo.progress import say


@dataclass(frozen=True)
class Attempt:
    """Something that was sent and whose end is not in the store."""

    run: str
    mode: str
    usd: float
    """The dearest that it can have cost."""


@dataclass(frozen=True)
class Absorbed:
    """What came of reading another store's exports."""

    added: int
    known: int
    differing: int
    """Another answer stands under the same key; the first one stays."""
    forgotten: int
    damaged: int


class AnswerStore:
    """Answers by key. Open it with `AnswerStore.open` to ask, with `AnswerStore.look` to read only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = secrets.token_hex(4)
        """Names this opening in the records that it writes; seen by no result."""
        self.damaged: list[str] = []
        """`file line N` of each damaged record; it is asked again when it is needed."""
        self._standing: dict[bytes, Span] = {}
        self._failed: dict[bytes, Span] = {}
        self._forgotten: dict[bytes, str] = {}
        self._attempts: dict[bytes, list[Attempt]] = {}
        self._bought_usd = 0.0
        self._journal: Journal | None = None

    @property
    def path(self) -> Path:
        return self.folder / "answers.jsonl"

    @property
    def torn(self) -> Path:
        """Where the ends of lines lie that crashes left unfinished."""
        return self.folder / "torn.txt"

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Generator["AnswerStore"]:
        """The store for asking: mended after a crash, and this process's alone. Waits for another, and says so."""
        with only_one(folder / "lock", "is asking a model with these answers"):
            store = cls(folder)
            store._journal = Journal(store.path)
            try:
                store._journal.mend(store.torn, store._read())
                for where in store.damaged:
                    say(f"{where} is damaged; its answer is asked again when it is needed.")
                yield store
            finally:
                store._journal.close()
                store._journal = None

    @classmethod
    def look(cls, folder: Path) -> "AnswerStore":
        """The store as it is now, for reading; nothing is mended or waited for. Empty where there is none."""
        store = cls(folder)
        if store.path.exists():
            store._read()
        return store

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._standing

    @property
    def spent_usd(self) -> float:
        """What this project bought in all, with what may have been charged for attempts that nobody saw the end of."""
        return self._bought_usd + sum(attempt.usd for attempt in self.unseen())

    @property
    def torn_count(self) -> int:
        return len(self.torn.read_bytes().splitlines()) if self.torn.exists() else 0

    def unseen(self) -> list[Attempt]:
        """Attempts of earlier runs whose end is not known: those runs were killed."""
        return [one for attempts in self._attempts.values() for one in attempts if one.run != self.run]

    def batched(self) -> dict[str, float]:
        """Key -> dollars of what earlier runs put into message batches that are not collected yet."""
        waiting: dict[str, float] = {}
        for key, attempts in self._attempts.items():
            if usd := sum(one.usd for one in attempts if one.mode == "batches" and one.run != self.run):
                waiting[key.hex()] = usd
        return waiting

    def find(self, key: str) -> Record | None:
        """The answer that stands under `key`; None where there is none, only failures, or a damaged record."""
        return self._at(self._standing, key)

    def failure(self, key: str) -> Record | None:
        """The last failure under `key`, which the next run asks again; None where there is none."""
        return self._at(self._failed, key)

    def keep(self, request: Request, reply: Reply, cost: Cost) -> Record:
        """Append what became of `request`; it is on the disk when this returns.

        Where an answer stands already, that one stays; the new one is kept and counted all the same.
        """
        time = datetime.now(UTC).isoformat(timespec="seconds")
        record = record_of(request, reply, cost, time, __version__)
        if reply.outcome in FINAL and record.key in self:
            say(f"A second answer came for request {record.key[:12]}; the first one stands.")
        self._write("answer", record.key, _head(record, self.run), packed(record))
        return record

    def sending(self, request: Request, usd: float, mode: str) -> None:
        """Note that `request` is about to be sent, so that a killed run's money stays counted."""
        # Not forced to the disk: what a killed process wrote survives it, and only its money is at stake.
        head = {"run": self.run, "mode": mode, "usd": usd}
        self._write("sent", request.key, head, sync=False)

    def forget(self, key: str) -> bool:
        """Let nothing stand under `key`, so that it is asked again; False where nothing stood. Its cost stays counted.

        Records that came with results (`absorb`) stay forgotten as well.
        """
        if key not in self:
            return False
        self._write("forget", key, {"time": datetime.now(UTC).isoformat(timespec="seconds")})
        return True

    def records(self) -> Iterator[Record]:
        """Every readable exchange ever kept, failures and forgotten ones included, in the order of keeping."""
        for found in scan(self.path) if self.path.exists() else ():
            if found.line is not None and found.line.kind == "answer":
                record = _record(found.line)
                if record is not None:
                    yield record

    def absorb(self, paths: Iterable[Path]) -> Absorbed:
        """Take in exported answers that this store lacks, as not bought here."""
        added = known = differing = forgotten = damaged = 0
        for path in sorted(paths):
            for found in scan(path):
                line = found.line
                # What came with results was not bought here, whatever it says of itself.
                record = _record(replace(line, head={})) if line is not None and line.kind == "answer" else None
                if line is None or record is None or not record.final:
                    say(f"{path} line {found.number} is damaged; `dvc pull` may bring it back whole.")
                    damaged += 1
                elif record.key in self:
                    same = self._raw(self._standing[bytes.fromhex(record.key)]) == line.record
                    known, differing = known + same, differing + (not same)
                elif record.time <= self._forgotten.get(bytes.fromhex(record.key), ""):
                    forgotten += 1
                else:
                    self._write("answer", record.key, _head(record, self.run), line.record, sync=False)
                    added += 1
        if differing:
            say(f"{differing} of the answers that came with results differ from those bought here, which stand.")
        self._open_journal().sync()
        return Absorbed(added, known, differing, forgotten, damaged)

    def export(self, keys: Iterable[str], path: Path) -> int:
        """Write the answers that stand under `keys` to `path`, sorted by key; returns how many there were.

        The bytes depend on the answers alone.
        """
        written = 0
        with written_whole(path) as temporary, temporary.open("wb") as file:
            for key in sorted(set(keys)):
                if self.find(key) is not None:
                    file.write(line_of("answer", key, {}, self._raw(self._standing[bytes.fromhex(key)])))
                    written += 1
        return written

    def _read(self) -> Found | None:
        """Take in what the file holds; returns the last that it came upon."""
        found = None
        for found in scan(self.path):
            if found.line is not None:
                self._replay(found.line, found.span)
            elif not found.torn:
                self.damaged.append(f"{self.path} line {found.number}")
        return found

    def _replay(self, line: Line, span: Span) -> None:
        key = bytes.fromhex(line.key)
        match line.kind:
            case "answer":
                if line.head["bought"]:
                    self._bought_usd += line.head["usd"]
                    self._end_attempts(key, line.head)
                if line.head["outcome"] in FINAL:
                    self._standing.setdefault(key, span)
                else:
                    self._failed[key] = span
            case "sent":
                attempt = Attempt(line.head["run"], line.head["mode"], line.head["usd"])
                self._attempts.setdefault(key, []).append(attempt)
            case "forget":
                self._standing.pop(key, None)
                self._forgotten[key] = line.head["time"]
            case _:
                self.damaged.append(f"{self.path} at byte {span.start} (unknown kind '{line.kind}')")

    def _end_attempts(self, key: bytes, head: Mapping[str, object]) -> None:
        """An answer accounts for its own run's attempts, and one from a batch for whoever submitted that batch."""
        left = [
            one
            for one in self._attempts.pop(key, [])
            if one.run != head["run"] and not (one.mode == "batches" and head["mode"] == "batch")
        ]
        if left:
            self._attempts[key] = left

    def _write(self, kind: str, key: str, head: Mapping[str, object], record: bytes = b"", sync: bool = True) -> None:
        raw = line_of(kind, key, head, record)
        span = self._open_journal().append(raw, sync)
        self._replay(Line(kind, key, head, b""), span)

    def _open_journal(self) -> Journal:
        if self._journal is None:
            raise RuntimeError("the store was opened for reading only")
        return self._journal

    def _raw(self, span: Span) -> bytes:
        line = read_line(self._bytes(span))
        return line.record if line is not None else b""

    def _bytes(self, span: Span) -> bytes:
        if self._journal is not None:
            return self._journal.read(span)
        with self.path.open("rb") as file:
            file.seek(span.start)
            return file.read(span.size)

    def _at(self, spans: dict[bytes, Span], key: str) -> Record | None:
        span = spans.get(bytes.fromhex(key))
        if span is None:
            return None
        line = read_line(self._bytes(span))
        record = _record(line) if line is not None else None
        if record is None:
            del spans[bytes.fromhex(key)]
            self.damaged.append(f"{self.path} at byte {span.start}")
            say(f"{self.damaged[-1]} holds a damaged record; it is asked again.")
        return record


def _head(record: Record, run: str) -> dict[str, object]:
    usd = record.usd + record.possible_usd
    reply = record.reply
    return {"run": run, "bought": record.bought, "usd": usd, "outcome": reply.outcome, "mode": reply.mode}


def _record(line: Line) -> Record | None:
    """The record of a line; in an export, which has no head, it was bought by another project."""
    try:
        return unpacked(line.key, line.record, bool(line.head.get("bought", False)))
    except DualGeoError:
        return None
