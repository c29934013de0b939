"""How the trained systems did on validation photos: what the best one is chosen by."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.params import Params
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class Standing:
    """How a system did on validation photos."""

    cell: Cell
    within_km: str
    accuracy: float
    """Percent of validation photos within `within_km`."""


def best_cell(workspace: Workspace, params: Params) -> Cell:
    """The scored system that is most often within 25 km on validation photos, ties to the first in params.

    Query sets play no part, so that their scores stay honest. Raises DualGeoError when nothing has been scored.
    """
    ranked = ranked_cells(workspace, params)
    if not ranked:
        raise DualGeoError("No system has been trained and scored here yet; run `make demo` or `dvc repro` first.")
    return ranked[0].cell


def ranked_cells(workspace: Workspace, params: Params) -> list[Standing]:
    """Every scored system that was scored on validation photos, best first, ties in the order of params."""
    standings: list[Standing] = []
    for variant in params.systems.variants:
        for seed in params.systems.seeds:
            cell = Cell(variant, seed)
            metrics = workspace.scores(cell) / "validation.json"
            standing = _standing(cell, metrics) if metrics.exists() else None
            standings += [standing] if standing else []
    return sorted(standings, key=lambda standing: -standing.accuracy)


def _standing(cell: Cell, metrics: Path) -> Standing | None:
    for values in read_json(metrics).values():
        accuracy = cast(dict[str, dict[str, dict[str, float]]], values)["acc"]
        # Params may score at other distances; any of them ranks systems.
        within = "25" if "25" in accuracy else next(iter(accuracy))
        return Standing(cell, within, accuracy[within]["value"])
    return None
