"""Coordinates and licences of photos from a CSV or Parquet table with the column names people really use.

A table that cannot be understood raises one DualGeoError; a row that cannot be used gets a reason and the rest goes on.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import SPLITS
from dualgeo.datasets.exif import checked_position
from dualgeo.errors import DualGeoError

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")

# First match wins, in this order; names are compared in lower case without spaces, dashes and underscores.
# YFCC's `Accuracy` is Flickr's zoom level (1 to 16), not metres, and is therefore not among them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "imagename", "filename", "filepath", "file", "path", "photo", "imgid", "imageid", "name", "id"),
    "lat": ("lat", "latitude", "gpslatitude"),
    "lon": ("lon", "lng", "long", "longitude", "gpslongitude"),
    "photographer": ("photographer", "author", "ownernsid", "owner", "userid", "user"),
    "licence": ("licence", "license", "licensename", "licencename"),
    "collection": ("collection",),
    "source_url": ("sourceurl", "photopageurl", "pageurl", "url"),
    "country": ("country", "countrycode", "iso2"),
    "split": ("split",),
    "accuracy_m": ("accuracym", "gpshpositioningerror"),
    "taken_at": ("takenat", "datetaken"),
}
SPLIT_NAMES = {"train": "gallery", "val": "validation", "test": "query"} | {split: split for split in SPLITS}


@dataclass(frozen=True)
class Row:
    """What the table says about one photo; `number` counts from the header = 1, as spreadsheets do.

    `problem` says why its coordinates cannot be used (`lat`, `lon` in degrees are None then).
    """

    number: int
    image: str
    lat: float | None = None
    lon: float | None = None
    problem: str | None = None
    photographer: str | None = None
    licence: str | None = None
    source_url: str | None = None
    country: str | None = None
    split: str | None = None
    accuracy_m: float | None = None
    taken_at: str | None = None


@dataclass(frozen=True)
class Table:
    """The rows of one file, and whether it gives coordinates at all (else only licences and the like)."""

    path: Path
    has_coordinates: bool
    rows: list[Row] = field(default_factory=list[Row])


def read_table(path: Path, photographer_column: str | None = None) -> Table:
    """Read a .csv, .tsv or .parquet. `photographer_column` names the column that tells whose photo it is.

    Raises DualGeoError naming the file, and the row or the columns found and wanted, when it is unusable as a whole.
    """
    try:
        header, records = _parquet(path) if path.suffix.lower() == ".parquet" else _delimited(path)
    except OSError as error:
        raise DualGeoError(f"{path} cannot be read ({error.strerror or error}).") from None
    columns = _columns(path, header, photographer_column)
    rows = [
        _row(number, record, len(header), columns)
        for number, record in enumerate(records, start=2)
        if any(cell.strip() for cell in record)
    ]
    if not rows:
        raise DualGeoError(f"{path} has a header and no rows; fill it or leave it out.")
    _require_all_splits_or_none(path, rows, columns)
    return Table(path, "lat" in columns, rows)


def plain_name(name: str) -> str:
    """A column's name as it is compared: `GPS_Latitude` is `gpslatitude`."""
    return re.sub(r"[\s_\-]+", "", name).lower()


def _columns(path: Path, header: Sequence[str], photographer_column: str | None) -> dict[str, int]:
    """Role -> position of its column."""
    plain = [plain_name(name) for name in header]
    found = {role: plain.index(name) for role, names in COLUMNS.items() for name in reversed(names) if name in plain}
    shown = ", ".join(header)[:300] or "none"
    if photographer_column is not None:
        if photographer_column not in header:
            raise DualGeoError(f"{path} has no column {photographer_column}; its columns are {shown}.")
        found["photographer"] = list(header).index(photographer_column)
    if "image" not in found or ("lat" in found) != ("lon" in found):
        raise DualGeoError(
            f"{path} has the columns {shown}; wanted are one for the photo's file (image, file, filename, name or "
            "IMG_ID), one for the latitude (lat or latitude) and one for the longitude (lon, lng or longitude)."
        )
    if "lat" not in found and "licence" not in found and "photographer" not in found:
        raise DualGeoError(
            f"{path} has the columns {shown}; it lacks lat and lon (degrees), and nothing else in it is known."
        )
    return found


def _row(number: int, record: Sequence[str], width: int, columns: dict[str, int]) -> Row:
    def cell(role: str) -> str:
        position = columns.get(role)
        return "" if position is None or position >= len(record) else record[position].strip()

    image = cell("image")
    if len(record) != width:
        return Row(number, image, problem=f"row {number} has {len(record)} fields where the header has {width}")
    row = Row(
        number,
        image,
        photographer=cell("photographer") or None,
        licence=cell("licence") or None,
        source_url=cell("source_url") or None,
        country=cell("country").upper() if re.fullmatch(r"[A-Za-z]{2}", cell("country")) else None,
        split=SPLIT_NAMES.get(cell("split").lower()),
        taken_at=cell("taken_at") or None,
    )
    try:
        accuracy = number_of("accuracy_m", cell("accuracy_m")) if cell("accuracy_m") else None
        if not image:
            raise DualGeoError("no file name")
        if "lat" not in columns:
            return replace(row, accuracy_m=accuracy)
        lat, lon = checked_position(number_of("lat", cell("lat")), number_of("lon", cell("lon")))
        return replace(row, lat=lat, lon=lon, accuracy_m=accuracy)
    except DualGeoError as error:
        return replace(row, problem=f"row {number}: {error}")


def number_of(name: str, text: str) -> float:
    """A number with a decimal point or, where nothing else can be meant, a decimal comma."""
    if not text or text.lower() in ("nan", "na", "n/a", "null", "none"):
        raise DualGeoError(f"{name} is {'empty' if not text else repr(text)}")
    plain = text.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d+", text) else text
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", plain):
        raise DualGeoError(f"{name} '{text[:40]}' is not a number")
    return float(plain)


def _require_all_splits_or_none(path: Path, rows: list[Row], columns: dict[str, int]) -> None:
    if "split" not in columns:
        return
    for row in rows:
        if row.split is None and row.problem is None:
            raise DualGeoError(
                f"{path}, row {row.number}: split must be gallery, validation or query in every row, or in none."
            )


def _parquet(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise DualGeoError(f"{path} is not a readable Parquet file ({' '.join(str(error).split())[:120]}).") from None
    columns = [["" if value is None else str(value) for value in column.to_pylist()] for column in table.columns]
    return list(table.column_names), (list(cells) for cells in zip(*columns, strict=True))


def _delimited(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    text = decoded(path, path.read_bytes())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text))
    try:
        records = list(reader)
    except csv.Error as error:
        raise DualGeoError(f"{path}, line {reader.line_num}: not a CSV ({error}).") from None
    if not records or not any(records[0]):
        raise DualGeoError(f"{path} is empty; its first line must name the columns, for example image,lat,lon.")
    return [name.strip() for name in records[0]], iter(records[1:])


def separator_of(text: str) -> str:
    """What separates fields: the likeliest character of the first line."""
    return max(",;\t|", key=text.partition("\n")[0].count)


def decoded(path: Path, content: bytes) -> str:
    """Text of a table: UTF-8, or UTF-16 where it begins so; DualGeoError names the line that is neither."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DualGeoError(f"{path}, line {line}: not UTF-8 text; save the table as CSV UTF-8.") from None
