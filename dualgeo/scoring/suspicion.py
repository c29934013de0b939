"""Answers that are numbers but not what they should be: exchanged columns, radians, the truth itself.

Such a file would be scored without complaint and the figures believed. It is said, never mended.
"""

from pathlib import Path

import numpy as np

from dualgeo.geo.sphere import Floats, geodesic_km

FEWEST = 10
"""Fewer answers than this cannot tell exchanged coordinates, or the truth, from luck."""
_CLOSER_SHARE = 0.8
_CLOSER_TIMES = 4


def suspicion(path: Path, lat: Floats, lon: Floats, predicted_lat: Floats, predicted_lon: Floats) -> str | None:
    """A sentence when the answers (n,) to photos at `lat`, `lon` (n,), all degrees, cannot be meant as they stand."""
    given = np.isfinite(predicted_lat) & np.isfinite(predicted_lon)
    if not given.any():
        return None
    lat, lon, predicted_lat, predicted_lon = (values[given] for values in (lat, lon, predicted_lat, predicted_lon))
    if _radians(lat, lon, predicted_lat, predicted_lon):
        return (
            f"{path}: every latitude lies within 1.571 and every longitude within 3.142 of zero, and the truth does "
            "not: these look like radians; write degrees."
        )
    if len(lat) < FEWEST:
        return None
    if _exchanged(lat, lon, predicted_lat, predicted_lon):
        return (
            f"{path}: with latitude and longitude exchanged the answers come far closer to the truth: its columns, or "
            "the truth's, look exchanged; name them with --lat and --lon or correct the file."
        )
    if np.mean((predicted_lat == lat) & (predicted_lon == lon)) > 0.99:
        return (
            f"{path}: the answers are the truth to the last digit; its lat and lon seem to be the truth's columns: "
            "name those of the answers with --lat and --lon."
        )
    return None


def _radians(lat: Floats, lon: Floats, predicted_lat: Floats, predicted_lon: Floats) -> bool:
    if not _within_pi(predicted_lat, predicted_lon) or _within_pi(lat, lon):
        return False
    if len(lat) == 1:
        error = geodesic_km(lat, lon, predicted_lat, predicted_lon)
        return _nearer(error, geodesic_km(lat, lon, np.degrees(predicted_lat), np.degrees(predicted_lon)))
    # Answers that are all one point, such as (0, 0), are a failure of another kind.
    return len(np.unique(np.stack([predicted_lat, predicted_lon], axis=1), axis=0)) > 1


def _within_pi(lat: Floats, lon: Floats) -> bool:
    return bool((np.abs(lat) <= np.pi / 2).all() and (np.abs(lon) <= np.pi).all())


def _exchanged(lat: Floats, lon: Floats, predicted_lat: Floats, predicted_lon: Floats) -> bool:
    error = geodesic_km(lat, lon, predicted_lat, predicted_lon)
    if (np.abs(predicted_lon) <= 90).all():
        return _nearer(error, geodesic_km(lat, lon, predicted_lon, predicted_lat))
    # Answers beyond 90 degrees east or west cannot be exchanged themselves, but the truth may be.
    if (np.abs(lon) <= 90).all():
        return _nearer(error, geodesic_km(lon, lat, predicted_lat, predicted_lon))
    return False


def _nearer(error: Floats, other: Floats) -> bool:
    """Whether another reading's errors are smaller for most photos, and drastically so in the middle."""
    closer = float(np.mean(other < error))
    return closer >= _CLOSER_SHARE and float(np.median(error)) > _CLOSER_TIMES * max(float(np.median(other)), 1.0)
