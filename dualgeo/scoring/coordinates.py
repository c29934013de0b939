"""Two columns of a table as coordinates in degrees: what is a position, what is none, and what cannot be one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from dualgeo.datasets.exif import AXES
from dualgeo.datasets.table import number_of
from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import Floats
from dualgeo.scoring.source import Columns

NO_VALUE = ("nan", "na", "n/a", "null", "none")
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class Coordinates:
    """Positions of n rows. `lat`, `lon` (n,) in degrees, both NaN where the row gives none or is refused."""

    lat: Floats
    lon: Floats
    refused: dict[int, str]
    """Rows (0..n-1) with something that is no position, and why."""
    exchanged: bool
    """Latitudes lie beyond 90 degrees, and with the two columns exchanged every row would be in range."""


def read_coordinates(columns: Columns, lat: int, lon: int) -> Coordinates:
    """Read columns `lat` and `lon` of `columns`. An empty cell (also NaN, NA, null, none) in both is no position.

    Refused are text, infinite numbers, half a position and degrees out of range. A decimal comma is understood.
    """
    refused: dict[int, str] = {}
    lats, no_lat = _numbers("latitude", columns, lat, refused)
    lons, no_lon = _numbers("longitude", columns, lon, refused)
    for row in np.flatnonzero(no_lat != no_lon):
        missing, given = ("latitude", "longitude") if no_lat[row] else ("longitude", "latitude")
        refused.setdefault(int(row), f"it has a {given} and no {missing}")
    beyond = np.flatnonzero((np.abs(lats) > AXES["latitude"][2]) | (np.abs(lons) > AXES["longitude"][2]))
    for row in beyond:
        name, value = ("latitude", lats[row]) if abs(lats[row]) > 90 else ("longitude", lons[row])
        refused.setdefault(int(row), f"{name} {value:g} is outside -{AXES[name][2]}..{AXES[name][2]}")
    with np.errstate(invalid="ignore"):
        exchanged = bool((np.abs(lats) > 90).any() and not (np.abs(lons) > 90).any() and not (np.abs(lats) > 180).any())
    bad = list(refused)
    lats[bad], lons[bad] = np.nan, np.nan
    return Coordinates(lats, lons, refused, exchanged)


def _numbers(name: str, columns: Columns, column: int, refused: dict[int, str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A column as numbers (n,), NaN where there is none, and where there is none because the cell is empty."""
    values = columns.series(column)
    if is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype):
        numbers = values.to_numpy(np.float64, na_value=np.nan, copy=True)
        return _finite(name, numbers, refused), np.isnan(numbers)
    return _parsed(name, columns.text(column), refused)


def _parsed(name: str, text: "pd.Series[str]", refused: dict[int, str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Text as numbers: all at once where all are plain, else the others one by one."""
    plain = text.str.fullmatch(_PLAIN).fillna(False).astype(bool)
    numbers = np.array(text.where(plain).astype(np.float64), dtype=np.float64)
    empty = (text.isna() | text.str.lower().isin(NO_VALUE)).to_numpy(dtype=bool)
    for row in np.flatnonzero(~plain.to_numpy() & ~empty):
        try:
            numbers[row] = number_of(name, text.iloc[row])
        except DualGeoError as error:
            refused.setdefault(int(row), str(error))
    return _finite(name, numbers, refused), empty


def _finite(name: str, numbers: Floats, refused: dict[int, str]) -> Floats:
    for row in np.flatnonzero(np.isinf(numbers)):
        refused.setdefault(int(row), f"the {name} is infinite")
        numbers[row] = np.nan
    return numbers
