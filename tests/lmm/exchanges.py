"""Requests, replies and a provider in this process, for tests of what lies around them."""

import json
from collections.abc import Callable, Iterable

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.provider import Take
from dualgeo.lmm.question import Place, Question
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Picture, Request
from dualgeo.params.lmm import LmmParams

SENDING = {
    "allowed": True,
    "mode": "direct",
    "concurrency": 4,
    "timeout_s": 5.0,
    "attempts": 3,
    "batch_requests": 100,
    "poll_s": 1.0,
}


def params_for(**changes) -> LmmParams:
    """Params of an Anthropic model that asks two prompts; `sending` may be a part of its keys."""
    values = {
        "provider": "anthropic",
        "model": "claude-haiku-4-5",
        "endpoint": None,
        "strategy": "rag",
        "variants": 1,
        "candidates": 5,
        "negatives": 2,
        "verification": "none",
        "effort": None,
        "max_tokens": 1000,
        "image_side": 256,
        "cells": [],
        "photos_per_set": None,
        "max_usd": 100.0,
        "when_budget_ends": "stop",
    }
    sending = {**SENDING, **changes.pop("sending", {})}
    return LmmParams.model_validate({**values, **changes, "sending": sending})


def request_about(number: int, text: str = "Where?", max_tokens: int = 1000) -> Request:
    """A request of its own for each number."""
    picture = Picture(f"{number:064x}", 96, 96, lambda: b"\xff\xd8 not a real photo")
    prompt = Prompt("zero-shot", "0" * 12, "You locate photos.", text, ())
    return Request(f"photo-{number}", "anthropic", "claude-haiku-4-5", None, max_tokens, prompt, picture)


def reply_with(outcome: Outcome = "answered", **changes) -> Reply:
    """How an exchange ended; an answer says Paris."""
    text = answer_text(48.85, 2.35) if outcome == "answered" else ""
    values = {
        "outcome": outcome,
        "reason": "" if outcome == "answered" else f"it was {outcome}",
        "text": text,
        "model": "claude-haiku-4-5-20251001",
        "request_id": "req_1",
        "stop_reason": "end_turn",
        "usage": Usage(1200, 300),
        "latency_s": 1.5,
        "attempts": 1,
        "lost": 0,
        "mode": "direct",
    }
    return Reply(**{**values, **changes})


def answer_text(lat: float, lon: float, used: Iterable[str] = ()) -> str:
    """What a model says when it keeps to the schema."""
    said = {
        "evidence": ["a tower", "Haussmann facades"],
        "candidates_used": list(used),
        "country": "France",
        "region": "Ile-de-France",
        "city": "Paris",
        "latitude": lat,
        "longitude": lon,
        "confidence_radius_km": 12.5,
    }
    return json.dumps(said)


def questions(count: int) -> list[Question]:
    """Questions about as many photos, three candidates each."""
    return [
        Question(f"q{number}", "set", "query", False, _places(number, 3), _places(number + 1000, 2))
        for number in range(count)
    ]


def _places(number: int, count: int) -> tuple[Place, ...]:
    return tuple(
        Place(f"g{number}-{rank}", 10.0 + number % 60, 20.0 + rank, 0.9 - 0.01 * rank, 0) for rank in range(count)
    )


def picture_for(photo_id: str) -> Picture:
    """A photo that is only described."""
    return Picture(photo_id.encode().hex().rjust(64, "0")[-64:], 96, 64, lambda: b"\xff\xd8 not a real photo")


class HereProvider:
    """Ends every request as `end` says, reserving and settling as a provider must, and remembers what it was sent."""

    name = "here"

    def __init__(self, end: Callable[[Request], Reply] = lambda request: reply_with()) -> None:
        self.sent: list[Request] = []
        self._end = end

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        for request in requests:
            budget.reserve(request)
            self.sent.append(request)
            request.picture.jpeg()
            reply = self._end(request)
            budget.settle(request, reply)
            take(request, reply)
