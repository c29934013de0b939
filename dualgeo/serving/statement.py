"""What a model said about a new photo, for a person or a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import haversine_km
from dualgeo.lmm.reply import FINAL
from dualgeo.refinement.refine import LMM
from dualgeo.serving.locate import Location


@dataclass(frozen=True)
class Statement:
    """What the model said to one prompt."""

    prompt: str
    """name@version"""
    model: str
    outcome: str
    reason: str
    """One sentence where there is no answer."""
    lat: float | None
    lon: float | None
    """Degrees."""
    radius_km: float | None
    """What the model says of itself; not calibrated."""
    place: str
    """City, region and country as the model names them."""
    evidence: list[str]
    used: list[str]
    """Photo ids of the candidates that it says it rests on."""
    similarity: float | None
    """Image-GPS cosine of our own model."""
    from_retrieval_km: float | None
    """How far it lies from the retrieval answer."""
    chosen: bool
    usd: float
    """What the answer cost when it was bought."""
    from_store: bool
    """Whether this run paid nothing for it."""


def statement_of(row: Mapping[str, Any], fit: float, location: Location, without: Location, sent: bool) -> Statement:
    """A row of LMM_SCHEMA; `fit` is its image-GPS cosine, `sent` whether this run asked the provider for it."""
    lat, lon, radius = (_number(row[name]) for name in ("lat", "lon", "radius_km"))
    away: float | None = None
    place = ""
    if lat is not None and lon is not None:
        away = float(haversine_km(lat, lon, without.lat, without.lon))
        place = ", ".join(str(row[name]) for name in ("city", "region", "country") if row[name])
    return Statement(
        prompt=str(row["prompt"]),
        model=str(row["model"] or ""),
        outcome=str(row["outcome"]),
        reason=str(row["reason"] or ""),
        lat=lat,
        lon=lon,
        radius_km=radius,
        place=place,
        evidence=_texts(row["evidence"]),
        used=_texts(row["used"]),
        similarity=None if away is None else fit,
        from_retrieval_km=away,
        chosen=location.source == LMM and (lat, lon) == (location.lat, location.lon),
        usd=float(row["usd"]),
        from_store=not sent and row["outcome"] in FINAL,
    )


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _texts(values: Any) -> list[str]:
    return [] if values is None else [str(value) for value in np.asarray(values, dtype=object)]
