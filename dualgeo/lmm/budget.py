"""Money: what may be spent, what is held for requests under way, what was spent."""

import math
import threading
from collections.abc import Callable, Mapping

from dualgeo.errors import DualGeoError
from dualgeo.lmm.cost import cost_of, dearest_usd
from dualgeo.lmm.prices import NOTHING, Price
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request

UNITS = 10**9
"""Nano-dollars: whole numbers, so that holding and releasing a hundred thousand requests leaves no remainder."""


class BudgetEndsError(DualGeoError):
    """The next request could exceed `lmm.max_usd`."""


class Budget:
    """Holds the dearest possible end of every attempt under way, so that the limit cannot be passed.

    Safe to use from several threads.
    """

    def __init__(
        self,
        max_usd: float,
        spent_usd: float,
        price: Price = NOTHING,
        mode: str = "direct",
        held: Callable[[Request, float], None] | None = None,
        under_way: Mapping[str, float] | None = None,
    ) -> None:
        """`mode` is params' way of sending; `held` writes down each attempt before it is sent (request, dollars).

        `under_way`: key -> dollars of what an earlier run sent and this one will collect. It is held from the start, so
        the first `reserve` of such a request adds nothing.
        """
        self._max_usd = max_usd
        self._spent = spent_usd
        self._price = price
        self._mode = mode
        self._note = held
        self._held = {key: math.ceil(usd * UNITS) for key, usd in (under_way or {}).items()}
        self._held_units = sum(self._held.values())
        self._collected = set(self._held)
        self._lock = threading.Lock()

    @property
    def spent_usd(self) -> float:
        """Settled so far, what may have been charged for lost attempts counted in."""
        return self._spent

    @property
    def held_usd(self) -> float:
        """The dearest end of all that is under way."""
        return self._held_units / UNITS

    def reserve(self, request: Request) -> None:
        """Hold the dearest end of one attempt at `request`; BudgetEndsError when that could pass the limit.

        To be called again before another attempt when the end of the one before was never seen (a time-out, a dropped
        connection): that one may have been charged, so both stay held until the request is settled.
        """
        usd, key = dearest_usd(request, self._price, self._mode), request.key
        with self._lock:
            if key in self._collected:
                self._collected.remove(key)
                return
            if usd > 0 and self._spent + self.held_usd + usd > self._max_usd:
                raise BudgetEndsError(self._refusal(usd))
            if self._note is not None:
                self._note(request, usd)
            units = math.ceil(usd * UNITS)
            self._held[key] = self._held.get(key, 0) + units
            self._held_units += units

    def settle(self, request: Request, reply: Reply) -> float:
        """Replace what was held for `request` by what it cost; returns US dollars.

        Lost attempts (`reply.lost`) are counted at their dearest: nobody can say that they were not charged.
        """
        cost = cost_of(request, reply, self._price)
        with self._lock:
            self._collected.discard(request.key)
            self._held_units -= self._held.pop(request.key, 0)
            self._spent += cost.total
        return cost.total

    def _refusal(self, usd: float) -> str:
        if self._max_usd == 0:
            return "lmm.max_usd is 0, so nothing may be sent; raise it to what this project may spend in US dollars."
        under_way = f" and {self.held_usd:.4f} is held for requests under way" if self._held else ""
        return (
            f"The next request could cost {usd:.4f} US dollars, and of lmm.max_usd {self._max_usd:g} "
            f"{self._spent:.4f} is spent{under_way}."
        )
