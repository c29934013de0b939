"""The server as a process of its own: its clients are killed in tests, it goes on."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Server:
    url: str

    def stats(self) -> dict:
        """Everything that was recorded."""
        return self._ask("/stats")

    def requests(self) -> int:
        """Requests for messages so far."""
        return self._ask("/count")["requests"]

    def reset(self) -> None:
        """Forget what was recorded."""
        self._ask("/stats/reset", {})

    def change(self, **options: object) -> None:
        """Other options from now on, named as in `options.py`; those read at the start (answerer, models) stay."""
        self._ask("/options", options)

    def _ask(self, path: str, send: dict | None = None) -> dict:
        data = None if send is None else json.dumps(send).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data=data), timeout=30) as answered:
            return json.load(answered)


@contextmanager
def server_running(*arguments: str) -> Iterator[Server]:
    """Start `python -m tests.lmm.server` with `arguments` on a free port; it ends with the block."""
    command = [sys.executable, "-m", "tests.lmm.server", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the server did not start: {command}")
        yield Server(line.split()[-1])
    finally:
        process.terminate()
        process.wait(10)
