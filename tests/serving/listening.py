"""An answerer for the loopback server that keeps what it was sent, and says what the test wants to be said."""

import json
import os
import uuid
from pathlib import Path


def tell(jpeg: bytes, text: str) -> str:
    folder = Path(os.environ["HEARD"])
    name = uuid.uuid4().hex
    (folder / f"{name}.jpg").write_bytes(jpeg)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return (folder / "say.json").read_text(encoding="utf-8")


def saying(folder: Path, **changes: object) -> None:
    """What it says from now on."""
    answer = {
        "evidence": ["A wide harbour.", "Left-hand traffic."],
        "candidates_used": ["C1"],
        "country": "Australia",
        "region": "New South Wales",
        "city": "Sydney",
        "latitude": -33.8568,
        "longitude": 151.2153,
        "confidence_radius_km": 2.5,
    }
    (folder / "say.json").write_text(json.dumps(answer | changes), encoding="utf-8")
