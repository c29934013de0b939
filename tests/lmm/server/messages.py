"""POST /v1/messages."""

import asyncio
import json
import time
import uuid

from aiohttp import web

from tests.lmm.server.checks import BODY_BYTES, Asked, asked
from tests.lmm.server.errors import ApiError, invalid
from tests.lmm.server.faults import fault
from tests.lmm.server.records import content_of
from tests.lmm.server.state import STATE, State


async def post_message(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    begun = time.perf_counter()
    state.records.enter()
    try:
        return await _answered(request, state)
    finally:
        state.records.leave(time.perf_counter() - begun)


async def _answered(request: web.Request, state: State) -> web.StreamResponse:
    limits = state.limits.headers()
    if not state.limits.take():
        raise ApiError(429, "rate_limit_error", "This request would exceed the rate limit of your organization.")
    raw = await request.read()
    if len(raw) > BODY_BYTES:
        raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
    try:
        body = json.loads(raw)
    except ValueError:
        raise invalid("The request body is not valid JSON.") from None
    said = asked(body, state.models)
    content = content_of(body)
    options = state.options
    met = fault(options.seed, options.faults, options.kinds, content, state.records.attempt(content))
    if met:
        state.records.faults[met] += 1
    await _before(request, state, met)
    await asyncio.sleep(options.latency_s)
    message = message_of(said, state, met)
    return await _deliver(request, state, content, json.dumps(message).encode(), met, limits)


async def _before(request: web.Request, state: State, met: str | None) -> None:
    """The faults that happen before anything is done."""
    if met == "rate_limit":
        raise ApiError(429, "rate_limit_error", "Number of requests has exceeded your rate limit.")
    if met == "server_error":
        raise ApiError(500, "api_error", "Internal server error")
    if met == "overloaded":
        raise ApiError(529, "overloaded_error", "Overloaded")
    if met == "html":
        raise web.HTTPBadGateway(text="<html><body><h1>502 Bad Gateway</h1></body></html>", content_type="text/html")
    if met == "timeout":
        await asyncio.sleep(state.options.hang_s)
    if met in ("timeout", "drop_before"):
        cut(request)


def message_of(said: Asked, state: State, met: str | None) -> dict[str, object]:
    """A message of the API; `met` bends its end."""
    made = state.answerer(said.jpeg, said.text)
    text = made if isinstance(made, str) else json.dumps(made)
    stop, details = "end_turn", None
    if met == "refusal":
        text, stop = "", "refusal"
        details = {"type": "refusal", "category": None, "explanation": "This photo shows a person's home."}
    elif met == "max_tokens":
        text, stop = text[: len(text) // 2], "max_tokens"
    elif met == "invalid":
        text = "It must be Lisbon." if len(said.jpeg) % 2 else json.dumps({**json.loads(text), "latitude": 312.0})
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [] if met in ("refusal", "empty") else [{"type": "text", "text": text}],
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": details,
        "usage": {
            "input_tokens": said.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": len(text) // 4 + 1,
            "service_tier": "standard",
        },
    }


async def _deliver(
    request: web.Request, state: State, content: str, body: bytes, met: str | None, limits: dict[str, str]
) -> web.StreamResponse:
    if met == "malformed":
        body = body[: len(body) // 2]
    response = web.Response(body=body, content_type="application/json", headers=limits)
    response.headers["request-id"] = f"req_{uuid.uuid4().hex[:24]}"
    if met == "drop_after":
        half = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        state.records.unseen += 1
        cut(request)
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        state.records.unseen += 1
        raise
    if met == "malformed":
        state.records.unseen += 1
    else:
        state.records.paid[content] += 1
    return response


def cut(request: web.Request) -> None:
    """Cut the connection; what the handler returns then is not sent."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError
