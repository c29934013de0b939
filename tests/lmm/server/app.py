"""The server put together."""

import dataclasses
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.lmm.server import batches, messages
from tests.lmm.server.answers import answerer_of
from tests.lmm.server.errors import ApiError, invalid
from tests.lmm.server.options import Options
from tests.lmm.server.records import Records
from tests.lmm.server.state import STATE, Limits, State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def app_of(options: Options) -> web.Application:
    app = web.Application(client_max_size=300_000_000, middlewares=[_as_the_api])
    app[STATE] = State(options, options.models.split(","), answerer_of(options.answerer), Limits(options.per_second))
    app.add_routes(
        [
            web.post("/v1/messages", messages.post_message),
            web.post("/v1/messages/batches", batches.post_batch),
            web.get("/v1/messages/batches", batches.list_batches),
            web.get("/v1/messages/batches/{id}", batches.get_batch),
            web.post("/v1/messages/batches/{id}/cancel", batches.cancel_batch),
            web.get("/v1/messages/batches/{id}/results", batches.get_results),
            web.get("/stats", _stats),
            web.get("/count", _count),
            web.post("/stats/reset", _reset),
            web.post("/options", _change),
        ]
    )
    return app


@web.middleware
async def _as_the_api(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check key and version; word errors as the API does."""
    state = request.app[STATE]
    request_id = f"req_{uuid.uuid4().hex[:24]}"
    try:
        if request.path.startswith("/v1/"):
            _check_headers(request, state.options.key)
        return await handler(request)
    except ApiError as error:
        state.records.errors[str(error.status)] += 1
        headers = {"request-id": request_id, **_retry_after(error, state)}
        return web.json_response(error.body(request_id), status=error.status, headers=headers)


def _check_headers(request: web.Request, key: str) -> None:
    given = request.headers.get("x-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not given or (key and given != key):
        raise ApiError(401, "authentication_error", f"invalid x-api-key {given}")
    if "anthropic-version" not in request.headers:
        raise invalid("anthropic-version: header is required")


def _retry_after(error: ApiError, state: State) -> dict[str, str]:
    if error.status != 429:
        return {}
    seconds = 1 / state.options.per_second if state.options.per_second else state.options.retry_after_s
    if seconds < 1:
        return {"retry-after-ms": str(round(seconds * 1000)), "retry-after": "1"}
    return {"retry-after": str(round(seconds))}


async def _stats(request: web.Request) -> web.StreamResponse:
    return web.json_response(vars(request.app[STATE].records))


async def _count(request: web.Request) -> web.StreamResponse:
    return web.json_response({"requests": request.app[STATE].records.requests})


async def _change(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    state.options = dataclasses.replace(state.options, **await request.json())
    return web.json_response(dataclasses.asdict(state.options))


async def _reset(request: web.Request) -> web.StreamResponse:
    request.app[STATE].records = Records()
    return web.json_response({})
