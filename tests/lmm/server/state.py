"""What the handlers share."""

import datetime
import time
from dataclasses import dataclass, field

from aiohttp import web

from tests.lmm.server.answers import Answerer
from tests.lmm.server.options import Options
from tests.lmm.server.records import Records


class Limits:
    """A bucket that fills with `per_second` requests a second and holds one second's worth; 0: no limit."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self.left = self._size()
        self.at = time.monotonic()

    def _size(self) -> float:
        return max(1.0, self.per_second)

    def take(self) -> bool:
        if not self.per_second:
            return True
        now = time.monotonic()
        self.left = min(self._size(), self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def headers(self) -> dict[str, str]:
        if not self.per_second:
            return {}
        full = datetime.timedelta(seconds=(self._size() - self.left) / self.per_second)
        return {
            "anthropic-ratelimit-requests-limit": str(int(self._size())),
            "anthropic-ratelimit-requests-remaining": str(int(self.left)),
            "anthropic-ratelimit-requests-reset": (datetime.datetime.now(datetime.UTC) + full).isoformat(),
        }


@dataclass
class State:
    options: Options
    models: list[str]
    answerer: Answerer
    limits: Limits
    records: Records = field(default_factory=Records)
    batches: dict[str, "object"] = field(default_factory=dict)


STATE = web.AppKey("state", State)
