"""The rows and files that a dataset left out, with one reason each: `quarantine.csv`."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.files import write_text

COLUMNS = ["file", "reason"]


def write_quarantine(folder: Path, rejected: Iterable[tuple[str, str]]) -> None:
    """Write `folder`/quarantine.csv, sorted by file; a header only when nothing was left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *sorted(rejected)])
    # A file name on disk need not be UTF-8; Python holds its odd bytes as lone surrogates.
    plain = text.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")
    write_text(folder / "quarantine.csv", plain)


def read_quarantine(folder: Path) -> list[tuple[str, str]]:
    """(file, reason) of everything left out; empty without the file. DualGeoError for another kind of file."""
    path = folder / "quarantine.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise DualGeoError(f"{path} must have the columns file,reason; make the dataset again.")
    return [(file, reason) for file, reason in rows[1:]]
