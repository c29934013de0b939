"""Requests as they go into one batch: so many, and no more bytes than the API takes."""

import json
from collections.abc import Iterable, Mapping

from anthropic.types.messages.batch_create_params import Request as BatchRequest

from dualgeo.lmm.providers.messages import body_of
from dualgeo.lmm.request import Request

MOST_BYTES = 128_000_000
"""The API takes 256 MB; half of that keeps what is built in memory small as well."""


def next_piece(
    queue: Mapping[str, Request], order: Iterable[str], most_requests: int, most_bytes: int = MOST_BYTES
) -> list[BatchRequest]:
    """The first requests of `queue` in `order`, with their photos; one at least."""
    piece: list[BatchRequest] = []
    size = 0
    for custom_id in order:
        if len(piece) == most_requests:
            break
        request = queue[custom_id]
        made: BatchRequest = {"custom_id": custom_id, "params": body_of(request, request.picture.jpeg())}
        size += len(json.dumps(made))
        if piece and size > most_bytes:
            break
        piece.append(made)
    return piece
