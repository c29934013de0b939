"""What an error of an OpenAI-compatible server means for a request. Servers differ in words, less in status."""

from typing import TYPE_CHECKING

import httpx2

from dualgeo.lmm.providers.failures import NEVER_SENT, Failure, unreadable
from dualgeo.lmm.providers.outside import said as words_of
from dualgeo.lmm.providers.waits import asked_wait_s

if TYPE_CHECKING:
    from openai import APIStatusError

VARIABLE = "OPENAI_API_KEY"
NO_MONEY = ("insufficient_quota", "billing", "credit")


def failure_of(error: Exception, key: str, request_model: str, host: str) -> Failure:
    """Judge an exception of the SDK; anything else is a defect and raised again."""
    from openai import APIConnectionError, APIError, APIStatusError

    if isinstance(error, APIStatusError):
        return _of_status(error, key, request_model, host)
    if isinstance(error, TimeoutError):
        return Failure("again", "the server did not answer within lmm.sending.timeout_s.", lost=True)
    if isinstance(error, APIConnectionError):
        cause = error.__cause__
        if isinstance(cause, NEVER_SENT):
            return Failure(
                "again", f"nothing answers at {host} ({type(cause).__name__}); start it or correct lmm.endpoint."
            )
        return Failure("again", f"the connection was lost ({type(cause or error).__name__}).", lost=True)
    if isinstance(error, APIError | ValueError):
        return unreadable("no JSON")
    raise error


def _of_status(error: "APIStatusError", key: str, model: str, host: str) -> Failure:
    status, said = error.status_code, _said(error, key)
    request_id = error.request_id or ""
    if fatal := _fatal(error, said, model, host):
        return Failure("fatal", fatal, request_id=request_id)
    wait_s = asked_wait_s(error.response.headers)
    if status == 429:
        return Failure("slower", f"the rate limit was reached ({said}).", wait_s=wait_s, request_id=request_id)
    if status in (408, 409) or status >= 500:
        # An error in JSON is the server's own, and not charged; a web page is from something on the way to it.
        unseen = not isinstance(error.body, dict)
        return Failure("again", f"the server failed ({status}: {said}).", unseen, wait_s, request_id)
    return Failure("rejected", f"the server will not take it ({status}: {said}).", request_id=request_id)


def _fatal(error: "APIStatusError", said: str, model: str, host: str) -> str | None:
    status = error.status_code
    if status in (401, 403):
        return f"{host} refused the key in {VARIABLE}, or wants one ({said}); set a valid one and run again."
    if status == 402 or (status == 429 and any(word in f"{error.code} {error.type}" for word in NO_MONEY)):
        return f"{host} reports that no more can be spent ({said}); settle that there and run again."
    if status == 404 and "model" in said.lower():
        return f"{host} knows no model {model} ({said}); correct lmm.model."
    if status in (404, 405) or 300 <= status < 400:
        return (
            f"What answers at {host} has no chat completions ({status}); correct lmm.endpoint, "
            "which mostly ends with /v1."
        )
    return None


def _said(error: "APIStatusError", key: str) -> str:
    """The server's own words on one line, without the key; of a body that is no JSON only its kind."""
    body = error.body
    message = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return words_of(message or _start(error.response), key)


def _start(response: httpx2.Response) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0]
    return f"{response.reason_phrase or 'no reason given'}, {kind or 'no content type'}"
