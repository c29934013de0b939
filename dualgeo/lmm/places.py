"""Places as a prompt may show them: coordinates, similarities and names from the gazetteer, as data."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from dualgeo.geo.places import name_place
from dualgeo.lmm.question import Place
from dualgeo.lmm.reading.cleaning import clean

LONGEST_NAME = 80
DECIMALS = 4
"""About 10 m: finer than any answer, and no more tokens than needed."""
SIMILARITY_DECIMALS = 2
"""What the third digit says is chance; without it two systems more often ask the same and share an answer."""


@lru_cache(maxsize=200_000)
def near(lat: float, lon: float) -> str:
    """What a coordinate is called, from the gazetteer alone: one short line without control characters."""
    return clean(str(name_place(lat, lon)), LONGEST_NAME)


def label(position: int) -> str:
    """C1 for the first place that is shown."""
    return f"C{position + 1}"


def ordered(places: Sequence[Place], turn: int) -> list[Place]:
    """Places, given most similar first, in one of four orders: that, its reverse, west to east, north to south."""
    match turn:
        case 0:
            return list(places)
        case 1:
            return list(reversed(places))
        case 2:
            return sorted(places, key=lambda place: (place.lon, -place.lat))
        case _:
            return sorted(places, key=lambda place: (-place.lat, place.lon))


def place_lines(places: Iterable[Place], labels: Mapping[str, str]) -> str:
    """One JSON object a line for each place; a place whose photo id has no label is shown without one."""
    return "\n".join(json_line(_place(place, labels.get(place.photo_id))) for place in places)


def point(lat: float, lon: float) -> list[float]:
    """A coordinate, rounded."""
    return [round(lat, DECIMALS), round(lon, DECIMALS)]


def json_line(value: object) -> str:
    """Compact JSON on one line in which no character can close the tags around it.

    Raises ValueError for NaN: a coordinate that is none must not reach a prompt.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Inside strings only: JSON's own syntax uses neither.
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _place(place: Place, name: str | None) -> dict[str, object]:
    lat, lon = point(place.lat, place.lon)
    described: dict[str, object] = {"lat": lat, "lon": lon, "similarity": round(place.similarity, SIMILARITY_DECIMALS)}
    return ({"id": name} if name else {}) | described | {"near": near(place.lat, place.lon)}
