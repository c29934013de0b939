"""How long to wait: what a server asks for, and what we take by ourselves."""

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
LONGEST_S = 300.0
"""No server is believed that asks for more."""


@dataclass(frozen=True)
class Backoff:
    """Doubling waits with a jitter that follows a seed, so that retries neither meet nor differ from run to run."""

    first_s: float = 0.5
    longest_s: float = 60.0

    def wait_s(self, key: str, attempt: int) -> float:
        """Seconds after failed attempt number `attempt` (from 1) at the request `key`: half to all of the step."""
        step = min(self.longest_s, self.first_s * 2.0 ** min(attempt - 1, 30))
        return step * random.Random(f"{key}/{attempt}").uniform(0.5, 1.0)  # noqa: S311


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `retry-after-ms` or `retry-after` (seconds or a date); None where neither says anything."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (seconds := _number(headers.get(name))) is not None:
            return _bounded(seconds * scale)
    then = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return None if then is None else _bounded(email.utils.mktime_tz(then) - _now(headers))


def limit_wait_s(headers: Mapping[str, str]) -> float:
    """Seconds until the server's rate limits allow another request, by its `anthropic-ratelimit-*` headers."""
    return max((_until_reset(headers, f"anthropic-ratelimit-{limit}") for limit in LIMITS), default=0.0)


def _until_reset(headers: Mapping[str, str], limit: str) -> float:
    if _number(headers.get(f"{limit}-remaining")) != 0:
        return 0.0
    try:
        reset = datetime.fromisoformat(headers.get(f"{limit}-reset", "")).timestamp()
    except ValueError:
        return 0.0
    return _bounded(reset - _now(headers))


def _now(headers: Mapping[str, str]) -> float:
    """The server's clock, where it is a second or more from ours."""
    ours = time.time()
    then = email.utils.parsedate_tz(headers.get("date", ""))
    theirs = email.utils.mktime_tz(then) if then else ours
    return theirs if abs(theirs - ours) > 2 else ours


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_S)
