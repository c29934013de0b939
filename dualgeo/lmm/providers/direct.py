"""The Messages API, one request for each answer, several under way at once."""

import asyncio
from collections.abc import Iterable

from anthropic import APIError, AsyncAnthropic
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers.answer_format import Read
from dualgeo.lmm.providers.anthropic_client import async_client
from dualgeo.lmm.providers.anthropic_key import api_key
from dualgeo.lmm.providers.failures import Failure, failure_of, unreadable
from dualgeo.lmm.providers.line import Line, Tries
from dualgeo.lmm.providers.messages import body_of, is_message, reply_of
from dualgeo.lmm.providers.pool import Pool
from dualgeo.lmm.providers.purse import Purse
from dualgeo.lmm.providers.throttle import Throttle
from dualgeo.lmm.providers.waits import Backoff, limit_wait_s
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams


class AnthropicDirect:
    """Asks the Messages API; a failed attempt is tried again up to `sending.attempts` times in all."""

    name = "anthropic"

    def __init__(self, sending: SendingParams, read: Read, backoff: Backoff | None = None) -> None:
        self._sending = sending
        self._read = read
        self._backoff = backoff or Backoff()

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider. Requests have distinct keys. Raises KeyboardInterrupt after Ctrl-C, when all is taken."""
        asyncio.run(self._answer(requests, budget, take, api_key()))

    async def _answer(self, requests: Iterable[Request], budget: Budget, take: Take, key: str) -> None:
        concurrency = self._sending.concurrency
        purse, throttle = Purse(budget), Throttle(concurrency)
        async with async_client(key, self._sending.timeout_s, concurrency) as client:
            speaker = Messages(client, key, self._sending.timeout_s, self._read, throttle)
            line = Line(speaker, key, self._sending, self._backoff, purse, throttle)
            await Pool(line.exchange, concurrency, purse, throttle, take).run(requests)


class Messages:
    """The Messages API over one client: a Speaker (line.py)."""

    def __init__(self, client: AsyncAnthropic, key: str, timeout_s: float, read: Read, throttle: Throttle) -> None:
        self._create = client.messages.with_raw_response.create
        self._key = key
        self._timeout_s = timeout_s
        self._read = read
        self._throttle = throttle

    def body_of(self, request: Request, jpeg: bytes) -> MessageCreateParamsNonStreaming:
        return body_of(request, jpeg)

    async def attempt(self, body: MessageCreateParamsNonStreaming, tries: Tries) -> Reply | Failure:
        """Send once."""
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._create(**body)
        except (APIError, TimeoutError) as error:
            return failure_of(error, self._key, tries.request.model)
        try:
            message = await raw.parse()
        except ValueError:
            return unreadable("no JSON")
        if not is_message(message):
            return unreadable("no message of the API")
        self._throttle.went_well()
        self._throttle.close_for(limit_wait_s(raw.headers))
        return reply_of(
            message,
            tries.request,
            self._read,
            request_id=raw.headers.get("request-id", ""),
            latency_s=tries.latency_s,
            attempts=tries.made,
            lost=tries.lost,
            mode="direct",
        )
