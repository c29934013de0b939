"""What an error of the API means for a request: try again, take it as rejected, or stop everything."""

from dataclasses import dataclass
from typing import Literal

import httpx2
from anthropic import APIConnectionError, APIError, APIStatusError, APITimeoutError

from dualgeo.lmm.providers.anthropic_key import VARIABLE
from dualgeo.lmm.providers.outside import said as words_of
from dualgeo.lmm.providers.waits import asked_wait_s

NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
SPENDING = ("spend_limit", "billing")
"""Parts of error codes that mean: no money, whatever the status."""


@dataclass(frozen=True)
class Failure:
    """An attempt that brought no message."""

    kind: Literal["again", "slower", "cancelled", "rejected", "fatal"]
    """slower: again, but all of us. cancelled: by a person, so not in this run. fatal: no request can survive it."""
    reason: str
    """One sentence without the key."""
    lost: bool = False
    """Whether the end was not seen, so that it may have been charged."""
    wait_s: float | None = None
    """How long the server asks to wait."""
    request_id: str = ""


def unreadable(what: str) -> Failure:
    """A response that says success and is none."""
    return Failure("again", f"the server's response was {what}.", lost=True)


def failure_of(error: Exception, key: str, model: str) -> Failure:
    """Judge an exception of the SDK; anything else is a defect and raised again."""
    if isinstance(error, APIStatusError):
        return _of_status(error, key, model)
    if isinstance(error, TimeoutError | APITimeoutError) and not isinstance(error.__cause__, NEVER_SENT):
        return Failure("again", "the server did not answer within lmm.sending.timeout_s.", lost=True)
    if isinstance(error, APIConnectionError | httpx2.HTTPError):
        cause = error.__cause__ if isinstance(error, APIConnectionError) else error
        never_sent = isinstance(cause, NEVER_SENT)
        what = "the server could not be reached" if never_sent else "the connection was lost"
        return Failure("again", f"{what} ({type(cause or error).__name__}).", lost=not never_sent)
    if isinstance(error, APIError | ValueError):
        return unreadable("no JSON")
    raise error


def _of_status(error: APIStatusError, key: str, model: str) -> Failure:
    said = words_of(error.api_message or _start(error.response), key)
    status = error.status_code
    request_id = error.request_id or ""
    if fatal := _fatal(error, said, model):
        return Failure("fatal", fatal, request_id=request_id)
    wait_s = asked_wait_s(error.response.headers)
    if error.response.headers.get("x-should-retry") == "false" and status != 429:
        return Failure("rejected", f"the API will not take it ({status}: {said}).", request_id=request_id)
    if status == 429:
        return Failure("slower", f"the rate limit was reached ({said}).", wait_s=wait_s, request_id=request_id)
    if status in (408, 409) or status >= 500:
        # An error of the API is worded by the API, and not charged; a web page is from something on the way to it.
        unseen = error.type is None
        return Failure("again", f"the server failed ({status}: {said}).", unseen, wait_s, request_id)
    return Failure("rejected", f"the API will not take it ({status}: {said}).", request_id=request_id)


def _fatal(error: APIStatusError, said: str, model: str) -> str | None:
    status = error.status_code
    if status == 401:
        return f"The API refused the key in {VARIABLE} ({said}); set a valid one and run again."
    code = f"{error.type or ''} {error.error_code or ''}"
    if status == 402 or any(part in code for part in SPENDING) or "credit balance" in said:
        return f"The API reports that no more can be spent ({said}); settle that in its console and run again."
    if status == 403:
        return f"The key in {VARIABLE} may not do this ({said}); use one that may, or another lmm.model."
    if status == 404 and error.type == "not_found_error":
        return f"The API knows no model {model} ({said}); correct lmm.model."
    if status == 404 or 300 <= status < 400:
        host = error.request.url.host
        return f"What answers at {host} is no Messages API ({status}); correct or unset ANTHROPIC_BASE_URL."
    return None


def _start(response: httpx2.Response) -> str:
    """The first words of a body that is not the API's, for a person."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    return f"{response.reason_phrase or 'no reason given'}, {kind or 'no content type'}"
