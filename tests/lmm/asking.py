"""What the tests of the Anthropic provider share: its settings, a budget without end, and what was taken."""

from collections import Counter
from collections.abc import Iterable

from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.providers.direct import AnthropicDirect
from dualgeo.lmm.providers.waits import Backoff
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams

KEY = "sk-ant-never-to-be-seen-0123456789"
QUICK = Backoff(0.01, 0.1)


def sending(**changes: object) -> SendingParams:
    given = {
        "allowed": True,
        "mode": "direct",
        "concurrency": 8,
        "timeout_s": 0.5,
        "attempts": 6,
        "batch_requests": 100,
        "poll_s": 0.02,
    }
    return SendingParams.model_validate(given | changes)


def direct(**changes: object) -> AnthropicDirect:
    return AnthropicDirect(sending(**changes), read_answer, QUICK)


def taken(provider: Provider, requests: Iterable[Request], budget: Budget | None = None) -> dict[str, Reply]:
    """Query id -> reply of everything that was taken; each once."""
    replies: dict[str, Reply] = {}

    def take(request: Request, reply: Reply) -> None:
        assert request.query_id not in replies
        replies[request.query_id] = reply

    provider.answer(requests, budget or Budget(1e9, 0.0), take)
    return replies


def outcomes(replies: dict[str, Reply]) -> Counter[str]:
    return Counter(reply.outcome for reply in replies.values())
