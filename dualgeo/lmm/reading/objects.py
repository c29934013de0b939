"""Find the one JSON object that is the answer in a text that may hold more than it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dualgeo.lmm.reading.failure import Unreadable

LONGEST_TEXT = 100_000
MOST_ATTEMPTS = 200
"""Opening braces that are tried: a text of thousands of them is no answer and must not take minutes."""
Pairs = tuple[tuple[str, object], ...]
# Possessive, and a string may end with the text: nothing is looked at twice, whatever was sent.
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|,(?=\s*[}\]])', re.DOTALL)
_PLACEHOLDER = re.compile(r":\s*+(?:\[\s*+)?<[a-z]")


class _Object(dict[str, object]):
    """A JSON object that remembers keys given twice."""

    pairs: Pairs = ()


@dataclass(frozen=True)
class Found:
    """The keys and values of the object, keys perhaps repeated, and what was done to find it."""

    pairs: Pairs
    repairs: tuple[str, ...]


def find_object(text: str, wanted: Callable[[Mapping[str, object]], bool]) -> Found:
    """The object that the text is, else the only one in it that is `wanted`; Unreadable says why there is none.

    Never closes what was cut off: half a number is another number.
    """
    if not text.strip():
        raise Unreadable("empty", "the model said nothing.")
    if len(text) > LONGEST_TEXT:
        raise Unreadable("too long", f"the answer has {len(text):,} characters; an answer has a few hundred.")
    whole = _decoded(text.strip())
    if whole is not None and (wanted(whole) or not _objects(text.strip()[1:], wanted)):
        return Found(_full(whole).pairs, ())
    for repaired, note in ((text, "words or a fence around it"), (_without_trailing_commas(text), "trailing commas")):
        hits = _objects(repaired, wanted)
        if hits:
            return Found(_only(hits).pairs, (note,))
    raise _nothing_found(text)


def _objects(text: str, wanted: Callable[[Mapping[str, object]], bool]) -> list[_Object]:
    """Every wanted object in the text, outermost first."""
    hits: list[_Object] = []
    at = text.find("{")
    for _ in range(MOST_ATTEMPTS):
        if at < 0:
            break
        value, end = _decoded_at(text, at)
        if value is not None and wanted(value):
            hits.append(value)
            at = end - 1
        at = text.find("{", at + 1)
    return hits


def _only(hits: list[_Object]) -> _Object:
    if any(hit != hits[0] for hit in hits[1:]):
        raise Unreadable("ambiguous", f"the text holds {len(hits)} answers that differ.")
    return hits[0]


def _full(found: _Object) -> _Object:
    if not found:
        raise Unreadable("empty", "the answer is an empty object.")
    return found


def _decoded(text: str) -> _Object | None:
    value, end = _decoded_at(text, 0)
    return value if end == len(text) else None


def _decoded_at(text: str, at: int) -> tuple[_Object | None, int]:
    """The object that starts at `at` and where it ends; None, -1 where none does."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):  # Bad JSON, a number of thousands of digits, brackets nested by the thousand.
        return None, -1
    return (value, end) if isinstance(value, _Object) else (None, -1)


def _remembered(pairs: list[tuple[str, object]]) -> _Object:
    made = _Object(pairs)
    made.pairs = tuple(pairs)
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_remembered)


def _without_trailing_commas(text: str) -> str:
    """Commas before a closing bracket taken out, those inside strings kept."""
    return _STRING_OR_COMMA.sub(lambda match: match.group(1) or "", text)


def _nothing_found(text: str) -> Unreadable:
    if _PLACEHOLDER.search(text):
        return Unreadable("placeholder", "the form of the prompt was echoed instead of filled in.")
    if "{" not in text:
        return Unreadable("no JSON", "the text holds no JSON object.")
    if text.count("{") > text.count("}"):
        return Unreadable("cut off", "the JSON object is not closed; what is missing is not made up.")
    return Unreadable("no JSON", "no JSON object with a latitude or a longitude can be read in the text.")
