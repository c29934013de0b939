"""Rows of the tables below an output, read from their footers only."""

from pathlib import Path

TABLES = (".parquet", ".arrow")


def tables_below(path: Path) -> list[Path]:
    """Parquet and Arrow files at or below `path`, sorted."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in files if file.suffix in TABLES and not file.name.startswith(".")]


def rows_below(path: Path) -> int:
    """Rows of all tables at or below `path`; ValueError names a file that is none."""
    return sum(map(rows_of, tables_below(path)))


def rows_of(table: Path) -> int:
    """Rows of one Parquet or Arrow file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if table.suffix == ".parquet":
            return pq.read_metadata(table).num_rows
        with pa.memory_map(str(table)) as source:
            return pa.ipc.open_file(source).read_all().num_rows
    except pa.ArrowException as error:
        raise ValueError(f"{table.name} is no {table.suffix[1:]} file") from error
