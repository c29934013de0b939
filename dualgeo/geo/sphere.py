"""Geometry of points on the Earth: degrees in, kilometres out, everything vectorised.

Latitude and longitude are degrees (WGS84), latitude first. Fast work happens on the mean sphere; reported errors are
geodesics on the WGS84 ellipsoid (at most 0.56 % apart).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Floats = npt.NDArray[np.float64]
Distance = Callable[[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike], Floats]
"""Distance in km between points given as lat1, lon1, lat2, lon2 in degrees; NaN where one of them is."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the WGS84 ellipsoid (IUGG)."""
HALF_CIRCUMFERENCE_KM = np.pi * EARTH_RADIUS_KM
"""No two points of the sphere are farther apart than this: 20,015 km."""

_DEGENERATE = 1e-9
"""Length, as a share of the summed weights, below which a mean vector points nowhere."""


def wrap_longitude(lon: npt.ArrayLike) -> Floats:
    """The same meridians in -180 <= lon < 180."""
    degrees = np.asarray(lon, dtype=np.float64)
    # Values already in range are kept to the bit: the modulo would round them.
    return np.where((degrees >= -180) & (degrees < 180), degrees, (degrees + 180) % 360 - 180)


def unit_vectors(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Floats:
    """Points as unit vectors, shape (..., 3): x to (0, 0), y to (0, 90 E), z to the north pole."""
    phi, lam = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    flat = np.cos(phi)
    x, y, z = np.broadcast_arrays(flat * np.cos(lam), flat * np.sin(lam), np.sin(phi))
    return np.stack([x, y, z], axis=-1)


def degrees_of(vectors: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Latitude and longitude (-180 <= lon < 180) of vectors (..., 3) of any length but 0; NaN for a zero vector."""
    v = np.asarray(vectors, np.float64)
    x, y, z = v[..., 0], v[..., 1], v[..., 2]
    lat = np.degrees(np.arctan2(z, np.hypot(x, y)))
    lon = wrap_longitude(np.degrees(np.arctan2(y, x)))
    nowhere = ~np.any(v != 0, axis=-1)
    return np.where(nowhere, np.nan, lat), np.where(nowhere, np.nan, lon)


def haversine_km(
    lat1: npt.ArrayLike,
    lon1: npt.ArrayLike,
    lat2: npt.ArrayLike,
    lon2: npt.ArrayLike,
    radius_km: float = EARTH_RADIUS_KM,
) -> Floats:
    """Great-circle distance on a sphere, by default the mean one, km; broadcasts; NaN where an argument is NaN."""
    phi1, lam1 = np.radians(np.asarray(lat1, np.float64)), np.radians(np.asarray(lon1, np.float64))
    phi2, lam2 = np.radians(np.asarray(lat2, np.float64)), np.radians(np.asarray(lon2, np.float64))
    a = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin((lam2 - lam1) / 2) ** 2
    return 2 * radius_km * np.arcsin(np.sqrt(np.clip(a, 0.0, 1.0)))


def geodesic_km(lat1: npt.ArrayLike, lon1: npt.ArrayLike, lat2: npt.ArrayLike, lon2: npt.ArrayLike) -> Floats:
    """Geodesic distance on the WGS84 ellipsoid, km (Karney's method in PROJ); broadcasts; NaN where an argument is."""
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (lat1, lon1, lat2, lon2)))
    known = np.logical_and.reduce([np.isfinite(values) for values in arrays])
    metres = np.full(known.shape, np.nan)
    if known.any():
        a, b, c, d = (np.ascontiguousarray(values[known]) for values in arrays)
        metres[known] = Geod(ellps="WGS84").inv(b, a, d, c)[2]
    return metres / 1000


def spherical_mean(
    lat: npt.ArrayLike, lon: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Weighted mean on the sphere over the last axis: the direction of the summed unit vectors.

    `lat`, `lon`, `weights` broadcast to (..., n); weights >= 0. A point of weight 0 takes no part, NaN or not, so a
    mask works as weights. Where the sum points nowhere (antipodal or evenly spread points) the answer is the
    heaviest point, the first of equals: always one of the points, never a made-up one. All weights 0, or n = 0: NaN.
    Raises ValueError for a negative weight.
    """
    phi, lam = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    w = np.ones(()) if weights is None else np.asarray(weights, np.float64)
    if np.any(w < 0):
        raise ValueError("weights of a spherical mean must not be negative")
    phi, lam, w = np.broadcast_arrays(phi, lam, w)
    if phi.shape[-1] == 0:
        return np.full(phi.shape[:-1], np.nan), np.full(phi.shape[:-1], np.nan)
    taken = w > 0
    vectors = np.where(taken[..., None], unit_vectors(phi, lam), 0.0)
    total = np.sum(w[..., None] * vectors, axis=-2)
    mean_lat, mean_lon = degrees_of(total)
    nowhere = np.linalg.norm(total, axis=-1) <= _DEGENERATE * np.sum(w, axis=-1)
    heaviest = np.argmax(w, axis=-1)[..., None]
    empty = ~taken.any(axis=-1)
    answers: list[Floats] = []
    for mean, points in ((mean_lat, phi), (mean_lon, wrap_longitude(lam))):
        fallback = np.take_along_axis(points, heaviest, axis=-1)[..., 0]
        answers.append(np.where(empty, np.nan, np.where(nowhere, fallback, mean)))
    return answers[0], answers[1]


def destination(
    lat: npt.ArrayLike, lon: npt.ArrayLike, bearing: npt.ArrayLike, distance_km: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Where one arrives going `distance_km` along the great circle that starts at `bearing` (degrees from north)."""
    phi, lam = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    theta, arc = np.radians(np.asarray(bearing, np.float64)), np.asarray(distance_km, np.float64) / EARTH_RADIUS_KM
    east = np.stack(np.broadcast_arrays(-np.sin(lam), np.cos(lam), np.zeros_like(lam)), axis=-1)
    north = np.stack(np.broadcast_arrays(-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)), axis=-1)
    heading = np.cos(theta)[..., None] * north + np.sin(theta)[..., None] * east
    return degrees_of(np.cos(arc)[..., None] * unit_vectors(lat, lon) + np.sin(arc)[..., None] * heading)


def cap_area_km2(radius_km: npt.ArrayLike) -> Floats:
    """Area of the spherical cap within `radius_km` of a point, km^2: 2 pi R^2 (1 - cos(r / R))."""
    arc = np.clip(np.asarray(radius_km, np.float64), 0.0, HALF_CIRCUMFERENCE_KM) / EARTH_RADIUS_KM
    # 1 - cos(a) = 2 sin^2(a / 2) keeps its digits for small caps.
    return 4 * np.pi * EARTH_RADIUS_KM**2 * np.sin(arc / 2) ** 2


def chord_of_km(distance_km: npt.ArrayLike) -> Floats:
    """Straight-line length between unit vectors whose great-circle distance is `distance_km`."""
    arc = np.clip(np.asarray(distance_km, np.float64), 0.0, HALF_CIRCUMFERENCE_KM) / EARTH_RADIUS_KM
    return 2 * np.sin(arc / 2)


def km_of_chord(chord: npt.ArrayLike) -> Floats:
    """Great-circle distance of unit vectors that lie `chord` apart in a straight line, km."""
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(np.asarray(chord, np.float64) / 2, 0.0, 1.0))
