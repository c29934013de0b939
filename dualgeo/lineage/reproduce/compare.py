"""Recorded figures against those of a worktree, bit for bit."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dualgeo.files import read_json
from dualgeo.lineage.digests import Digests
from dualgeo.lineage.records import Records, RunRecord
from dualgeo.lockfile import Entry, outs_version
from dualgeo.tracking.figures import score_metrics, validation_metrics

DATA_VERSION = "data version"
CURVE_DIGITS = 6
"""Significant digits that curve.csv keeps of what a training logged."""


@dataclass(frozen=True)
class Pair:
    """One figure, recorded and now; None where one side does not have it."""

    name: str
    recorded: float | str | None
    now: float | str | None

    @property
    def equal(self) -> bool:
        """Bit for bit."""
        return self.recorded == self.now

    @property
    def difference(self) -> float | None:
        """Now minus recorded, where both are numbers."""
        if isinstance(self.recorded, float) and isinstance(self.now, float):
            return self.now - self.recorded
        return None


def compare(records: Records, run: RunRecord, root: Path, entry: Entry) -> list[Pair]:
    """Every figure of `run` beside that of the project folder `root`, and the data versions of `entry`'s outputs."""
    figures = _curve(records, run, root) if run.stage == "train" else _score(records, run, root)
    digests = Digests(root)
    found = {path: digests.md5(path) or "missing" for path in entry.outs}
    recorded = run.data_version or entry.data_version
    return [*figures, Pair(DATA_VERSION, recorded, outs_version(found))]


def _score(records: Records, run: RunRecord, root: Path) -> list[Pair]:
    folder = root / "scores" / run.cell
    now = score_metrics(read_json(folder / "metrics.json"))
    if (folder / "validation.json").exists():
        now |= validation_metrics(read_json(folder / "validation.json"))
    recorded = {name: value for name, value in records.metrics(run).items() if not name.startswith("system/")}
    if not any(name.startswith("validation/") for name in recorded):
        now = {name: value for name, value in now.items() if not name.startswith("validation/")}
    return [Pair(name, recorded.get(name), now.get(name)) for name in sorted({*recorded, *now})]


def _curve(records: Records, run: RunRecord, root: Path) -> list[Pair]:
    """Against the curve.csv that the run kept, else against the epochs that it logged, to the digits of curve.csv."""
    path = root / "models" / run.cell / "curve.csv"
    now = _read(path.read_text(encoding="utf-8").splitlines()) if path.exists() else {}
    kept = records.file(run, "curve.csv")
    if kept is not None:
        recorded = _read(kept.decode(errors="replace").splitlines())
    else:
        recorded = {
            (epoch, name): float(f"{value:.{CURVE_DIGITS}g}")
            for name in dict.fromkeys(name for _, name in now)
            for epoch, value in records.epochs(run, name).items()
        }
    return [
        Pair(f"epoch {epoch} {name}", recorded.get((epoch, name)), now.get((epoch, name)))
        for epoch, name in sorted({*recorded, *now})
    ]


def _read(lines: Iterable[str]) -> dict[tuple[int, str], float]:
    """(epoch, column) -> value of a curve.csv."""
    return {
        (int(row["epoch"]), name): float(value)
        for row in csv.DictReader(lines)
        for name, value in row.items()
        if name != "epoch"
    }
