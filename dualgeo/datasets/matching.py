"""Which file a row of a table means: exact where paths are given, never a guess between two."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from dualgeo.datasets.table import Row, Table

Rejected = tuple[str, str]
"""A file (or what a row calls it) and the reason why it is left out."""


def match_rows(table: Table, files: Sequence[str]) -> tuple[dict[str, Row], list[Rejected]]:
    """Give each file (posix path below the folder) its row.

    Returns the rows by file, and what is left out: rows without a file, rows that contradict or repeat each other,
    files without a row.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file)
        for name in {path.name, path.stem}:
            by_name[name].append(file)
    claims: dict[str, list[Row]] = defaultdict(list)
    rejected: list[Rejected] = []
    for row in table.rows:
        found = _files_meant(row.image, by_name) if row.image else []
        if len(found) == 1:
            claims[found[0]].append(row)
        elif row.problem is not None:
            rejected.append((row.image or f"row {row.number}", row.problem))
        elif found:
            rejected.append((row.image, f"row {row.number}: {len(found)} files have this name; write the path"))
        else:
            rejected.append((row.image, f"row {row.number}: there is no such file"))
    matched: dict[str, Row] = {}
    for file in files:
        row, reasons = _settled(claims[file], table)
        rejected.extend((file, reason) for reason in reasons)
        if row is not None:
            matched[file] = row
    return matched, rejected


def _settled(rows: list[Row], table: Table) -> tuple[Row | None, list[str]]:
    """The row to believe among those that name one file, and the reasons against the others."""
    if not rows:
        return None, [f"no row in {table.path.name} names it"]
    sound = [row for row in rows if row.problem is None]
    reasons = [row.problem for row in rows if row.problem is not None]
    if len({(row.lat, row.lon) for row in sound}) > 1:
        numbers = ", ".join(str(row.number) for row in sound)
        return None, [*reasons, f"rows {numbers} give different coordinates for it"]
    reasons += [f"row {row.number} repeats row {sound[0].number}" for row in sound[1:]]
    return (sound[0] if sound else None), reasons


def _files_meant(name: str, by_name: dict[str, list[str]]) -> list[str]:
    """All files that `name` can mean, best kind of match only: the same path, else one path ending in the other."""
    wanted = PurePosixPath(name.replace("\\", "/"))
    candidates = by_name.get(wanted.name, [])
    exact = [file for file in candidates if PurePosixPath(file) == wanted]
    if exact:
        return exact
    parts = tuple(part for part in wanted.parts if part not in ("/", ".", ".."))
    return [
        file
        for file in candidates
        if any(
            one_ends_the_other(path.parts, parts) for path in (PurePosixPath(file), PurePosixPath(file).with_suffix(""))
        )
    ]


def one_ends_the_other(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Whether the shorter of two paths, as their parts, is how the longer one ends."""
    shorter = min(len(first), len(second))
    return first[-shorter:] == second[-shorter:]
