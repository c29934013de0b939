"""Answers as models write them: the schema's JSON as it is, sloppy forms where they mean one thing, never a guess."""

import json
import math
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import AnswerError, GeoAnswer, read_answer, reading_of

GOOD: dict[str, Any] = {
    "evidence": ["Haussmann facades", "French shop signs"],
    "candidates_used": ["C1", "C3"],
    "country": "France",
    "region": "Île-de-France",
    "city": "Paris",
    "latitude": 48.8566,
    "longitude": 2.3522,
    "confidence_radius_km": 3,
}


def said(**changes: object) -> str:
    return json.dumps(GOOD | changes, ensure_ascii=False)


def without(*keys: str) -> str:
    return json.dumps({key: value for key, value in GOOD.items() if key not in keys})


def point(text: str) -> tuple[float, float, float]:
    answer = read_answer(text)
    return answer.latitude, answer.longitude, answer.confidence_radius_km


def kind(text: str) -> str:
    with pytest.raises(AnswerError) as caught:
        read_answer(text)
    error = caught.value
    assert isinstance(error, DualGeoError) and str(error) == error.reason
    assert error.reason.startswith(f"{error.kind}: ") and error.reason.endswith(".") and "\n" not in error.reason
    assert len(error.reason) < 200
    return error.kind


def test_what_the_schema_asks_for_is_taken_as_it_is() -> None:
    reading = reading_of(said())
    assert reading.answer == GeoAnswer(**GOOD) and reading.repairs == () and reading.note == ""
    assert next(iter(GeoAnswer.model_fields)) == "evidence", "what was seen is written before what follows from it"


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{said()}\n```",
        f"```\n{said()}\n```",
        f"The script {{Latin}} and the roofs say France.\n\n{said()}\nI hope this helps!",
        json.dumps({"answer": GOOD}),
        f"{said()}\n{said()}",
        said()[:-1] + ",\n}",
        said().replace('"C3"]', '"C3",]'),
    ],
)
def test_the_object_is_found_in_what_surrounds_it(text: str) -> None:
    reading = reading_of(text)
    assert reading.answer == GeoAnswer(**GOOD)
    assert reading.repairs and reading.note.startswith("read after repair: ")


@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        ("48.8566", "2.3522", (48.8566, 2.3522)),
        ("48.8566 N", "2.3522 W", (48.8566, -2.3522)),
        ("48.8566° N", "2°21'W", (48.8566, -2.35)),
        ("S 33.9", "E 151.2", (-33.9, 151.2)),
        ("33°51'31.5\"S", "151°12′51″E", (-33.8587500, 151.2141666)),
        ("33° 51' south", "151 degrees east", (-33.85, 151.0)),
        ("−33,8568", "+151,2153", (-33.8568, 151.2153)),
        ("-90", "180", (-90.0, 180.0)),
        (-90, -180, (-90.0, -180.0)),
    ],
)
def test_coordinates_as_text_mean_what_they_say(lat: object, lon: object, expected: tuple[float, float]) -> None:
    found = point(said(latitude=lat, longitude=lon))
    assert found[:2] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("radius", "km"),
    [("25 km", 25), ("25km", 25), ("about 25 kilometres", 25), ("~ 12,5 km", 12.5), ("900 m", 0.9), ("40", 40),
     ("10 miles", 16.09344), (0.4, 0.4), (20_000, 20_000), ("0.9 km", 0.9)],
)  # fmt: skip
def test_a_radius_may_carry_its_unit(radius: object, km: float) -> None:
    assert point(said(confidence_radius_km=radius))[2] == pytest.approx(km)


def test_short_names_of_fields_are_understood_and_stray_ones_left_out() -> None:
    text = json.dumps({"lat": 1.5, "lng": 2.5, "radius_km": 7, "confidence": 0.9, "reasoning": {"lat": 50}})
    reading = reading_of(text)
    assert point(text) == (1.5, 2.5, 7.0)
    assert "left out 'confidence'" in reading.repairs and "country missing" in reading.repairs
    assert reading.answer.country == "" and reading.answer.evidence == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("{}", "empty"),
        ("I cannot tell where this was taken.", "no JSON"),
        ("[48.8566, 2.3522]", "no JSON"),
        ("It is at 48.8566, 2.3522 and I am 0.9 confident.", "no JSON"),
        (said()[:-3], "cut off"),
        (said()[: said().index("48.8566") + 3], "cut off"),
        ("x" * 100_001, "too long"),
        (without("latitude"), "field missing"),
        (without("longitude"), "field missing"),
        (without("confidence_radius_km"), "field missing"),
        (said(latitude=None), "field missing"),
        (json.dumps({"evidence": []}), "field missing"),
        (said(latitude=90.0001), "swapped"),
        (said(latitude=139.7, longitude=35.6), "swapped"),
        (said(latitude=95, longitude=139.7), "out of range"),
        (said(longitude=180.5), "out of range"),
        (said(latitude=-181, longitude=2), "out of range"),
        (said(latitude="2.35 E", longitude="48.85 N"), "swapped"),
        (said(latitude=0, longitude=0), "null island"),
        (said(latitude="0° N", longitude=-0.0), "null island"),
        (said(latitude=math.nan), "not a number"),
        (said(longitude=math.inf), "not a number"),
        (said(latitude=True), "not a number"),
        (said(latitude=[48.8]), "not a number"),
        (said(latitude="unknown"), "not a number"),
        (said(latitude="48°75'N"), "not a number"),
        (said(latitude="48.5° 30' N"), "not a number"),
        (said(latitude="48 to 49"), "not a number"),
        (said(latitude=10**400), "not a number"),
        (said(latitude="-33.9 S"), "ambiguous"),
        (said(latitude="N 33.9 S"), "ambiguous"),
        (said(latitude="<decimal degrees, south negative>"), "placeholder"),
        (said(confidence_radius_km="<kilometres>"), "placeholder"),
        ('{"latitude": <decimal degrees>, "longitude": <decimal degrees>}', "placeholder"),
        (said(confidence_radius_km=0), "radius"),
        (said(confidence_radius_km=-5), "radius"),
        (said(confidence_radius_km="-5 km"), "radius"),
        (said(confidence_radius_km=20_100), "radius"),
        (said(confidence_radius_km=math.nan), "radius"),
        (said(confidence_radius_km=10**400), "radius"),
        (said(confidence_radius_km="0.9"), "radius"),
        (said(confidence_radius_km="90 %"), "radius"),
        (said(confidence_radius_km="0.9 confidence"), "radius"),
        (said(confidence_radius_km="high"), "radius"),
        (said(confidence_radius_km="10-20 km"), "radius"),
        (said(confidence_radius_km="1,200 km"), "ambiguous"),
        (f"{said()} or rather {said(latitude=51.5)}", "ambiguous"),
        (said()[:-1] + ', "latitude": 12.5}', "ambiguous"),
        (said(lat=12.5), "ambiguous"),
        ("{" * 99_000, "cut off"),
        ('{"a":' * 19_000, "cut off"),
        ('{"lat":' + " " * 99_000, "cut off"),
        ('"\\"' * 33_000 + "{", "cut off"),
    ],
)
def test_what_is_no_answer_is_said_and_never_guessed(text: str, expected: str) -> None:
    assert kind(text) == expected


def test_text_is_bounded_and_nothing_in_it_moves_a_cursor() -> None:
    dirty = "Pa\x1b[31mris\u202e\x00\ud800 \n\t Nord"
    reading = reading_of(json.dumps(GOOD | {"city": dirty, "country": "x" * 5000, "evidence": ["a\x07" * 400] * 20}))
    answer = reading.answer
    assert answer.city == "Pa[31mris Nord" and len(answer.country) == 100
    assert len(answer.evidence) == 10 and all(len(item) <= 300 and "\x07" not in item for item in answer.evidence)
    assert "city cleaned or shortened" in reading.repairs and "evidence cut to 10 statements" in reading.repairs
    answer.model_dump_json().encode("utf-8")


def test_labels_are_labels_or_left_out() -> None:
    reading = reading_of(said(candidates_used=["c2", " C7 ", "C2", "Paris", 3, "C12345", "C²"]))
    assert reading.answer.candidates_used == ["C2", "C7"]
    assert "'Paris' is no label" in reading.repairs


def test_a_message_repeats_little_of_what_the_model_said() -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(said(latitude="\x1b[2J" + "A" * 5000))
    assert "\x1b" not in caught.value.reason and len(caught.value.reason) < 120


PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), max_size=100)
ANSWERS = st.builds(
    GeoAnswer,
    evidence=st.lists(PRINTABLE.filter(bool), max_size=10),
    candidates_used=st.lists(st.integers(1, 50).map(lambda n: f"C{n}"), unique=True, max_size=20),
    country=PRINTABLE,
    region=PRINTABLE,
    city=PRINTABLE,
    latitude=st.floats(-90, 90).filter(bool),
    longitude=st.floats(-180, 180),
    confidence_radius_km=st.floats(0.001, 20_000),
)


@given(ANSWERS)
def test_an_answer_in_the_form_of_the_schema_comes_back_as_it_was(answer: GeoAnswer) -> None:
    reading = reading_of(answer.model_dump_json())
    assert reading.answer == answer and reading.repairs == ()


@given(ANSWERS, st.text(st.characters(exclude_characters="{}")), st.text(st.characters(exclude_characters="{}")))
def test_words_around_it_change_nothing(answer: GeoAnswer, before: str, after: str) -> None:
    assert read_answer(before + answer.model_dump_json() + after) == answer


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_hemispheres_and_signs_say_the_same(lat: float, lon: float) -> None:
    written = f"{abs(lat):.6f}° {'S' if lat < 0 else 'N'}", f"{'W' if lon < 0 else 'E'} {abs(lon):.6f}"
    if float(f"{lat:.6f}") == 0 == float(f"{lon:.6f}"):
        assert kind(said(latitude=written[0], longitude=written[1])) == "null island"
    else:
        assert point(said(latitude=written[0], longitude=written[1]))[:2] == pytest.approx((lat, lon), abs=1e-6)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.sampled_from(["12 N", "9 km"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "lat", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


# The first draws of a loaded machine are slow, which says nothing about the reader.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*GOOD, "lat", "lon", "radius_km", "x"]), VALUES))
def test_any_object_is_an_answer_within_bounds_or_an_answer_error(values: dict[str, object]) -> None:
    _sound(json.dumps(values))


@given(st.text() | st.text(st.sampled_from('{}[]":,\\ 0123456789.-eNEStrue')))
def test_any_text_is_an_answer_within_bounds_or_an_answer_error(text: str) -> None:
    _sound(text)


def _sound(text: str) -> None:
    try:
        answer = read_answer(text)
    except AnswerError as error:
        assert error.kind and error.reason.isprintable()
        return
    assert -90 <= answer.latitude <= 90 and -180 <= answer.longitude <= 180
    assert (answer.latitude, answer.longitude) != (0, 0) and 0 < answer.confidence_radius_km < 20_016
    for words in (answer.country, answer.region, answer.city, *answer.evidence):
        assert len(words) <= 300 and not {unicodedata.category(letter) for letter in words} & {"Cc", "Cf", "Cs"}
