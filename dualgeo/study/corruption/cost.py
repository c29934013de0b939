"""What a view costs, counted and not timed, so that every machine finds the same."""

from dataclasses import asdict, dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json, write_json


@dataclass(frozen=True)
class Cost:
    """What one photo costs in one model."""

    parameters: int
    flops: int
    """Floating-point operations of matrix products and convolutions (a multiply-add counts as two)."""
    dimensions: int
    """Numbers that it adds to the index for each gallery photo; 0 for a frozen view."""

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        write_json(path, asdict(self))

    @staticmethod
    def load(path: Path) -> "Cost":
        """Read what `save` wrote; DualGeoError names a file that does not hold it."""
        found = read_json(path)
        try:
            return Cost(*(int(str(found[name])) for name in ("parameters", "flops", "dimensions")))
        except (KeyError, ValueError):
            raise DualGeoError(f"{path} is incomplete; run the stage that writes it again (`dvc repro`).") from None
