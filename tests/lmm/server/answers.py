"""Where the text of an answer comes from."""

import hashlib
import importlib
import json
import math
import random
from collections.abc import Callable
from pathlib import Path

Answerer = Callable[[bytes, str], dict[str, object] | str]
"""From the picture's bytes and the words to a GeoAnswer as a dict, or to any text."""


def answerer_of(name: str) -> Answerer:
    kind, _, rest = name.partition(":")
    if kind == "fixed":
        return lambda jpeg, text: answer(48.8566, 2.3522)
    if kind == "random":
        return lambda jpeg, text: _anywhere(
            random.Random(rest.encode() + hashlib.sha256(jpeg + text.encode()).digest())
        )
    if kind == "truth":
        path, _, km = rest.partition(":")
        return _truth(json.loads(Path(path).read_text(encoding="utf-8")), float(km or 0))
    return getattr(importlib.import_module(kind), rest)


def answer(lat: float, lon: float, radius_km: float = 25.0) -> dict[str, object]:
    return {
        "latitude": lat,
        "longitude": lon,
        "confidence_radius_km": radius_km,
        "country": "",
        "region": "",
        "city": "",
        "evidence": ["The server of the tests made this up.", "It looks at no photo."],
        "candidates_used": [],
    }


def _anywhere(drawn: random.Random) -> dict[str, object]:
    return answer(math.degrees(math.asin(drawn.uniform(-1, 1))), drawn.uniform(-180, 180), 2500.0)


def _truth(places: dict[str, list[float]], km: float) -> Answerer:
    def tell(jpeg: bytes, text: str) -> dict[str, object]:
        digest = hashlib.sha256(jpeg).hexdigest()
        lat, lon = places[digest]
        drawn = random.Random(digest + text)
        north, east = drawn.gauss(0, km) / 111.2, drawn.gauss(0, km) / (111.2 * max(0.01, math.cos(math.radians(lat))))
        return answer(max(-90.0, min(90.0, lat + north)), (lon + east + 180) % 360 - 180, 2 * km + 1)

    return tell
