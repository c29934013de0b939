"""Any OpenAI-compatible server: vLLM, Ollama, llama.cpp, or a hosted one."""

import asyncio
import os
from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.prices import host_of, is_here
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers import chat
from dualgeo.lmm.providers.answer_format import Read
from dualgeo.lmm.providers.bounded import PLAIN, bounded
from dualgeo.lmm.providers.chat_failures import VARIABLE, failure_of
from dualgeo.lmm.providers.failures import Failure, unreadable
from dualgeo.lmm.providers.line import Line, Tries
from dualgeo.lmm.providers.pool import Pool
from dualgeo.lmm.providers.purse import Purse
from dualgeo.lmm.providers.throttle import Throttle
from dualgeo.lmm.providers.waits import Backoff
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_S = 10.0


class OpenAiCompatible:
    """Asks `endpoint`/chat/completions; a failed attempt is tried again up to `sending.attempts` times in all."""

    name = "openai"

    def __init__(self, endpoint: str, sending: SendingParams, read: Read, backoff: Backoff | None = None) -> None:
        self._endpoint = endpoint
        self._sending = sending
        self._read = read
        self._backoff = backoff or Backoff()

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider. DualGeoError where the package `openai` is not installed or the key cannot be one."""
        if find_spec("openai") is None:
            raise DualGeoError(
                "lmm.provider openai needs the package openai; install it with `pip install 'dualgeo[openai]'`."
            )
        asyncio.run(self._answer(requests, budget, take, api_key()))

    async def _answer(self, requests: Iterable[Request], budget: Budget, take: Take, key: str) -> None:
        concurrency = self._sending.concurrency
        purse, throttle = Purse(budget), Throttle(concurrency)
        async with client_of(self._endpoint, key, self._sending) as client:
            speaker = Chat(client, key, host_of(self._endpoint), self._sending.timeout_s, self._read, throttle)
            line = Line(speaker, key, self._sending, self._backoff, purse, throttle)
            await Pool(line.exchange, concurrency, purse, throttle, take).run(requests)


class Chat:
    """One client, and what its server turned out to understand."""

    def __init__(
        self, client: "AsyncOpenAI", key: str, host: str, timeout_s: float, read: Read, throttle: Throttle
    ) -> None:
        from openai import Omit

        # Bodies are plain dicts: what a compatible server takes is less than the SDK's types, and at times other.
        self._create: Any = client.chat.completions.with_raw_response.create
        self._key = key
        self._host = host
        self._timeout_s = timeout_s
        self._read = read
        self._throttle = throttle
        self._forms = list(chat.FORMS)
        """Forms of answer that the server may know; a single one once it has taken a request."""
        self._limit = "max_tokens"
        # The SDK would send some key; a server that wants none gets none.
        self._headers = {} if key else {"Authorization": Omit()}

    def body_of(self, request: Request, jpeg: bytes) -> dict[str, Any]:
        return chat.body_of(request, jpeg)

    async def attempt(self, body: dict[str, Any], tries: Tries) -> Reply | Failure:
        """Send once; while the server has taken nothing yet, what it refuses is asked for in a simpler form at once.

        A refusal costs nothing. Where it refuses every form, the first reason stands: it is about something else.
        """
        first: Failure | None = None
        for form in tuple(self._forms):
            ended = await self._send(body | form, tries)
            if isinstance(ended, Reply):
                self._forms = [form]
            if isinstance(ended, Reply) or ended.kind != "rejected":
                return ended
            first = first or ended
        return first or unreadable("no message")

    async def _send(self, body: dict[str, Any], tries: Tries) -> Reply | Failure:
        from openai import APIError, BadRequestError

        try:
            async with asyncio.timeout(self._timeout_s):
                bound = {self._limit: tries.request.max_tokens}
                raw = await self._create(**body, **bound, extra_headers=self._headers)
        except BadRequestError as error:
            # Newer models of OpenAI take the bound under another name only, which other servers may not know.
            if self._limit == "max_tokens" and error.param == "max_tokens":
                self._limit = "max_completion_tokens"
                return await self._send(body, tries)
            return failure_of(error, self._key, tries.request.model, self._host)
        except (APIError, TimeoutError) as error:
            return failure_of(error, self._key, tries.request.model, self._host)
        try:
            completion = raw.parse()
        except ValueError:
            return unreadable("no JSON")
        if not chat.is_completion(completion):
            return unreadable("no chat completion")
        self._throttle.went_well()
        return chat.reply_of(completion, tries, self._read, raw.headers.get("x-request-id", ""))


def client_of(endpoint: str, key: str, sending: SendingParams) -> "AsyncOpenAI":
    """A client that sends to one host, once. Its own retries are off: ours count what may have been paid for."""
    import httpx2
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    most = sending.concurrency
    http = DefaultAsyncHttpxClient(
        limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=30.0),
        # A redirect, or a proxy before a server on this machine, would take the photo where nobody agreed to.
        follow_redirects=False,
        trust_env=not is_here(host_of(endpoint)),
        event_hooks={"response": [bounded]},
        headers=PLAIN,
    )
    return AsyncOpenAI(
        api_key=key or "none",
        base_url=endpoint,
        timeout=httpx2.Timeout(sending.timeout_s, connect=min(CONNECT_S, sending.timeout_s)),
        max_retries=0,
        http_client=http,
    )


def api_key() -> str:
    """The key in OPENAI_API_KEY; empty where there is none, as most servers in one's own house want none."""
    key = os.environ.get(VARIABLE, "").strip()
    if key and (not key.isascii() or not key.isprintable() or " " in key):
        raise DualGeoError(f"{VARIABLE} holds characters that no key has (spaces, line ends, accents); set it again.")
    return key
