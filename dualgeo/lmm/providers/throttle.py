"""How many attempts may be under way at once, and from when on: less and later after the server says 429."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Throttle:
    """Slots for attempts. A 429 halves them and closes them for a while; each success brings back a part of one.

    Additive increase and multiplicative decrease, as in TCP: Chiu and Jain, Analysis of the increase and decrease
    algorithms for congestion avoidance in computer networks, 1989.
    """

    def __init__(self, concurrency: int) -> None:
        self._most = concurrency
        self._allowed = float(concurrency)
        self._active = 0
        self._opens = 0.0
        self._slowed = 0.0
        self._turn = asyncio.Condition()
        self._hurry = asyncio.Event()

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[bool]:
        """Wait for a slot, in turn. Yields False instead of waiting once nothing may be sent any more."""
        async with self._turn:
            await self._turn.wait_for(lambda: self._hurry.is_set() or self._active < int(self._allowed))
        self._active += 1
        try:
            while not self._hurry.is_set() and (wait := self._opens - time.monotonic()) > 0:
                await self.rest(wait)
            yield not self._hurry.is_set()
        finally:
            self._active -= 1
            await self._wake()

    async def rest(self, seconds: float) -> None:
        """Sleep, or wake early when nothing may be sent any more."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    def slow_down(self, seconds: float, begun: float) -> None:
        """After a 429 for an attempt that began at `begun` (monotonic): one burst counts once."""
        now = time.monotonic()
        self._opens = max(self._opens, now + seconds)
        if begun > self._slowed:
            self._allowed = max(1.0, self._allowed / 2)
            self._slowed = now

    def close_for(self, seconds: float) -> None:
        """Let nothing start for so long: the server has said that its limit is used up."""
        self._opens = max(self._opens, time.monotonic() + seconds)

    def went_well(self) -> None:
        """After a success."""
        self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)

    @property
    def stopped(self) -> bool:
        """Whether nothing may be sent any more."""
        return self._hurry.is_set()

    async def stop(self) -> None:
        """From now on nobody waits and nothing is sent."""
        self._hurry.set()
        await self._wake()

    async def _wake(self) -> None:
        async with self._turn:
            self._turn.notify_all()
