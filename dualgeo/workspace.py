"""Where each stage's files lie below the workspace root: the only place that spells these paths."""

import re
from dataclasses import dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError


@dataclass(frozen=True)
class Cell:
    """One trained system: a variant of the model and the seed it was trained with."""

    variant: str
    seed: int

    @property
    def name(self) -> str:
        """`dual-0`, as folders, DVC matrix cells and Dagster assets spell it."""
        return f"{self.variant}-{self.seed}"

    @staticmethod
    def parse(name: str) -> "Cell":
        """Read `dual-no-attention-2` back into a cell."""
        match = re.fullmatch(r"([a-z][a-z-]*)-(\d+)", name)
        if match is None:
            raise DualGeoError(f"'{name}' is no cell name; write VARIANT-SEED, for example dual-0.")
        return Cell(match.group(1), int(match.group(2)))


@dataclass(frozen=True)
class Workspace:
    """The project folder that a run reads from and writes to."""

    root: Path

    @property
    def params(self) -> Path:
        return self.root / "params.yaml"

    def data(self, dataset: str) -> Path:
        return self.root / "data" / dataset

    @property
    def validation(self) -> Path:
        return self.root / "reports" / "validation"

    @property
    def masks(self) -> Path:
        return self.root / "cache" / "masks"

    @property
    def features(self) -> Path:
        return self.root / "cache" / "features"

    def checkpoints(self, cell: Cell) -> Path:
        """Scratch that outlives a cut-off training; no DVC output, removed when training ends."""
        return self.root / ".dualgeo" / "checkpoints" / cell.name

    def model(self, cell: Cell) -> Path:
        return self.root / "models" / cell.name

    def index(self, cell: Cell) -> Path:
        return self.root / "index" / cell.name

    def candidates(self, cell: Cell) -> Path:
        return self.root / "candidates" / f"{cell.name}.parquet"

    def filtered_candidates(self, cell: Cell) -> Path:
        """Candidates of the queries for which gallery rows are left out."""
        return self.root / "candidates" / f"{cell.name}-filtered.parquet"

    def refined(self, cell: Cell) -> Path:
        return self.root / "refined" / cell.name

    @property
    def answers(self) -> Path:
        """The store of a large multimodal model's answers: appended to, never rewritten; no DVC output."""
        return self.root / "answers"

    @property
    def exported_answers(self) -> list[Path]:
        """What each system used of its project's store, as it travels with the results."""
        return sorted((self.root / "refined").glob("*/answers.jsonl"))

    def scores(self, cell: Cell) -> Path:
        return self.root / "scores" / cell.name

    @property
    def leakage(self) -> Path:
        return self.root / "reports" / "leakage"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def corrupted(self) -> Path:
        """Corrupted copies of query photos, laid out as a dataset, with their views."""
        return self.root / "cache" / "study"

    def robustness(self, cell: Cell) -> Path:
        return self.root / "study" / "robustness" / cell.name

    def ablation(self, cell: Cell) -> Path:
        return self.root / "study" / "ablation" / cell.name

    @property
    def study(self) -> Path:
        return self.reports / "study"

    def require(self, path: Path, stage: str) -> Path:
        """Return `path`, or raise DualGeoError naming the stage that makes it."""
        if not path.exists():
            raise DualGeoError(f"{path.relative_to(self.root)} does not exist; run `dvc repro {stage}` first.")
        return path
