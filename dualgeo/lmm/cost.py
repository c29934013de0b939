"""Dollars of a request: the dearest it can become, what to expect, and what it came to."""

import json
import math
from dataclasses import dataclass

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import GeoAnswer
from dualgeo.lmm.prices import Price, image_tokens
from dualgeo.lmm.reply import Reply, Usage
from dualgeo.lmm.request import Request

MILLION = 1_000_000
SCHEMA_BYTES = len(json.dumps(GeoAnswer.model_json_schema()).encode())
FRAME_TOKENS = 1_000
"""Allowed for what a server adds to a prompt: roles, markers, its instruction to keep to the schema."""
EXPECTED_FRAME_TOKENS = 100
BYTES_PER_TOKEN = 2.5
"""Of English text, platform.claude.com, models overview, 2026-10-07."""
EXPECTED_OUTPUT_TOKENS = 700
"""A guess for an answer with some thinking, until this project's own answers say better."""


@dataclass(frozen=True)
class Tokens:
    """Input and output tokens of one request."""

    input: int
    output: int


@dataclass(frozen=True)
class Cost:
    """US dollars of a request that has ended."""

    usd: float
    """By the tokens that the provider counted."""
    possible_usd: float
    """The dearest end of the attempts whose end was never seen: they may have been charged."""

    @property
    def total(self) -> float:
        return self.usd + self.possible_usd


def most_tokens(request: Request, price: Price) -> Tokens:
    """A bound that no request can pass: a token of text has at least one byte, and an answer at most max_tokens."""
    text = len((request.prompt.system + request.prompt.text).encode())
    photo = image_tokens(request.picture.width, request.picture.height, price)
    return Tokens(text + SCHEMA_BYTES + FRAME_TOKENS + photo, request.max_tokens)


def expected_input_tokens(request: Request, price: Price) -> int:
    """A fair guess, for people; nothing is decided by it."""
    text = len((request.prompt.system + request.prompt.text).encode()) + SCHEMA_BYTES
    photo = image_tokens(request.picture.width, request.picture.height, price)
    return math.ceil(text / BYTES_PER_TOKEN) + EXPECTED_FRAME_TOKENS + photo


def share(price: Price, mode: str) -> float:
    """What the way of sending costs, as a share of the direct price."""
    return price.batch_share if mode in ("batch", "batches") else 1.0


def dearest_usd(request: Request, price: Price, mode: str) -> float:
    """The most that one attempt at `request` can cost.

    Raises DualGeoError for a prompt so long that the table's prices do not hold for it.
    """
    tokens = most_tokens(request, price)
    if price.up_to_tokens is not None and tokens.input > price.up_to_tokens:
        raise DualGeoError(
            f"A prompt about photo {request.query_id} could have {tokens.input} tokens, and the price of "
            f"{price.model} is only known up to {price.up_to_tokens}; lower lmm.candidates or lmm.image_side."
        )
    dearest_input = max(price.input, price.cache_write, price.cache_read)
    return share(price, mode) * (tokens.input * dearest_input + tokens.output * price.output) / MILLION


def usage_usd(usage: Usage, price: Price, mode: str) -> float:
    """Dollars of the tokens that a provider counted."""
    counted = (
        (usage.input_tokens, price.input),
        (usage.output_tokens, price.output),
        (usage.cache_write_tokens, price.cache_write),
        (usage.cache_read_tokens, price.cache_read),
    )
    # No server gives money back: a count below 0 is an error of its.
    return share(price, mode) * sum(max(0, tokens) * dollars for tokens, dollars in counted) / MILLION


def cost_of(request: Request, reply: Reply, price: Price) -> Cost:
    """What a request came to, its lost attempts at their dearest counted apart."""
    lost = reply.lost * dearest_usd(request, price, reply.mode) if reply.lost else 0.0
    return Cost(usage_usd(reply.usage, price, reply.mode), lost)
