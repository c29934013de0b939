"""Progress that fits where it is shown: a bar in a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Generator, Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0


def say(line: str) -> None:
    """Print one line of progress to standard error at once."""
    print(line, file=sys.stderr, flush=True)


def progress(items: Iterable[Item], total: int, label: str) -> Generator[Item]:
    """Yield `items` while showing how many of `total` are done, on standard error."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, description=label, total=total, console=console)
        return
    begun = shown = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - shown >= SECONDS_BETWEEN_LINES:
            shown = now
            say(f"{label}: {done}/{total} ({done / (now - begun):.0f}/s)")
    say(f"{label}: {done}/{total} in {time.monotonic() - begun:.1f} s")
