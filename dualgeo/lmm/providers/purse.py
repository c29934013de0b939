"""The budget as several requests at once see it."""

import asyncio

from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request


class Purse:
    """Takes a refusal of the budget for final only when nothing is under way that could leave something over.

    A request holds the dearest end that it could have, which is many times what it costs.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._moving = 0
        self._changed = asyncio.Event()

    async def reserve(self, request: Request) -> None:
        """Hold the dearest end of a request that begins."""
        await self._reserve(request)
        self._moving += 1

    async def reserve_again(self, request: Request) -> None:
        """Hold it once more, after an attempt whose end was not seen."""
        self.leave()
        try:
            await self._reserve(request)
        finally:
            self._moving += 1

    def settle(self, request: Request, reply: Reply) -> None:
        """Replace what was held for a request by what it cost."""
        self._budget.settle(request, reply)
        self.leave()

    async def _reserve(self, request: Request) -> None:
        while True:
            try:
                return self._budget.reserve(request)
            except BudgetEndsError:
                if not self._moving:
                    raise
            self._changed.clear()
            await self._changed.wait()

    def leave(self) -> None:
        """A request has ended, with or without being settled."""
        self._moving -= 1
        self._changed.set()
