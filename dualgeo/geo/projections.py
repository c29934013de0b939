"""Map projections as plain arrays: what location encoders and maps put the sphere on."""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats

MERCATOR_LATITUDE_LIMIT = 85.0511287798066
"""Where Web Mercator's square world ends; the poles themselves lie at infinity."""

# Polynomial of the Equal Earth projection (Savric, Patterson and Jenny 2018, doi:10.1080/13658816.2018.1504949).
EQUAL_EARTH = (1.340264, -0.081106, 0.000893, 0.003796)
_HALF_ROOT_3 = np.sqrt(3) / 2


def web_mercator(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[Floats, Floats]:
    """x, y in radians of a unit sphere, x in [-pi, pi]; latitudes beyond the limit are drawn at it (y = +-pi)."""
    phi = np.radians(np.clip(np.asarray(lat, np.float64), -MERCATOR_LATITUDE_LIMIT, MERCATOR_LATITUDE_LIMIT))
    x, y = np.broadcast_arrays(np.radians(np.asarray(lon, np.float64)), np.arctanh(np.sin(phi)))
    return x, y


def equal_earth(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[Floats, Floats]:
    """x, y of the Equal Earth projection on a unit sphere: |x| <= 2.7066, |y| <= 1.3174, areas kept."""
    a1, a2, a3, a4 = EQUAL_EARTH
    theta = np.arcsin(_HALF_ROOT_3 * np.sin(np.radians(np.asarray(lat, np.float64))))
    lam = np.radians(np.asarray(lon, np.float64))
    t2 = theta * theta
    t6 = t2**3
    slope = a1 + 3 * a2 * t2 + t6 * (7 * a3 + 9 * a4 * t2)
    x = lam * np.cos(theta) / (_HALF_ROOT_3 * slope)
    y = theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))
    x, y = np.broadcast_arrays(x, y)
    return x, y
