"""The way of one request over a client, with its attempts and the waits between them, whatever API is spoken."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import BudgetEndsError
from dualgeo.lmm.providers.failures import Failure
from dualgeo.lmm.providers.outside import reply_without_key
from dualgeo.lmm.providers.pool import End
from dualgeo.lmm.providers.purse import Purse
from dualgeo.lmm.providers.throttle import Throttle
from dualgeo.lmm.providers.waits import Backoff
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams


@dataclass
class Tries:
    """What has been tried for one request."""

    request: Request
    made: int = 0
    lost: int = 0
    begun: float = 0.0
    """Of the last attempt, monotonic seconds."""
    last: str = "it was not sent."
    request_id: str = ""

    def begin(self) -> None:
        self.made += 1
        self.begun = time.monotonic()

    def failed(self, failure: Failure) -> None:
        self.lost += failure.lost
        self.last = failure.reason
        self.request_id = failure.request_id

    @property
    def latency_s(self) -> float:
        return time.monotonic() - self.begun if self.made else 0.0

    def reply(self, outcome: Outcome, reason: str) -> Reply:
        """The end of a request for which no message came."""
        return Reply(
            outcome=outcome,
            reason=reason,
            text="",
            model=self.request.model,
            request_id=self.request_id,
            stop_reason="",
            usage=Usage(),
            latency_s=self.latency_s,
            attempts=self.made,
            lost=self.lost,
            mode="direct",
        )


class Speaker(Protocol):
    """One API: how a request is put, and what a single attempt comes to."""

    def body_of(self, request: Request, jpeg: bytes) -> Any:
        """What is sent, made once for all attempts; called off the event loop."""
        ...

    async def attempt(self, body: Any, tries: Tries) -> Reply | Failure:
        """Send once. Raises nothing that an attempt can end with."""
        ...


class Line:
    """Takes requests over one client until a message comes, the attempts are used up, or nothing may be sent."""

    def __init__(
        self, speaker: Speaker, key: str, sending: SendingParams, backoff: Backoff, purse: Purse, throttle: Throttle
    ) -> None:
        """`key` is that of the API, so that no reply holds it."""
        self._speaker = speaker
        self._key = key
        self._sending = sending
        self._backoff = backoff
        self._purse = purse
        self._throttle = throttle

    async def exchange(self, request: Request) -> End | None:
        """One request from its photo to its end; None where the run was stopped before anything was held for it."""
        body = await asyncio.to_thread(lambda: self._speaker.body_of(request, request.picture.jpeg()))
        if self._throttle.stopped:
            return None
        await self._purse.reserve(request)
        try:
            end = await self._tried(request, body)
        except BaseException:
            self._purse.leave()
            raise
        return replace(end, reply=reply_without_key(end.reply, self._key))

    async def _tried(self, request: Request, body: Any) -> End:
        """Try until a message comes, the attempts are used up, or nothing may be sent any more."""
        tries = Tries(request)
        while True:
            async with self._throttle.slot() as may_send:
                if not may_send:
                    return End(tries.reply("failed", f"the run was stopped; before that, {tries.last}"))
                tries.begin()
                ended = await self._speaker.attempt(body, tries)
            if isinstance(ended, Reply):
                return End(ended)
            tries.failed(ended)
            if (end := self._end(ended, tries)) is not None:
                return end
            try:
                await self._prepare_next(ended, tries)
            except BudgetEndsError as error:
                return End(tries.reply("failed", f"{ended.reason} The budget allowed no other attempt."), error)

    def _end(self, failure: Failure, tries: Tries) -> End | None:
        if failure.kind == "fatal":
            return End(tries.reply("failed", failure.reason), DualGeoError(failure.reason))
        if failure.kind == "rejected":
            return End(tries.reply("rejected", failure.reason))
        if tries.made >= self._sending.attempts:
            return End(tries.reply("failed", f"{failure.reason} That was attempt {tries.made}, the last."))
        return None

    async def _prepare_next(self, failure: Failure, tries: Tries) -> None:
        """Wait, with the money for another attempt held; raises BudgetEndsError where there is none."""
        if failure.lost:
            await self._purse.reserve_again(tries.request)
        ours = self._backoff.wait_s(tries.request.key, tries.made)
        if failure.kind == "slower":
            self._throttle.slow_down(ours if failure.wait_s is None else failure.wait_s, tries.begun)
        else:
            await self._throttle.rest(max(ours, failure.wait_s or 0.0))
