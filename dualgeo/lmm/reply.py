"""What became of a request."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["answered", "refused", "truncated", "invalid", "rejected", "failed"]
"""answered: a valid answer. refused, truncated, invalid: paid for and kept, but no coordinate. rejected: the server
will not take this request (too large an image, say). failed: time-outs, lost connections, an overloaded server; asked
again by the next run."""
FINAL: tuple[Outcome, ...] = ("answered", "refused", "truncated", "invalid", "rejected")
"""Outcomes that a later run takes from the store."""


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """The end of one request, after all its attempts."""

    outcome: Outcome
    reason: str
    """One sentence for a person; empty for an answer."""
    text: str
    """What the model said, as it said it; empty where it said nothing."""
    model: str
    """The model that the provider says it was."""
    request_id: str
    """The provider's name of the exchange, for its support; empty where it gave none."""
    stop_reason: str
    usage: Usage
    latency_s: float
    """From sending the last attempt to its end; for a batch, from submission to collection."""
    attempts: int
    lost: int
    """Attempts whose end was never seen (time-out, dropped connection): the provider may have charged for them."""
    mode: Literal["direct", "batch", "local"]
