"""What the server remembers, so that a test can count."""

import collections
import hashlib
import json
from dataclasses import dataclass, field


def content_of(body: object) -> str:
    """A digest of what a request asks."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass
class Records:
    requests: int = 0
    batches: int = 0
    batch_requests: int = 0
    unseen: int = 0
    under_way: int = 0
    most_under_way: int = 0
    served_s: float = 0.0
    paid: collections.Counter[str] = field(default_factory=collections.Counter)
    paid_in_batches: collections.Counter[str] = field(default_factory=collections.Counter)
    attempts: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: collections.Counter[str] = field(default_factory=collections.Counter)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)

    def enter(self) -> None:
        self.requests += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

    def leave(self, seconds: float) -> None:
        self.under_way -= 1
        self.served_s += seconds

    def attempt(self, content: str) -> int:
        self.attempts[content] += 1
        return self.attempts[content]
