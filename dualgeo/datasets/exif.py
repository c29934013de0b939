"""Where and when a photo says it was taken: EXIF, with XMP where there is no EXIF position.

Follows the Exif 3.0 standard (CIPA DC-008) and the XMP specification part 2 (`exif:GPSCoordinate`). A position is
taken only when it is complete: an unknown hemisphere or a missing number gives a reason, never a guess.
"""

import contextlib
import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from dualgeo.errors import DualGeoError

NO_POSITION = "no GPS position in its EXIF or XMP"
XMP_VALUE = re.compile(r"(\d{1,3}),(?:(\d{1,2}),(\d{1,2}(?:\.\d+)?)|(\d{1,2}(?:\.\d+)?))\s*([NSEW])", re.IGNORECASE)
AXES = {"latitude": ("N", "S", 90), "longitude": ("E", "W", 180)}


@dataclass(frozen=True)
class Facts:
    """What a file says about its photo. `lat`, `lon` in degrees; None with the reason in `problem`."""

    lat: float | None = None
    lon: float | None = None
    problem: str | None = None
    accuracy_m: float | None = None
    taken_at: str | None = None
    photographer: str | None = None


def read_facts(image: Image.Image) -> Facts:
    """Read position, time and photographer of an opened image; never raises for what a file may hold."""
    try:
        exif = image.getexif()
        main, camera, gps = dict(exif), exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
    except Exception:  # Pillow lets struct, key and syntax errors of a damaged block through.
        main, camera, gps = {}, {}, {}
    taken_at, photographer = _taken_at(camera, gps), _photographer(main, camera)
    try:
        position = _exif_position(gps) or _xmp_position(image)
    except DualGeoError as error:
        return Facts(problem=str(error), taken_at=taken_at, photographer=photographer)
    if position is None:
        return Facts(problem=NO_POSITION, taken_at=taken_at, photographer=photographer)
    lat, lon = position
    accuracy = _number(gps.get(GPS.GPSHPositioningError))
    known = accuracy is not None and math.isfinite(accuracy) and accuracy > 0
    return Facts(lat, lon, None, accuracy if known else None, taken_at, photographer)


def checked_position(lat: float, lon: float) -> tuple[float, float]:
    """Return the position in degrees, or raise DualGeoError with the reason why it is none."""
    for name, value in (("latitude", lat), ("longitude", lon)):
        limit = AXES[name][2]
        if not math.isfinite(value):
            raise DualGeoError(f"the {name} is not a number")
        if abs(value) > limit:
            raise DualGeoError(f"{name} {value:g} is outside -{limit}..{limit}")
    if lat == 0 and lon == 0:
        raise DualGeoError("position (0, 0), which cameras and tables write for an unknown place")
    return lat, lon


def _exif_position(gps: dict[int, Any]) -> tuple[float, float] | None:
    lat, lon = gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLongitude)
    if lat is None and lon is None:
        return None
    return checked_position(
        _axis("latitude", lat, gps.get(GPS.GPSLatitudeRef)), _axis("longitude", lon, gps.get(GPS.GPSLongitudeRef))
    )


def _axis(name: str, value: Any, reference: Any) -> float:
    positive, negative, _ = AXES[name]
    if value is None:
        raise DualGeoError(f"GPS {name} is missing")
    letter = _text(reference)[:1].upper()
    if letter not in (positive, negative):
        raise DualGeoError(f"GPS {name} has no reference letter ({positive} or {negative}), so its sign is unknown")
    degrees = _text_degrees(name, value) if isinstance(value, str | bytes) else _sum_degrees(name, _parts(value))
    return -degrees if letter == negative else degrees


def _parts(value: Any) -> list[float]:
    several = list(value) if isinstance(value, tuple | list) else [value]
    numbers = [_number(part) for part in several]
    return [math.nan if number is None else number for number in numbers]


def _number(value: Any) -> float | None:
    """A rational (NaN for a denominator of 0), a float or an int as a float."""
    if getattr(value, "denominator", 1) == 0:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _sum_degrees(name: str, parts: list[float]) -> float:
    """Degrees from [degrees, minutes, seconds], in which cameras leave out what they did not measure.

    A last part of 0/0 counts as left out when the part before it carries a fraction (Nikon writes so); otherwise
    the position would be off by up to a minute (1.9 km) or a degree, and is refused.
    """
    given = list(parts)
    while len(given) > 1 and math.isnan(given[-1]) and not float(given[-2]).is_integer() and len(given) <= 3:
        given.pop()
    if not 1 <= len(given) <= 3 or not all(math.isfinite(part) for part in given):
        raise DualGeoError(f"GPS {name} has a part that is no number (0/0)")
    if any(part < 0 for part in given) or any(part > 60 for part in given[1:]):
        raise DualGeoError(f"GPS {name} {given} is not degrees, minutes and seconds")
    return sum(part / 60**power for power, part in enumerate(given))


def _text_degrees(name: str, value: str | bytes) -> float:
    """Degrees from text, which the standard does not allow but some editors write: 51.5, "51,5074", "51 30 26.5"."""
    text = _text(value)
    decimal = re.fullmatch(r"(\d{1,3})[.,](\d+)", text)
    # "51,30" may be 51.30 degrees or 51 degrees 30 minutes; with three or more digits it can only be a fraction.
    if decimal and ("." in text or len(decimal[2]) > 2):
        return float(f"{decimal[1]}.{decimal[2]}")
    parts = re.fullmatch(
        r"(\d{1,3})[\s°]+(?:deg\s*)?(\d{1,2}(?:[.,]\d+)?)(?:[\s'′]+(\d{1,2}(?:[.,]\d+)?)[\s\"″]*)?'?", text
    )
    if parts is None:
        raise DualGeoError(f"GPS {name} '{text[:40]}' is not a number of degrees or can be read in two ways")
    return _sum_degrees(name, [float(part.replace(",", ".")) for part in parts.groups() if part])


def _xmp_position(image: Image.Image) -> tuple[float, float] | None:
    packet: Any = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if not packet:
        return None
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)
    values = [re.search(rf"exif:GPS{axis.title()}\s*(?:=\s*[\"']|>)\s*([^\"'<]*)", text) for axis in AXES]
    if all(value is None for value in values):
        return None
    lat, lon = (
        _xmp_axis(axis, "" if value is None else value[1].strip()) for axis, value in zip(AXES, values, strict=True)
    )
    return checked_position(lat, lon)


def _xmp_axis(name: str, text: str) -> float:
    positive, negative, _ = AXES[name]
    match = XMP_VALUE.fullmatch(text)
    if match is None or match[5].upper() not in (positive, negative):
        raise DualGeoError(f"XMP {name} '{text[:40]}' is not of the form DDD,MM.mmk or DDD,MM,SSk")
    parts = [float(part) for part in (match[1], match[2] or match[4], match[3]) if part]
    degrees = _sum_degrees(name, parts)
    return -degrees if match[5].upper() == negative else degrees


def _text(value: Any) -> str:
    """Text of an ASCII tag; Pillow reads it as Latin-1 although editors write UTF-8."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return " ".join(text.replace("\0", " ").split())


def _photographer(main: dict[int, Any], camera: dict[int, Any]) -> str | None:
    """The artist, else the camera body: what is likely one person's."""
    serial = _text(camera.get(Base.BodySerialNumber))
    return _text(main.get(Base.Artist)) or (f"camera {serial}" if serial else None)


def _taken_at(camera: dict[int, Any], gps: dict[int, Any]) -> str | None:
    """ISO 8601 local time with its offset where known, else the GPS time (UTC), else None."""
    offset = _text(camera.get(Base.OffsetTimeOriginal))
    taken = _time(_text(camera.get(Base.DateTimeOriginal)))
    if taken is not None:
        return taken.isoformat() + (offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else "")
    clock = _parts(gps.get(GPS.GPSTimeStamp))
    if len(clock) != 3 or not all(math.isfinite(part) for part in clock):
        return None
    hour, minute, second = (int(part) for part in clock)
    measured = _time(f"{_text(gps.get(GPS.GPSDateStamp))} {hour:02}:{minute:02}:{second:02}")
    return None if measured is None else measured.isoformat() + "+00:00"


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
