"""What Dagster shows about a node's outputs: sizes, rows, figures, a picture, and where to read on."""

import base64
import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.graph import Node
from orchestration.lmm import asking_shown
from orchestration.rows import rows_below, tables_below

FIGURES_SHOWN = 60
LONGEST_TABLE = 20_000
PICTURES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
MLFLOW = "http://127.0.0.1:5000"


def describe(root: Path, node: Node, data_version: str, *, pictured: bool = True) -> dict[str, dg.MetadataValue]:
    """Metadata for the outputs of one node that are there; `pictured`: with the preview, up to 150 kB of it."""
    paths = [root / out for out in node.outs if (root / out).exists()]
    # What people look for comes first: Dagster folds a long list.
    described: dict[str, dg.MetadataValue] = {
        **(_picture(root, node) if pictured else {}),
        **_mlflow_run(root, node, data_version),
        "megabytes": dg.MetadataValue.float(round(sum(map(size_of, paths)) / 1e6, 3)),
        "files": dg.MetadataValue.int(sum(1 for path in paths for _ in files_of(path))),
        **_rows(paths),
        "trace it": dg.MetadataValue.text(f"dualgeo lineage {data_version}"),
    }
    for path in paths:
        # An output that is torn or of another form is said to be so; it must not hide the rest.
        try:
            described |= _contents(root, path)
        except (ValueError, OSError, KeyError, TypeError) as error:
            described[f"unreadable {path.relative_to(root)}"] = dg.MetadataValue.text(str(error))
    return described


def preview_of(root: Path, node: Node) -> Path | None:
    """The picture of a node's outputs, if it was drawn after they were written."""
    drawn = [root / ".dualgeo" / "previews" / f"{node.address}{suffix}" for suffix in PICTURES]
    drawn = [path for path in drawn if path.exists()]
    written = [file.stat().st_mtime for out in node.outs for file in files_of(root / out)]
    return drawn[0] if drawn and drawn[0].stat().st_mtime >= max(written, default=math.inf) else None


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


def _contents(root: Path, path: Path) -> dict[str, dg.MetadataValue]:
    found: dict[str, dg.MetadataValue] = {}
    for page in [path] if path.suffix == ".html" else sorted(path.glob("index.html")):
        # A path, not a link: browsers open no file from a page that came over HTTP.
        found[f"page {page.relative_to(root)}"] = dg.MetadataValue.path(page)
    if path.suffix == ".md" and path.stat().st_size <= LONGEST_TABLE:
        found[path.name] = dg.MetadataValue.md(path.read_text(encoding="utf-8"))
    if path.suffix == ".json":
        found |= {name: dg.MetadataValue.float(value) for name, value in figures(path)}
    found |= asking_shown(root, path)
    if (path / "curve.csv").is_file():
        found |= {f"last {name}": dg.MetadataValue.float(value) for name, value in last_row(path / "curve.csv")}
    return found


def _rows(paths: list[Path]) -> dict[str, dg.MetadataValue]:
    tables = [path for path in paths if tables_below(path)]
    try:
        # Under this name Dagster draws its own curve of row counts.
        return {"dagster/row_count": dg.MetadataValue.int(sum(map(rows_below, tables)))} if tables else {}
    except (ValueError, OSError) as error:
        return {"unreadable table": dg.MetadataValue.text(str(error))}


def _mlflow_run(root: Path, node: Node, data_version: str) -> dict[str, dg.MetadataValue]:
    """The MLflow run that recorded this very result, as the recorder noted it down."""
    try:
        noted = json.loads((root / ".dualgeo" / "mlflow" / f"{node.address}.json").read_text(encoding="utf-8"))
        if noted["data_version"] != data_version:
            return {}
        link = f"{MLFLOW}/#/experiments/{noted['experiment_id']}/runs/{noted['run_id']}"
        return {"MLflow run": dg.MetadataValue.url(link), "MLflow run id": dg.MetadataValue.text(noted["run_id"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _picture(root: Path, node: Node) -> dict[str, dg.MetadataValue]:
    path = preview_of(root, node)
    if path is None:
        return {}
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return {"preview": dg.MetadataValue.md(f"![{node.address}](data:{PICTURES[path.suffix]};base64,{data})")}


def _numbers(prefix: str, value: object) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _numbers(f"{prefix}/{key}" if prefix else str(key), below)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield prefix, float(value)
