"""Models by hub name: fetched for real from a server on this machine, and one sentence when that cannot be done."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

NAME = "someone/tiny-clip"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import sys
from dualgeo.errors import DualGeoError
from dualgeo.views.image_encoder import load_image_encoder
try:
    print("key", load_image_encoder(sys.argv[1], revision=sys.argv[2] or None, device="cpu").key)
except DualGeoError as error:
    print("error", error)
"""


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as fetching a model needs: facts about the repository, and its files."""

    folder: Path
    status = 200
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        content, kind = self._content()
        status = self.status if content is not None or self.status != 200 else 404
        self.send_response(status)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound" if self.status == 200 else "RepoNotFound")
        content = content if status == 200 and content is not None else b""
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{sha256(content).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _content(self) -> tuple[bytes | None, str]:
        path = self.path.partition("?")[0]
        if path.startswith("/api/"):
            files = ",".join(f'{{"rfilename": "{file.name}"}}' for file in self.folder.iterdir())
            facts = f'{{"id": "{NAME}", "sha": "{COMMIT}", "siblings": [{files}], "tags": []}}'
            return facts.encode(), "application/json"
        file = self.folder / path.rpartition("/")[2]
        return (file.read_bytes() if file.is_file() else None), "application/octet-stream"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _hub(folder: Path, status: int = 200) -> Generator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Hub", (_Hub,), {"folder": folder, "status": status, "asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


Load = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a model in a process of its own, which sees only the given hub and an empty cache."""

    def load(endpoint: str, name: str = NAME, revision: str = "", offline: bool = False) -> str:
        own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        own |= {"HF_HUB_OFFLINE": str(int(offline)), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
        command = [sys.executable, "-c", LOAD, name, revision]
        done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return load


def test_a_hub_name_is_fetched_once_and_then_works_offline(load: Load, clip_folder: Path) -> None:
    with _hub(clip_folder) as (endpoint, asked):
        fetched = load(endpoint)
    assert fetched.startswith("key ")
    assert any("model.safetensors" in path for path in asked)
    assert load(endpoint, offline=True) == fetched


@pytest.mark.parametrize("status", [403, 404])
def test_a_hub_that_refuses_is_told_in_one_sentence(load: Load, clip_folder: Path, status: int) -> None:
    with _hub(clip_folder, status) as (endpoint, _):
        said = load(endpoint)
    assert said.startswith(f"error the model {NAME} cannot be loaded") and f"hf download {NAME}" in said
    assert "\n" not in said


def test_offline_without_the_model_says_how_to_get_it(load: Load) -> None:
    said = load("http://127.0.0.1:9", offline=True)
    assert said.startswith(f"error the model {NAME} cannot be loaded") and f"hf download {NAME}" in said
    assert "\n" not in said
