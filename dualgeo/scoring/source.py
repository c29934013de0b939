"""Columns of a CSV or Parquet file as they stand in it, read fast, and the line each row came from."""

import contextlib
import csv
import gzip
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from pandas.api.types import is_float_dtype

from dualgeo.datasets.table import decoded, separator_of
from dualgeo.errors import DualGeoError

_SHOWN = 60
GZIP, PARQUET, ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"


@dataclass(frozen=True)
class Refused:
    """A row that cannot be used: where it is ("line 7" of a CSV, "row 7" of a Parquet file) and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Columns:
    """The rows of some columns; `row` (n,) is where each stands among all rows of its file, from 0."""

    values: list[Any]
    """Arrow arrays (n,): the text of a CSV as it stands, and what a Parquet file holds."""
    row: npt.NDArray[np.int64]
    refused: list[Refused]
    """Lines whose number of fields is not the header's."""

    def series(self, column: int) -> "pd.Series[Any]":
        """A column as pandas has it."""
        return self.values[column].to_pandas()

    def text(self, column: int) -> "pd.Series[str]":
        """A column as text, null where the file has null or nothing. A whole number stays whole: 7, not 7.0."""
        values = self.series(column)
        if is_float_dtype(values.dtype):  # What pandas makes of whole numbers beside a null.
            with contextlib.suppress(TypeError, ValueError):
                values = values.astype("Int64")
        text = values.astype("str").str.strip()
        return text.mask((text == "") | values.isna())


class Source:
    """One file: `header` is read at once, columns when asked for."""

    def __init__(self, path: Path) -> None:
        """Open a file; its content says what it is, not its name.

        Raises DualGeoError when it is missing, empty, or neither a CSV nor a Parquet file.
        """
        self.path = path
        try:
            with path.open("rb") as stream:
                start = stream.read(4)
            self.is_parquet = start == PARQUET
            if self.is_parquet:
                self.header = [str(name) for name in pq.ParquetFile(path).schema_arrow.names]
                return
            content = gzip.decompress(path.read_bytes()) if start[:2] == GZIP else path.read_bytes()
        except FileNotFoundError:
            raise DualGeoError(f"{path} does not exist.") from None
        except (OSError, EOFError) as error:
            raise DualGeoError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from None
        except pa.ArrowException as error:
            raise _no_parquet(path, error) from None
        self._text = _table_text(path, content)
        self._separator = separator_of(self._text)
        self.header = self._first_record()

    def read(self, columns: list[int]) -> Columns:
        """The columns at these positions of the header, in this order."""
        return self._read_parquet(columns) if self.is_parquet else self._read_csv(columns)

    def place(self, row: int) -> str:
        """Where a row stands, as a person finds it: `line 7` of a CSV (header = 1), `row 6` of a Parquet file."""
        return f"row {row + 1}" if self.is_parquet else f"line {self._lines[row]}"

    def _first_record(self) -> list[str]:
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._separator)
        try:
            header = next(reader, [])
        except csv.Error as error:
            raise DualGeoError(f"{self.path}, line 1: not a CSV ({error}).") from None
        self._header_lines = reader.line_num
        if not any(name.strip() for name in header):
            raise DualGeoError(f"{self.path}: the first line must name the columns, for example id,lat,lon.")
        return [name.strip() for name in header]

    @cached_property
    def _lines(self) -> list[int]:
        """Line on which each row begins; only asked for when something is to be said about a row."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self._separator)
        starts: list[int] = []
        before = 0
        for record in reader:
            if record:
                starts.append(before + 1)
            before = reader.line_num
        return starts[1:]

    def _read_parquet(self, columns: list[int]) -> Columns:
        try:
            table = pq.ParquetFile(self.path).read(columns=[self.header[place] for place in columns])
        except (pa.ArrowException, OSError) as error:
            raise _no_parquet(self.path, error) from None
        names = [self.header[place] for place in columns]
        for name in names:
            if table.column_names.count(name) > 1:
                raise DualGeoError(f"{self.path} has two columns {name}; rename one.")
            if pa.types.is_nested(table.schema.field(name).type):
                raise DualGeoError(f"{self.path}: column {name} holds lists or structures; wanted is one value a row.")
        return Columns([table.column(name) for name in names], np.arange(table.num_rows), [])

    def _read_csv(self, columns: list[int]) -> Columns:
        wrong: list[tuple[int, int, str]] = []

        def note(row: Any) -> str:
            wrong.append((row.number - 2, row.actual_columns, row.text))
            return "skip"

        names = [f"c{place}" for place in range(len(self.header))]
        wanted = [names[place] for place in columns]
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(self._text.encode()),
                # Rows keep their numbers only on one thread.
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, column_names=names, skip_rows=self._header_lines, block_size=1 << 24
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._separator, newlines_in_values='"' in self._text, invalid_row_handler=note
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowException as error:
            raise DualGeoError(f"{self.path} is not a CSV ({' '.join(str(error).split())[:160]}).") from None
        skipped = [number for number, _, _ in wrong]
        row = np.delete(np.arange(table.num_rows + len(wrong)), skipped)
        refused = [self._wrong_width(*line) for line in wrong if line[2].strip()]
        return Columns([table.column(name) for name in wanted], row, refused)

    def _wrong_width(self, row: int, fields: int, text: str) -> Refused:
        shown = " ".join(text.split())[:_SHOWN]
        count = f"{fields} field{'s' if fields != 1 else ''}"
        return Refused(self.place(row), f"'{shown}' has {count} where the header has {len(self.header)}")


def _table_text(path: Path, content: bytes) -> str:
    if content[:4] == ZIP:
        raise DualGeoError(f"{path} is a spreadsheet or ZIP archive; save the table as CSV UTF-8 or Parquet.")
    text = decoded(path, content)
    if not text.strip():
        raise DualGeoError(f"{path} is empty; its first line must name the columns, for example id,lat,lon.")
    if text.lstrip()[0] in "{[":
        raise DualGeoError(f"{path} holds JSON; wanted is a CSV or Parquet table, one row for each photo.")
    if "\0" in text:
        raise DualGeoError(f"{path} is neither a CSV nor a Parquet file.")
    return text


def _no_parquet(path: Path, error: Exception) -> DualGeoError:
    return DualGeoError(f"{path} is not a readable Parquet file ({' '.join(str(error).split())[:120]}).")
