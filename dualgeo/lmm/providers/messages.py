"""A request in the words of the Messages API, and a message of the API as a reply."""

import base64
from functools import cache
from typing import Literal

from anthropic import transform_schema
from anthropic.types import (
    Message,
    MessageParam,
    OutputConfigParam,
    TextBlockParam,
)
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

from dualgeo.lmm.answer import GeoAnswer
from dualgeo.lmm.providers.answer_format import Read, judged
from dualgeo.lmm.providers.outside import count_of, said
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Request

CACHED_FROM = 4_000
"""Characters of a system prompt from which the server can cache it: about 1,024 tokens, the least that it takes."""


def body_of(request: Request, jpeg: bytes) -> MessageCreateParamsNonStreaming:
    """The photo first, then the words; the answer's form as a schema, without tools."""
    return {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "system": [_system(request.prompt.system)],
        "messages": [_user(request.prompt.text, jpeg)],
        "output_config": _output(request.effort),
    }


def _system(text: str) -> TextBlockParam:
    if len(text) < CACHED_FROM:
        return {"type": "text", "text": text}
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


def _user(text: str, jpeg: bytes) -> MessageParam:
    data = base64.b64encode(jpeg).decode("ascii")
    return {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": data}},
            {"type": "text", "text": text},
        ],
    }


def _output(effort: Literal["low", "medium", "high"] | str | None) -> OutputConfigParam:
    config: OutputConfigParam = {"format": {"type": "json_schema", "schema": answer_schema()}}
    if effort is not None:
        config["effort"] = effort  # pyright: ignore[reportGeneralTypeIssues]
    return config


@cache
def answer_schema() -> dict[str, object]:
    """GeoAnswer as the API takes schemas."""
    return transform_schema(GeoAnswer)


def is_message(value: object) -> bool:
    """Whether a response has what every message has; the SDK builds its objects without looking."""
    return (
        isinstance(value, Message)
        and value.type == "message"
        and isinstance(value.content, list)  # pyright: ignore[reportUnnecessaryIsInstance]
        and count_of(getattr(value.usage, "input_tokens", None)) is not None
        and count_of(getattr(value.usage, "output_tokens", None)) is not None
    )


def reply_of(
    message: Message,
    request: Request,
    read: Read,
    *,
    request_id: str,
    latency_s: float,
    attempts: int,
    lost: int,
    mode: Literal["direct", "batch"],
) -> Reply:
    """What a message of the API means; `read` judges its words."""
    blocks = (getattr(block, "text", "") for block in message.content if getattr(block, "type", "") == "text")
    text = "".join(block for block in blocks if isinstance(block, str))
    outcome, reason = _judged(message, text, request, read)
    usage = message.usage
    return Reply(
        outcome=outcome,
        reason=reason,
        text=text,
        model=str(message.model),
        request_id=request_id or message.id,
        stop_reason=message.stop_reason or "",
        usage=Usage(
            usage.input_tokens,
            usage.output_tokens,
            count_of(usage.cache_creation_input_tokens) or 0,
            count_of(usage.cache_read_input_tokens) or 0,
        ),
        latency_s=latency_s,
        attempts=attempts,
        lost=lost,
        mode=mode,
    )


def no_message(
    request: Request,
    outcome: Outcome,
    reason: str,
    *,
    latency_s: float,
    attempts: int,
    lost: int,
    mode: Literal["direct", "batch"],
    request_id: str = "",
) -> Reply:
    """The end of a request for which no message came."""
    return Reply(outcome, reason, "", request.model, request_id, "", Usage(), latency_s, attempts, lost, mode)


def _judged(message: Message, text: str, request: Request, read: Read) -> tuple[Outcome, str]:
    stop = message.stop_reason
    if stop == "refusal":
        details = message.stop_details
        why = (details and (details.explanation or details.category)) or "it gave no reason"
        return "refused", f"the model refused to answer: {said(why, '')}."
    if stop == "model_context_window_exceeded":
        return "truncated", "the prompt and the answer were longer than the model can take."
    if stop == "max_tokens":
        return judged(text, request.max_tokens, read)
    if stop not in ("end_turn", "stop_sequence"):
        return "invalid", f"the model stopped for '{stop}' instead of answering."
    if not text.strip():
        return "invalid", "the model said nothing."
    return judged(text, None, read)
