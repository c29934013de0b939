"""A small OpenAI-compatible server on loopback: what vLLM, Ollama and llama.cpp have in common, and how they differ."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answered:
    """What the server says to one request; a `body` of None drops the connection."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def words(self) -> str:
        return self.body["messages"][-1]["content"][1]["text"]

    @property
    def form(self) -> str | None:
        return self.body.get("response_format", {}).get("type")


Says = Callable[[Seen, int], Answered]


@dataclass
class ChatServer:
    """Where it listens, what it saw, and how many requests were under way at once at most."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def completion(text: str, *, stop: str = "stop", model: str = "tiny-vl", **message: Any) -> dict[str, Any]:
    """A body as every one of them words it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": stop, "message": {"role": "assistant", "content": text, **message}},
        ],
        "usage": {"prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980},
    }


def refusal(status: int, message: str, **more: Any) -> Answered:
    return Answered(status, {"error": {"message": message, "type": "BadRequestError", **more}})


@contextmanager
def chat_server(says: Says) -> Iterator[ChatServer]:
    """Serve until the block ends; `says` gets each request and its number, from 0."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()}, content)
            with state.lock:
                state.seen.append(seen)
                number = len(state.seen) - 1
                state.now += 1
                state.most_at_once = max(state.most_at_once, state.now)
            try:
                self._say(says(seen, number))
            finally:
                with state.lock:
                    state.now -= 1

        def _say(self, answered: Answered) -> None:
            time.sleep(answered.after_s)
            if answered.body is None:
                self.close_connection = True
                self.connection.close()
                return
            raw = answered.body.encode() if isinstance(answered.body, str) else json.dumps(answered.body).encode()
            self.send_response(answered.status)
            kind = "text/html" if isinstance(answered.body, str) else "application/json"
            for name, value in ({"content-type": kind, "content-length": str(len(raw))} | answered.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    state = ChatServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
