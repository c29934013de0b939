"""What Dagster shows about a node's outputs: sizes, figures of JSON files, where the page is."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

FIGURES_SHOWN = 60


def describe_outputs(root: Path, outs: tuple[str, ...]) -> dict[str, dg.MetadataValue]:
    """Metadata for the outputs of one node that are there."""
    paths = [root / out for out in outs if (root / out).exists()]
    described: dict[str, dg.MetadataValue] = {
        "megabytes": dg.MetadataValue.float(round(sum(map(size_of, paths)) / 1e6, 3)),
        "files": dg.MetadataValue.int(sum(1 for path in paths for _ in files_of(path))),
    }
    for path in paths:
        for page in [path] if path.suffix == ".html" else sorted(path.glob("index.html")):
            described[f"open {page.relative_to(root)}"] = dg.MetadataValue.url(page.as_uri())
        if path.suffix == ".json":
            described |= {name: dg.MetadataValue.float(value) for name, value in figures(path)}
        if (path / "curve.csv").is_file():
            described |= {f"last {name}": dg.MetadataValue.float(value) for name, value in last_row(path / "curve.csv")}
    return described


def files_of(path: Path) -> Iterator[Path]:
    """The files at or below `path`."""
    yield from [path] if path.is_file() else (file for file in path.rglob("*") if file.is_file())


def size_of(path: Path) -> int:
    """Bytes at or below `path`."""
    return sum(file.stat().st_size for file in files_of(path))


def figures(path: Path) -> list[tuple[str, float]]:
    """The first numbers of a JSON file, with their keys joined by `/`."""
    return list(_numbers("", json.loads(path.read_text(encoding="utf-8"))))[:FIGURES_SHOWN]


def last_row(path: Path) -> list[tuple[str, float]]:
    """The last row of a CSV of numbers by column."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return [(name, float(value)) for name, value in rows[-1].items()] if rows else []


def _numbers(prefix: str, value: object) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _numbers(f"{prefix}/{key}" if prefix else str(key), below)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield prefix, float(value)
