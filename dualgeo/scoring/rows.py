"""The rows of a table of photos: those that can be used, and those that cannot with their line and reason."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.calibration import RADIUS_PREFIX
from dualgeo.scoring.columns import ColumnNames, Found, Kind, recognise
from dualgeo.scoring.coordinates import NO_VALUE, Coordinates, read_coordinates
from dualgeo.scoring.source import Columns, Refused, Source

CERTAINTY = re.compile(RADIUS_PREFIX + r"\d{1,2}(\.\d+)?|confidence")
"""Columns by which a system says how sure it is: radius_km_50, radius_km_90, confidence (higher is surer)."""
TEXTS = ("id", "photographer", "time", "query_set", "split", "rank", "order")


@dataclass(frozen=True)
class Rows:
    """What a file holds.

    `frame`: a row for each usable row of the file, with `id` (str), `lat`, `lon` (degrees, NaN where the row gives no
    position), the other columns that were found (text; CERTAINTY columns are float64) and `row`, its place in the file.
    Blank rows are no rows. Every other row is in `frame` or in `refused`.
    """

    source: Source
    columns: Found
    frame: pd.DataFrame
    refused: list[Refused]
    exchanged: bool

    @property
    def count(self) -> int:
        return len(self.frame) + len(self.refused)

    def place(self, number: int) -> str:
        """Where row `number` of `frame` stands in the file."""
        return self.source.place(int(self.frame["row"].iloc[number]))

    def require_sound(self) -> None:
        """Raise DualGeoError for the first row that was refused."""
        if not self.refused:
            return
        more = f" (and {len(self.refused) - 1:,} more such rows)" if len(self.refused) > 1 else ""
        exchanged = " Latitude and longitude seem to be exchanged." if self.exchanged else ""
        raise DualGeoError(
            f"{self.source.path}, {self.refused[0]}{more}; correct the row, or remove it if it is no photo.{exchanged}"
        )


def read_rows(path: Path, kind: Kind, names: ColumnNames, require_id: bool = True) -> Rows:
    """Read a CSV or Parquet table. Raises DualGeoError when it cannot be understood or has no row."""
    source = Source(path)
    found = recognise(path, source.header, kind, names, require_id)
    certainty = {name: place for place, name in enumerate(source.header) if CERTAINTY.fullmatch(name)}
    places = sorted({*found.roles().values(), *certainty.values()})
    at = {place: number for number, place in enumerate(places)}
    read = source.read(places)
    positions = read_coordinates(read, at[found.lat], at[found.lon])
    refused = dict(positions.refused)
    frame = pd.DataFrame({role: read.text(at[place]) for role, place in found.roles().items() if role in TEXTS})
    frame["lat"], frame["lon"], frame["row"] = positions.lat, positions.lon, read.row
    for name, place in certainty.items():
        frame[name] = _number(read, at[place], name, refused)
    blank = _blank(frame, refused)
    if found.id is not None:
        for row in np.flatnonzero(frame["id"].isna() & ~blank):
            refused.setdefault(int(row), "it has no id")
    if not len(frame) and not read.refused:
        raise DualGeoError(f"{path} has the columns {', '.join(source.header)[:300]} and no rows.")
    return _rows(source, found, frame, blank, refused, read, positions)


def _rows(
    source: Source, found: Found, frame: pd.DataFrame, blank: "pd.Series[bool]", refused: dict[int, str],
    read: Columns, positions: Coordinates,
) -> Rows:  # fmt: skip
    bad = np.zeros(len(frame), dtype=bool)
    bad[list(refused)] = True
    named = [_refusal(source, frame, row, refused[row]) for row in sorted(refused)]
    usable = frame[~(bad | blank.to_numpy())].reset_index(drop=True)
    return Rows(source, found, usable, [*read.refused, *named], positions.exchanged)


def _refusal(source: Source, frame: pd.DataFrame, row: int, reason: str) -> Refused:
    name = frame["id"].iloc[row] if "id" in frame else None
    said = f" ({str(name)[:60]})" if isinstance(name, str) else ""
    return Refused(f"{source.place(int(frame['row'].iloc[row]))}{said}", reason)


def _blank(frame: pd.DataFrame, refused: dict[int, str]) -> "pd.Series[bool]":
    """Rows that say nothing, such as the `,,` that spreadsheets leave at the end of a CSV."""
    blank = frame["lat"].isna() & ~frame.index.isin(list(refused))
    for column in frame.columns.difference(["lat", "lon", "row"]):
        blank &= frame[column].isna()
    return blank if "id" in frame else blank & False


def _number(read: Columns, column: int, name: str, refused: dict[int, str]) -> "pd.Series[float]":
    """A number for each row, NaN where there is none; text, infinity and a radius below 0 are refused."""
    given = read.text(column)
    numbers = pd.to_numeric(given, errors="coerce").astype(np.float64)
    none = given.isna() | given.str.lower().isin(NO_VALUE)
    radius = name.startswith(RADIUS_PREFIX)
    sound = np.isfinite(numbers) & ((numbers >= 0) if radius else True)
    for row in np.flatnonzero(~none & ~sound):
        meant = "distance in km" if radius else "number"
        refused.setdefault(int(row), f"{name} '{given.iloc[row][:40]}' is no {meant}")
    return numbers
