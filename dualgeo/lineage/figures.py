"""The figures of one row of the report, with those of each trained system that it summarises."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dualgeo.files import read_json
from dualgeo.lockfile import Lock
from dualgeo.report.style import style_of
from dualgeo.tracking.figures import score_metrics
from dualgeo.workspace import Cell

SHOWN = ("acc_", "median_km", "geoscore", "failed")
INTERVAL = ("_low", "_high")


@dataclass(frozen=True)
class Figure:
    """One figure of a report row."""

    name: str
    """`acc_25` (percent within 25 km), `median_km`, ..."""
    reported: float | None
    """What reports/summary.json says: the mean over seeds; None before the report was made."""
    by_cell: Mapping[str, float]
    """What scores/<cell>/metrics.json says."""


@dataclass(frozen=True)
class ReportRow:
    """A row of reports/table.md: one variant on one query set."""

    query_set: str
    variant: str
    addresses: tuple[str, ...]
    """The scores that it summarises."""
    figures: tuple[Figure, ...]


def read_row(root: Path, lock: Lock, what: str) -> ReportRow | None:
    """The row `QUERY-SET/VARIANT` (the variant as in params or as in the report); None where there is none such."""
    query_set, _, named = what.rpartition("/")
    scores = {
        address: figures
        for address, (cell, figures) in _scores(root, lock).items()
        if named in (cell.variant, style_of(cell.variant).name) and query_set in _query_sets(figures)
    }
    if not scores:
        return None
    variant = Cell.parse(lock.entries[next(iter(scores))].cell).variant
    return ReportRow(query_set, variant, tuple(scores), _figures(root, lock, query_set, variant, scores))


def row_names(root: Path, lock: Lock) -> list[str]:
    """Every row that read_row knows, in the order of dvc.lock."""
    named = [
        f"{query_set}/{cell.variant}"
        for cell, figures in _scores(root, lock).values()
        for query_set in _query_sets(figures)
    ]
    return list(dict.fromkeys(named))


def _scores(root: Path, lock: Lock) -> dict[str, tuple[Cell, dict[str, float]]]:
    """By address each score of dvc.lock whose metrics.json lies here, with its cell and figures."""
    found: dict[str, tuple[Cell, dict[str, float]]] = {}
    for address, entry in lock.entries.items():
        path = root / "scores" / entry.cell / "metrics.json"
        if entry.stage == "score" and entry.cell and path.is_file():
            found[address] = Cell.parse(entry.cell), score_metrics(read_json(path))
    return found


def _query_sets(figures: Mapping[str, float]) -> list[str]:
    return list(dict.fromkeys(query_set for name in figures if (query_set := name.rpartition("/")[0])))


def _figures(
    root: Path, lock: Lock, query_set: str, variant: str, metrics: Mapping[str, Mapping[str, float]]
) -> tuple[Figure, ...]:
    summary = root / "reports" / "summary.json"
    reported = score_metrics(_below(read_json(summary), variant)) if summary.is_file() else {}
    names = dict.fromkeys(name for figures in metrics.values() for name in figures if name.startswith(f"{query_set}/"))
    shown = [name for name in names if name.rpartition("/")[2].startswith(SHOWN) and not name.endswith(INTERVAL)]
    return tuple(
        Figure(
            name.rpartition("/")[2],
            reported.get(name),
            {lock.entries[address].cell: figures[name] for address, figures in metrics.items() if name in figures},
        )
        for name in shown
        if "retrieved" not in name
    )


def _below(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]
