"""What a server says, made fit to be kept, printed and counted: it is data from outside, whoever the server is."""

from dataclasses import replace

from dualgeo.lmm.reading.cleaning import clean
from dualgeo.lmm.reply import Reply

LONGEST_REASON = 300
HIDDEN = "[key]"


def without_key(text: str, key: str) -> str:
    """A server may quote what it was sent; the key goes no further."""
    return text.replace(key, HIDDEN) if key else text


def said(text: object, key: str, longest: int = LONGEST_REASON) -> str:
    """A server's words on one line, without the key and without characters that move a terminal's cursor."""
    return clean(without_key(str(text), key), longest).rstrip(".")


def reply_without_key(reply: Reply, key: str) -> Reply:
    """The same wherever a reply has words of the server's, a model's answer included."""
    names = ("reason", "text", "model", "request_id", "stop_reason")
    return replace(reply, **{name: without_key(str(getattr(reply, name) or ""), key) for name in names})


def count_of(value: object) -> int | None:
    """A number of tokens; None for what is none. The SDKs build their objects without looking."""
    return value if type(value) is int and value >= 0 else None
