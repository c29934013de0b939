"""The Message Batches API: create, list, get, cancel, results."""

import datetime
import json
import random
import re
import uuid
from dataclasses import dataclass, field

from aiohttp import web

from tests.lmm.server.checks import BATCH_BYTES, asked
from tests.lmm.server.errors import ApiError, invalid
from tests.lmm.server.faults import fault
from tests.lmm.server.messages import cut, message_of
from tests.lmm.server.records import content_of
from tests.lmm.server.state import STATE, State

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass
class Batch:
    """A batch whose results are made when its time is up."""

    requests: list[dict[str, object]]
    created: datetime.datetime
    ends: datetime.datetime
    id: str = field(default_factory=lambda: f"msgbatch_{uuid.uuid4().hex[:24]}")
    canceled: datetime.datetime | None = None
    results: list[dict[str, object]] | None = None


async def post_batch(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    raw = await request.read()
    if len(raw) > BATCH_BYTES:
        raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
    requests = _checked(json.loads(raw))
    now = datetime.datetime.now(datetime.UTC)
    batch = Batch(requests, now, now + datetime.timedelta(seconds=state.options.batch_s))
    state.batches[batch.id] = batch
    state.records.batches += 1
    state.records.batch_requests += len(requests)
    if state.records.batches <= state.options.drop_submissions:
        cut(request)
    return web.json_response(_shown(request, batch, state))


def _checked(body: object) -> list[dict[str, object]]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not 1 <= len(requests) <= 100_000:
        raise invalid("requests: List should have between 1 and 100000 items")
    ids = [each.get("custom_id") for each in requests]
    for number, custom_id in enumerate(ids):
        if not isinstance(custom_id, str) or not CUSTOM_ID.fullmatch(custom_id):
            raise invalid(f"requests.{number}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
    if len(set(ids)) != len(ids):
        raise invalid("requests: custom_id must be unique")
    return requests


async def get_batch(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    return web.json_response(_shown(request, _found(request, state), state))


async def cancel_batch(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    batch = _found(request, state)
    if not _ended(batch, state):
        batch.canceled = batch.ends = datetime.datetime.now(datetime.UTC)
    return web.json_response(_shown(request, batch, state))


async def list_batches(request: web.Request) -> web.StreamResponse:
    """Newest first, in pages."""
    state = request.app[STATE]
    limit = int(request.query.get("limit", "20"))
    newest = sorted(state.batches.values(), key=lambda batch: batch.created, reverse=True)
    ids = [batch.id for batch in newest]
    start = ids.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
    page = newest[start : start + limit]
    return web.json_response(
        {
            "data": [_shown(request, batch, state) for batch in page],
            "has_more": start + limit < len(newest),
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
    )


async def get_results(request: web.Request) -> web.StreamResponse:
    """JSON lines in an order that has nothing to do with that of the requests."""
    state = request.app[STATE]
    batch = _found(request, state)
    if not _ended(batch, state) or state.options.results_gone:
        raise ApiError(404, "not_found_error", "Results are not available for this batch.")
    response = web.StreamResponse(headers={"Content-Type": "application/x-jsonl"})
    await response.prepare(request)
    for result in batch.results:
        await response.write(json.dumps(result).encode() + b"\n")
    await response.write_eof()
    return response


def _found(request: web.Request, state: State) -> Batch:
    batch = state.batches.get(request.match_info["id"])
    if batch is None:
        raise ApiError(404, "not_found_error", f"Message batch not found: {request.match_info['id']}")
    return batch


def _ended(batch: Batch, state: State) -> bool:
    if datetime.datetime.now(datetime.UTC) < batch.ends:
        return False
    if batch.results is None:
        batch.results = [_result(each, batch, state) for each in batch.requests]
        for number in range(state.options.strangers):
            batch.results.append({"custom_id": f"stranger-{number}", "result": {"type": "expired"}})
        random.Random(state.options.seed).shuffle(batch.results)
    return True


def _result(each: dict[str, object], batch: Batch, state: State) -> dict[str, object]:
    return {"custom_id": each["custom_id"], "result": _processed(each["params"], batch, state)}


def _processed(params: object, batch: Batch, state: State) -> dict[str, object]:
    if batch.canceled:
        return {"type": "canceled"}
    content = content_of(params)
    options = state.options
    met = fault(options.seed, options.faults, options.batch_kinds, content, state.records.attempt(content))
    if met:
        state.records.faults[met] += 1
    if met == "expired":
        return {"type": "expired"}
    try:
        if met == "errored":
            raise ApiError(500, "api_error", "Internal server error")
        if met == "rejected":
            raise invalid("Could not process image")
        message = message_of(asked(params, state.models), state, met)
    except ApiError as error:
        return {"type": "errored", "error": error.body("req_in_batch")}
    state.records.paid[content] += 1
    state.records.paid_in_batches[content] += 1
    return {"type": "succeeded", "message": message}


def _shown(request: web.Request, batch: Batch, state: State) -> dict[str, object]:
    ended = _ended(batch, state)
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    for result in (batch.results or []) if ended else []:
        if not str(result["custom_id"]).startswith("stranger-"):
            counts[result["result"]["type"]] += 1
    if not ended:
        counts["processing"] = len(batch.requests)
    gone = ended and state.options.results_gone
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "in_progress",
        "request_counts": counts,
        "created_at": batch.created.isoformat(),
        "ended_at": batch.ends.isoformat() if ended else None,
        "expires_at": (batch.created + datetime.timedelta(days=1)).isoformat(),
        "archived_at": (batch.created + datetime.timedelta(days=29)).isoformat() if gone else None,
        "cancel_initiated_at": batch.canceled.isoformat() if batch.canceled else None,
        "results_url": f"{request.url.origin()}/v1/messages/batches/{batch.id}/results" if ended and not gone else None,
    }
