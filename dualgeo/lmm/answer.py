"""The structured answer that every provider is asked for, and how it is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import HALF_CIRCUMFERENCE_KM
from dualgeo.lmm.reading.cleaning import clean
from dualgeo.lmm.reading.degrees import degrees
from dualgeo.lmm.reading.distance import kilometres
from dualgeo.lmm.reading.failure import Unreadable, quoted
from dualgeo.lmm.reading.objects import Found, find_object

LONGEST_NAME = 100
LONGEST_EVIDENCE = 300
"""Characters; what is longer is cut and said."""
MOST_EVIDENCE = 10
MOST_USED = 50
ALIASES = {
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "long": "longitude",
    "radius_km": "confidence_radius_km",
}
"""Keys that can mean nothing else. `confidence` is none: it is a share and no distance."""


class GeoAnswer(BaseModel):
    """Where a photo was taken, as a model says it. Its JSON schema goes to the provider.

    Models write the fields in this order: what was seen stands first, so that the coordinate follows from it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: list[str] = Field(description="Two to five short statements of what in the photo led to the answer.")
    candidates_used: list[str] = Field(description="Labels of the shown places that the answer rests on; may be empty.")
    country: str = Field(description="Country, or an empty string if it cannot be told.")
    region: str = Field(description="State, province or region, or an empty string.")
    city: str = Field(description="City, town or village, or an empty string.")
    latitude: float = Field(description="Degrees north of the equator, WGS84; south is negative.")
    longitude: float = Field(description="Degrees east of Greenwich, WGS84; west is negative.")
    confidence_radius_km: float = Field(
        description="Kilometres: the photo was taken within this distance of the coordinate in nine of ten such cases."
    )


class AnswerError(DualGeoError):
    """What the model said is no usable answer; `kind` is one of a few words to count by, `reason` one sentence."""

    def __init__(self, kind: str, sentence: str) -> None:
        self.kind = kind
        self.reason = f"{kind}: {sentence}"
        super().__init__(self.reason)


@dataclass(frozen=True)
class Reading:
    """An answer and what had to be done to the text to read it."""

    answer: GeoAnswer
    repairs: tuple[str, ...]
    """Empty where the text was what the schema asks for."""

    @property
    def note(self) -> str:
        """The repairs as one line, empty for none."""
        return f"read after repair: {', '.join(self.repairs)}" if self.repairs else ""


def read_answer(text: str) -> GeoAnswer:
    """The answer in what a model said; AnswerError where there is none that is beyond doubt. Raises nothing else."""
    return reading_of(text).answer


def reading_of(text: str) -> Reading:
    """As `read_answer`, with the repairs: fences, words around it, numbers as text, units, hemispheres, stray keys.

    A repair changes the form only. What could mean two things is an error: a longitude where the latitude belongs,
    a number without unit below one where kilometres are wanted, two answers that differ. So is (0, 0), which is what
    failures become elsewhere.
    """
    try:
        found = find_object(text, _is_answer)
        repairs = list(found.repairs)
        fields = _fields(found, repairs)
        lat, lon = _coordinate(fields, repairs)
        radius = _radius(fields, repairs)
        country, region, city = (_name(fields, key, repairs) for key in ("country", "region", "city"))
        return Reading(
            GeoAnswer(
                evidence=_evidence(fields, repairs),
                candidates_used=_used(fields, repairs),
                country=country,
                region=region,
                city=city,
                latitude=lat,
                longitude=lon,
                confidence_radius_km=radius,
            ),
            tuple(dict.fromkeys(repairs)),
        )
    except Unreadable as error:
        raise AnswerError(error.kind, error.sentence) from None


def _is_answer(values: Mapping[str, object]) -> bool:
    return any(_canonical(key) in ("latitude", "longitude") for key in values)


def _canonical(key: str) -> str:
    name = key.strip().lower()
    return ALIASES.get(name, name)


def _fields(found: Found, repairs: list[str]) -> dict[str, object]:
    """The object under the names of the schema; a field given twice with two values is refused."""
    fields: dict[str, object] = {}
    for key, value in found.pairs:
        name = _canonical(key)
        if name not in GeoAnswer.model_fields:
            repairs.append(f"left out {quoted(key)}")
            continue
        if name in fields and fields[name] != value:
            raise Unreadable("ambiguous", f"{name} is given twice, with different values.")
        if name != key:
            repairs.append(f"{quoted(key)} taken as {name}")
        fields[name] = value
    return fields


def _required(fields: Mapping[str, object], key: str) -> object:
    value = fields.get(key)
    if value is None or value == "":
        raise Unreadable("field missing", f"the answer has no {key}.")
    return value


def _coordinate(fields: Mapping[str, object], repairs: list[str]) -> tuple[float, float]:
    lat = degrees(_required(fields, "latitude"), "latitude")
    lon = degrees(_required(fields, "longitude"), "longitude")
    repairs += [f"{name} was text" for name, value in (("latitude", lat), ("longitude", lon)) if value.was_text]
    if abs(lat.value) > 90 and abs(lat.value) <= 180 and abs(lon.value) <= 90:
        raise Unreadable("swapped", f"latitude {lat.value:g} and longitude {lon.value:g} stand in each other's place.")
    if abs(lat.value) > 90 or abs(lon.value) > 180:
        raise Unreadable("out of range", f"there is no point at latitude {lat.value:g}, longitude {lon.value:g}.")
    if lat.value == 0 and lon.value == 0:
        raise Unreadable("null island", "exactly (0, 0) is what a model says that does not know; it is no answer.")
    return lat.value, lon.value


def _radius(fields: Mapping[str, object], repairs: list[str]) -> float:
    given = _required(fields, "confidence_radius_km")
    radius = kilometres(given)
    if isinstance(given, str):
        repairs.append("the radius was text")
    if not math.isfinite(radius) or not 0 < radius <= HALF_CIRCUMFERENCE_KM:
        raise Unreadable(
            "radius", f"a radius of {radius:g} km is none; it must be above 0 and at most half the circumference."
        )
    return radius


def _name(fields: Mapping[str, object], key: str, repairs: list[str]) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        repairs.append(f"{key} missing" if value is None else f"{key} was no text")
        return ""
    return _cleaned(value, LONGEST_NAME, key, repairs)


def _evidence(fields: Mapping[str, object], repairs: list[str]) -> list[str]:
    statements = [_cleaned(item, LONGEST_EVIDENCE, "evidence", repairs) for item in _texts(fields, "evidence", repairs)]
    kept = [statement for statement in statements if statement]
    if len(kept) > MOST_EVIDENCE:
        repairs.append(f"evidence cut to {MOST_EVIDENCE} statements")
    return kept[:MOST_EVIDENCE]


def _used(fields: Mapping[str, object], repairs: list[str]) -> list[str]:
    """Labels such as C3; which of them were shown is for the caller, who has the prompt."""
    labels: list[str] = []
    for item in _texts(fields, "candidates_used", repairs):
        label = item.strip().upper()
        if label[:1] == "C" and label[1:].isascii() and label[1:].isdigit() and len(label) <= 4:
            labels.append(label)
        else:
            repairs.append(f"{quoted(item)} is no label")
    unique = list(dict.fromkeys(labels))[:MOST_USED]
    if len(unique) != len(labels):
        repairs.append("labels repeated")
    return unique


def _texts(fields: Mapping[str, object], key: str, repairs: list[str]) -> list[str]:
    value = fields.get(key)
    if isinstance(value, str):
        repairs.append(f"{key} was one text")
        return [value] if value.strip() else []
    if not isinstance(value, list):
        repairs.append(f"{key} missing" if value is None else f"{key} was no list")
        return []
    texts = [item for item in value if isinstance(item, str)]  # pyright: ignore[reportUnknownVariableType]
    if len(texts) != len(value):  # pyright: ignore[reportUnknownArgumentType]
        repairs.append(f"{key} held other things than text")
    return texts


def _cleaned(text: str, longest: int, key: str, repairs: list[str]) -> str:
    kept = clean(text, longest)
    if kept != text:
        repairs.append(f"{key} cleaned or shortened")
    return kept
