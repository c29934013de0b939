"""Degrees as models write them: a number, 48.8566 N, S 33.9, 2°21'W, 48° 51' 24" north."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from dualgeo.lmm.reading.failure import Unreadable, quoted

Axis = Literal["latitude", "longitude"]
_LETTERS: dict[Axis, str] = {"latitude": "NS", "longitude": "EW"}
_WORDS = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W"}
_NUMBER = r"\d{1,3}(?:[.,]\d{1,15})?"
_PATTERN = re.compile(
    rf"(?P<before>[NSEW])?\s*(?P<sign>[+-])?\s*(?P<degrees>{_NUMBER})\s*(?:°|º|DEG|DEGREES)?"
    rf"(?:\s*(?P<minutes>{_NUMBER})\s*')?(?:\s*(?P<seconds>{_NUMBER})\s*\")?\s*(?P<after>[NSEW])?"
)
_LONGEST = 60
_PRIMES = str.maketrans({"′": "'", "’": "'", "ʹ": "'", "″": '"', "”": '"', "ʺ": '"', "−": "-", "–": "-"})


@dataclass(frozen=True)
class Degrees:
    """Signed degrees, and whether they had to be read out of a text."""

    value: float
    was_text: bool


def degrees(given: object, axis: Axis) -> Degrees:
    """Signed degrees of one axis, any finite number; Unreadable where it is none or belongs to the other axis."""
    if isinstance(given, str):
        return Degrees(_of_text(given, axis), True)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unreadable("not a number", f"the {axis} is {quoted(given)}.")
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Unreadable("not a number", f"the {axis} is not finite.")
    return Degrees(value, False)


def _of_text(text: str, axis: Axis) -> float:
    if text.strip().startswith("<"):
        raise Unreadable("placeholder", f"the {axis} echoes the form of the prompt: {quoted(text)}.")
    match = _PATTERN.fullmatch(_plain(text)) if len(text) <= _LONGEST else None
    if match is None:
        raise Unreadable("not a number", f"the {axis} is {quoted(text)}.")
    hemisphere = _hemisphere(match, text, axis)
    size = _size(match, text, axis)
    return -size if hemisphere in ("S", "W") or match["sign"] == "-" else size


def _plain(text: str) -> str:
    """Upper case, one kind of prime and minus, hemispheres as letters."""
    plain = text.strip().translate(_PRIMES).replace("''", '"').upper()
    for word, letter in _WORDS.items():
        plain = plain.replace(word, letter)
    return plain


def _hemisphere(match: re.Match[str], text: str, axis: Axis) -> str:
    letters = [letter for letter in (match["before"], match["after"]) if letter]
    if not letters:
        return ""
    if len(letters) > 1 or match["sign"]:
        raise Unreadable("ambiguous", f"the {axis} {quoted(text)} states its hemisphere twice.")
    if letters[0] not in _LETTERS[axis]:
        raise Unreadable("swapped", f"the {axis} is {quoted(text)}, which belongs to the other axis.")
    return letters[0]


def _size(match: re.Match[str], text: str, axis: Axis) -> float:
    """Degrees, minutes and seconds as degrees; only the last part may have decimals."""
    parts = [part.replace(",", ".") for part in (match["degrees"], match["minutes"], match["seconds"]) if part]
    if match["seconds"] and not match["minutes"]:
        raise Unreadable("ambiguous", f"the {axis} {quoted(text)} has seconds but no minutes.")
    if any("." in part for part in parts[:-1]) or any(float(part) >= 60 for part in parts[1:]):
        raise Unreadable("not a number", f"the {axis} {quoted(text)} is no proper degrees, minutes and seconds.")
    return sum(float(part) / 60**power for power, part in enumerate(parts))
