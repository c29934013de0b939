"""A position is read when it is complete and refused, in words, when anything about it is unknown."""

import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from dualgeo.datasets.exif import NO_POSITION, Facts, read_facts
from dualgeo.datasets.images import opened
from dualgeo.errors import DualGeoError
from tests.datasets.bad_photos import at, exif, exif_with_text_latitude, jpeg, picture, rationals, saved

NOTHING = IFDRational(0, 0)
MILAN = {1: "N", 2: rationals(45, 30, 2.4), 3: "E", 4: rationals(9, 6, 37.2)}


def facts(block: Image.Exif | bytes | None = None, **save: Any) -> Facts:
    with opened(jpeg(block=block, **save)) as image:
        return read_facts(image)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_positions_survive_the_round_trip(lat: float, lon: float) -> None:
    found = facts(at(lat, lon))
    if abs(lat) < 1e-8 and abs(lon) < 1e-8:
        assert found.problem is not None
        return
    assert found.problem is None and found.lat is not None and found.lon is not None
    # A ten-thousandth of a second is 2.8e-8 degrees, 3 mm.
    assert abs(found.lat - lat) < 2e-8 and abs(found.lon - lon) < 2e-8


@given(st.integers(0, 89), st.fractions(0, 59), st.sampled_from("NnSs"))
def test_degrees_with_decimal_minutes_and_unset_seconds(degrees: int, minutes: Any, letter: str) -> None:
    found = facts(exif(MILAN | {1: letter, 2: (*rationals(degrees, minutes), NOTHING)}))
    written = float(rationals(minutes)[0])
    if written.is_integer():
        assert found.lat is None and "0/0" in (found.problem or "")
    else:
        assert found.lat is not None
        assert abs(abs(found.lat) - (degrees + written / 60)) < 1e-9
        assert (found.lat < 0) == (letter in "Ss" and found.lat != 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({2: (NOTHING, NOTHING, NOTHING)}, "0/0"),
        ({2: (*rationals(45), NOTHING, *rationals(2))}, "0/0"),
        ({1: None}, "no reference letter"),
        ({3: None}, "no reference letter"),
        ({1: "X"}, "no reference letter"),
        ({1: "E"}, "no reference letter"),
        ({2: None}, "latitude is missing"),
        ({2: rationals(91, 0, 0)}, "latitude 91 is outside"),
        ({4: rationals(181, 0, 0)}, "longitude 181 is outside"),
        ({2: rationals(0, 0, 0), 4: rationals(0, 0, 0)}, r"\(0, 0\)"),
        ({2: rationals(45, 75, 0)}, "not degrees, minutes and seconds"),
    ],
)
def test_incomplete_or_impossible_positions_are_refused(change: dict[int, Any], words: str) -> None:
    gps = {tag: value for tag, value in (MILAN | change).items() if value is not None}
    found = facts(exif(gps))
    assert found.lat is None and found.lon is None
    assert found.problem is not None
    assert re.search(words, found.problem)


@pytest.mark.parametrize(
    ("value", "degrees"),
    [
        (rationals(45.500667), 45.500667),
        (rationals(45, 30.04), 45.500667),
        (rationals(45, 30.04, 0), 45.500667),
        (rationals(44, 59, 60), 45.0),
    ],
)
def test_forms_that_cameras_and_editors_write(value: Any, degrees: float) -> None:
    found = facts(exif(MILAN | {2: value}))
    assert found.lat == pytest.approx(degrees, abs=2e-6), found.problem


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("45.5", 45.5),
        ("45,500667", 45.500667),
        ("45 30 2,4", 45.500667),
        ("45\xb0 30' 2.4\"", 45.500667),
        ("45 deg 30.04'", 45.500667),
        ("51,30", None),
        ("1.234,5", None),
        ("north of here", None),
        ("91,12345", None),
    ],
)
def test_latitude_as_text_with_point_or_comma(text: str, degrees: float | None) -> None:
    found = facts(exif_with_text_latitude(text))
    if degrees is None:
        assert found.lat is None and found.problem not in (None, NO_POSITION)
    else:
        assert found.lat == pytest.approx(degrees, abs=2e-6), found.problem


def test_no_position() -> None:
    assert facts().problem == NO_POSITION
    assert facts(exif(main={0x010F: "Maker"})).problem == NO_POSITION


def xmp(body: str) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {body}/></x:xmpmeta>'.encode()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "PNG", "TIFF"])
def test_xmp_stands_in_for_missing_exif(kind: str) -> None:
    packet = xmp('exif:GPSLatitude="51,52.7781N" exif:GPSLongitude="4,38,40W"')
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        content = saved(picture(), "PNG", pnginfo=info)
    elif kind == "TIFF":
        content = saved(picture(), "TIFF", tiffinfo={700: packet})
    else:
        content = saved(picture(), kind, xmp=packet)
    with opened(content) as image:
        found = read_facts(image)
    assert (found.lat, found.lon) == (pytest.approx(51.879635), pytest.approx(-(4 + 38 / 60 + 40 / 3600)))


@pytest.mark.parametrize("latitude", ["51,52.7781", "51,52,7781N", "51.5N", "", "51,52.7781E", "95,0.0N"])
def test_xmp_that_is_not_as_specified_is_refused(latitude: str) -> None:
    found = facts(xmp=xmp(f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="4,38.6706E"'))
    assert found.lat is None and found.problem not in (None, NO_POSITION)


def test_time_photographer_and_accuracy() -> None:
    found = facts(
        exif(
            MILAN | {31: IFDRational(65, 2)},
            main={0x013B: "Bjørn Berg".encode()},
            camera={0x9003: "2024:02:29 08:07:06", 0x9011: "+01:00", 0xA431: "77"},
        )
    )
    assert (found.taken_at, found.photographer, found.accuracy_m) == ("2024-02-29T08:07:06+01:00", "Bjørn Berg", 32.5)
    found = facts(exif(MILAN | {7: rationals(23, 1, 2), 29: "2024:02:29"}, camera={0x9003: "0000:00:00", 0xA431: "77"}))
    assert (found.taken_at, found.photographer, found.accuracy_m) == ("2024-02-29T23:01:02+00:00", "camera 77", None)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_exif_is_no_position_and_no_crash() -> None:
    content = jpeg(block=at(45, 9))
    start = content.index(b"Exif\0\0") + 6
    for cut in range(0, 120, 3):
        broken = bytearray(content)
        broken[start + cut : start + cut + 40] = b"\xff" * 40
        with suppress(DualGeoError), opened(bytes(broken)) as image:
            read_facts(image)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_real_originals_agree_with_another_reader(shared: Path) -> None:
    with (shared / "exif" / "exif.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 53
    for row in rows:
        with opened((shared / "exif" / "originals" / row["image"]).read_bytes()) as image:
            found = read_facts(image)
        assert found.lat == pytest.approx(float(row["lat"]), abs=0.0005), row["image"]
        assert found.lon == pytest.approx(float(row["lon"]), abs=0.0005), row["image"]
