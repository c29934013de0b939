"""Where things lie below cache/study, beside the photos."""

from pathlib import Path

VIEWS = ("image", "segmentation")


def masks_of(corrupted: Path) -> Path:
    """Where the masks of the corrupted copies lie."""
    return corrupted / "masks"


def features_of(corrupted: Path) -> Path:
    """Where the features of the corrupted copies lie."""
    return corrupted / "features"


def cost_path(corrupted: Path, view: str) -> Path:
    """Where the cost of a frozen view, `image` or `segmentation`, lies."""
    return corrupted / f"cost-{view}.json"
