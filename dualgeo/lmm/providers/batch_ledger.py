"""Which message batches were submitted and not collected: `answers/batches.jsonl`, appended to and forced to the disk.

An intent is written before a batch is submitted and the batch's id after it. A crash between the two leaves an intent
without an id, which the next run looks for at the API before it submits, and so pays for, the same again.
"""

import secrets
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dualgeo.lmm.journal import Journal, scan
from dualgeo.lmm.record import Line, line_of
from dualgeo.progress import say

NAME = "batches.jsonl"


@dataclass
class Entry:
    """A batch that was to be submitted."""

    intent: str
    time: datetime
    """UTC, when it was to be submitted."""
    keys: tuple[str, ...]
    """Of its requests."""
    batch: str | None = None
    """The API's id; None as long as it is not known to have arrived."""
    left: set[str] = field(default_factory=set[str])
    """Keys whose results have not been collected."""
    sure: bool = True
    """False for a batch that was found at the API and may be somebody else's."""


class BatchLedger:
    """The entries by intent, oldest first."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._journal.mend(path.with_suffix(".torn"))
        self._entries: dict[str, Entry] = {}
        self.batches: set[str] = set()
        """Ids of all batches that are accounted for, strangers' among them."""
        for found in scan(path):
            if found.line is not None:
                self._replay(found.line)
            elif not found.torn:
                say(f"{path} line {found.number} is damaged; a batch may be in flight that is not known here.")

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Generator["BatchLedger"]:
        """The ledger in the folder of the answer store, whose lock the caller holds."""
        folder.mkdir(parents=True, exist_ok=True)
        ledger = cls(folder / NAME)
        try:
            yield ledger
        finally:
            ledger._journal.close()

    @property
    def open_entries(self) -> list[Entry]:
        """Entries with results to come, oldest first."""
        return [entry for entry in self._entries.values() if entry.left]

    def intend(self, keys: Sequence[str]) -> Entry:
        """Write that a batch with these requests is about to be submitted."""
        intent = secrets.token_hex(8)
        self._write("intent", intent, {"time": datetime.now(UTC).isoformat(), "keys": list(keys)})
        return self._entries[intent]

    def submitted(self, entry: Entry, batch: str) -> None:
        """Write the id that the API gave."""
        self._write("submitted", entry.intent, {"batch": batch})

    def found(self, entry: Entry, batch: str) -> None:
        """Write the id of a batch at the API that can be this one."""
        self._write("found", entry.intent, {"batch": batch})

    def not_it(self, entry: Entry) -> None:
        """Write that the batch that was found is somebody else's."""
        self._write("not it", entry.intent, {})

    def collected(self, entry: Entry, keys: Collection[str]) -> None:
        """Write that nothing more is to come for these of its requests."""
        self._write("collected", entry.intent, {"keys": sorted(keys)})

    def _write(self, kind: str, intent: str, head: dict[str, object]) -> None:
        self._journal.append(line_of(kind, intent, head))
        self._replay(Line(kind, intent, head, b""))

    def _replay(self, line: Line) -> None:
        head = line.head
        if line.kind == "intent":
            keys = tuple(head["keys"])
            time = datetime.fromisoformat(head["time"])
            self._entries[line.key] = Entry(line.key, time, keys, left=set(keys))
            return
        entry = self._entries[line.key]
        match line.kind:
            case "submitted" | "found":
                entry.batch, entry.sure = head["batch"], line.kind == "submitted"
                self.batches.add(head["batch"])
            case "not it":
                entry.batch = None
            case _:
                entry.left -= set(head["keys"])
