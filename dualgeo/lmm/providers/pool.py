"""Workers that draw requests as they can send them, and what stops them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import BudgetEndsError
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers.purse import Purse
from dualgeo.lmm.providers.streak import Streak
from dualgeo.lmm.providers.throttle import Throttle
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request


@dataclass(frozen=True)
class End:
    """How a request ended, and what to stop the run with, if anything."""

    reply: Reply
    stop: DualGeoError | None = None


Exchange = Callable[[Request], Awaitable[End | None]]
"""Holds the money, sends, and says how it ended; None: it was stopped before anything was held."""


class Pool:
    """As many workers as requests may be under way; one draws its next request when its last has ended.

    Whatever stops the run (the budget, an error, Ctrl-C), requests under way are awaited and taken. After Ctrl-C or an
    error none of them is tried again; when the budget ends they are, for that money is held already.
    """

    def __init__(self, exchange: Exchange, concurrency: int, purse: Purse, throttle: Throttle, take: Take) -> None:
        self._exchange = exchange
        self._concurrency = concurrency
        self._purse = purse
        self._throttle = throttle
        self._streak = Streak(take)
        self._stopped: BaseException | None = None

    async def run(self, requests: Iterable[Request]) -> None:
        """Send them all. Raises what stopped it, after the last request under way has been taken."""
        drawn = iter(requests)
        workers = [asyncio.create_task(self._work(drawn)) for _ in range(self._concurrency)]
        try:
            await asyncio.wait(workers)
        except asyncio.CancelledError as interrupt:
            await self._stop(interrupt)
            await asyncio.wait(workers)
        for worker in workers:
            worker.result()
        if self._stopped is None or isinstance(self._stopped, BudgetEndsError):
            self._streak.release()
        else:
            self._streak.withdraw()
        if self._stopped is not None:
            raise self._stopped

    async def _work(self, drawn: Iterator[Request]) -> None:
        try:
            while self._stopped is None and (request := next(drawn, None)) is not None:
                await self._one(request)
        except Exception as error:
            await self._stop(error)

    async def _one(self, request: Request) -> None:
        end = await self._exchange(request)
        if end is None:
            return
        self._purse.settle(request, end.reply)
        too_many = self._streak.end(request, end.reply)
        if stop := end.stop or too_many:
            await self._stop(stop)

    async def _stop(self, error: BaseException) -> None:
        if self._stopped is None or isinstance(self._stopped, BudgetEndsError):
            self._stopped = error
        if not isinstance(error, BudgetEndsError):
            await self._throttle.stop()
