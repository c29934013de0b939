"""Which attempts go wrong, and how: drawn from a seed, so that a run can be repeated."""

import hashlib

KINDS = {
    "rate_limit": "429 with retry-after",
    "server_error": "500 api_error",
    "overloaded": "529 overloaded_error",
    "timeout": "nothing is said for --hang-s, then the connection closes",
    "drop_before": "the connection is cut before anything is done",
    "drop_after": "the connection is cut in the middle of the answer, which was made",
    "malformed": "200, but the body is no JSON",
    "html": "502 with a web page, as a proxy sends it",
    "refusal": "the model refuses; paid",
    "max_tokens": "the answer ends in its middle; paid",
    "invalid": "an answer that is none: a latitude of 312, or prose; paid",
    "empty": "a message without content; paid",
}
BATCH_KINDS = {
    "errored": "an api_error, to be tried again",
    "expired": "not processed within a day",
    "rejected": "an invalid_request_error",
    "refusal": KINDS["refusal"],
    "max_tokens": KINDS["max_tokens"],
    "invalid": KINDS["invalid"],
}


def fault(seed: int, share: float, kinds: str, content: str, attempt: int) -> str | None:
    """The fault that attempt number `attempt` (from 1) at `content` meets, or None."""
    drawn = hashlib.sha256(f"{seed}/{content}/{attempt}".encode()).digest()
    if int.from_bytes(drawn[:8], "big") / 2**64 >= share or not kinds:
        return None
    names = kinds.split(",")
    return names[int.from_bytes(drawn[8:16], "big") % len(names)]
