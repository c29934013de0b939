"""Kilometres as models write them: a number, 25 km, about 900 m, 12 miles."""

import math
import re

from dualgeo.lmm.reading.failure import Unreadable, quoted

KM_PER_MILE = 1.609344
_UNITS = {
    **dict.fromkeys(("km", "kms", "kilometre", "kilometer", "kilometres", "kilometers"), 1.0),
    **dict.fromkeys(("m", "metre", "meter", "metres", "meters"), 0.001),
    **dict.fromkeys(("mi", "mile", "miles"), KM_PER_MILE),
}
_PATTERN = re.compile(
    r"(?:~|≈|±|about|around|roughly|approx\.?|approximately|ca\.?|circa)?\s*"
    r"(?P<number>[+-]?\d{1,9}(?:[.,]\d{1,15})?)\s*(?P<unit>[a-z]+)?\.?"
)
_LONGEST = 60


def kilometres(given: object) -> float:
    """A distance in km, of any size and sign; Unreadable where the value is no distance beyond doubt.

    A text without a unit and below one is refused: it is what a confidence looks like. So is 1,200, which is a
    thousand and more in one country and little more than one in the next.
    """
    if isinstance(given, str):
        return _of_text(given)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unreadable("radius", f"the radius is {quoted(given)}.")
    try:
        return float(given)
    except OverflowError:
        return math.inf


def _of_text(text: str) -> float:
    if text.strip().startswith("<"):
        raise Unreadable("placeholder", f"the radius echoes the form of the prompt: {quoted(text)}.")
    match = _PATTERN.fullmatch(text.strip().replace("−", "-").lower()) if len(text) <= _LONGEST else None
    unit = match["unit"] if match else None
    if match is None or (unit is not None and unit not in _UNITS):
        raise Unreadable("radius", f"the radius is {quoted(text)}, which is no distance.")
    number = match["number"]
    if re.search(r",\d{3}$", number):
        raise Unreadable("ambiguous", f"the radius is {quoted(text)}: a comma before three digits can mean two things.")
    value = float(number.replace(",", "."))
    if unit is None and 0 < value < 1:
        raise Unreadable("radius", f"the radius is {quoted(text)} without a unit, which looks like a confidence.")
    return value * _UNITS.get(unit or "km", 1.0)
