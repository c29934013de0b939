"""An append-only file of checked lines that survives a crash at any byte."""

import fcntl
import os
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lmm.record import OPENING, Line, read_line
from dualgeo.progress import say


@dataclass(frozen=True, slots=True)
class Span:
    """Where a line lies in its file, its line feed not counted."""

    start: int
    size: int


@dataclass(frozen=True)
class Found:
    """What a scan comes upon: a line, or damage where one should be."""

    number: int
    """Line of the file, from 1."""
    span: Span
    line: Line | None
    torn: bool
    """The file ends before the line does."""


def scan(path: Path) -> Iterator[Found]:
    """All lines of a file in order; a damaged one is yielded as such, and so is what can be read behind the damage."""
    start = 0
    with path.open("rb", buffering=1 << 20) as file:
        for number, raw in enumerate(file, start=1):
            ended = raw.endswith(b"\n")
            yield from _checked(raw, number, start, torn=not ended)
            start += len(raw)


def _checked(raw: bytes, number: int, start: int, torn: bool) -> Iterator[Found]:
    text = raw.rstrip(b"\n")
    line = read_line(text)
    yield Found(number, Span(start, len(text)), line, torn and line is None)
    behind = 0 if line is None and not torn else -1
    # A line feed that was lost glues two lines together; the second is as good as ever.
    while behind >= 0 and (behind := text.find(OPENING, behind + 1)) > 0:
        if (second := read_line(text[behind:])) is not None:
            yield Found(number, Span(start + behind, len(text) - behind), second, torn=False)
            return


class Journal:
    """The file opened for appending; one process at a time (see `only_one`)."""

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        if new:
            _sync_folder(path.parent)

    def mend(self, aside: Path, last: Found | None = None) -> None:
        """Make the file end with a whole line; what a crash left of the last one is moved to the file `aside`.

        `last` is what a scan came upon last, where the caller has scanned the file already.
        """
        last = last or next(iter(deque(scan(self.path), maxlen=1)), None)
        size = os.fstat(self._handle).st_size
        if last is None or os.pread(self._handle, 1, size - 1) == b"\n":
            return
        if not last.torn:
            self.append(b"\n")
            return
        with aside.open("ab") as file:
            file.write(os.pread(self._handle, last.span.size, last.span.start) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(self._handle, last.span.start)
        os.fsync(self._handle)

    def append(self, line: bytes, sync: bool = True) -> Span:
        """Add a line, on the disk when this returns unless `sync` is False. DualGeoError when the disk is full."""
        start = os.fstat(self._handle).st_size
        try:
            if os.write(self._handle, line) != len(line):
                raise OSError("no space left")
        except OSError as error:
            os.ftruncate(self._handle, start)
            raise DualGeoError(f"{self.path} cannot be written ({error}); make room and run the same again.") from None
        if sync:
            self.sync()
        return Span(start, len(line) - 1)

    def read(self, span: Span) -> bytes:
        return os.pread(self._handle, span.size, span.start)

    def sync(self) -> None:
        os.fsync(self._handle)

    def close(self) -> None:
        os.fsync(self._handle)
        os.close(self._handle)


@contextmanager
def only_one(lock: Path, doing: str) -> Generator[None]:
    """Hold the file `lock`; waits for the process that holds it, and says so."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"Another process ({file.read().strip() or 'unknown'}) {doing}; waiting for it to end.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
