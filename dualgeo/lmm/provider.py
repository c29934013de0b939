"""The small interface that every provider of answers has."""

from collections.abc import Callable, Iterable
from typing import Protocol

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request

Take = Callable[[Request, Reply], None]
"""Called once for each request that has ended, from the thread that called `answer`."""


class Provider(Protocol):
    """Answers requests, in any order."""

    name: str

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """Send `requests`, drawn as they are needed, and hand each end to `take` as soon as it is known.

        Before a request is sent, `budget.reserve(request)` holds its dearest possible end, and again before another
        attempt when the end of the one before was never seen (it counts in `reply.lost` and may have been charged);
        when the request has ended, `budget.settle(request, reply)` replaces all that by what it cost. When the budget
        refuses, nothing further is sent, those under way are awaited and taken, and BudgetEndsError is raised. Raises
        DualGeoError for what no request can survive: a key that is missing or refused, a model that does not exist.
        """
        ...
