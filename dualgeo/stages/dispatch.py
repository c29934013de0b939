"""Run a stage by its name in dvc.yaml."""

import importlib

from dualgeo.errors import DualGeoError
from dualgeo.params import load_params
from dualgeo.workspace import Cell, Workspace

STAGES = ("validate", "segment", "embed", "leakage", "report", "corrupt", "study")
CELL_STAGES = ("train", "index", "retrieve", "refine", "score", "robustness", "ablate")


def run_stage(workspace: Workspace, stage: str, cell: str) -> None:
    """Load params.yaml and run `stage`, for one `cell` where the stage has cells.

    Raises DualGeoError for a stage or cell that does not exist.
    """
    if stage not in STAGES + CELL_STAGES:
        raise DualGeoError(f"There is no stage '{stage}'; choose one of {', '.join(STAGES + CELL_STAGES)}.")
    if (stage in CELL_STAGES) != bool(cell):
        raise DualGeoError(
            f"Stage {stage} needs a cell such as dual-0." if not cell else f"Stage {stage} has no cells; drop '{cell}'."
        )
    params = load_params(workspace.params)
    if not cell:
        importlib.import_module(f"dualgeo.stages.{stage}").run(workspace, params)
        return
    chosen = Cell.parse(cell)
    section = "study.ablations" if stage == "ablate" else "systems.variants"
    variants = params.study.ablations if stage == "ablate" else params.systems.variants
    if chosen.variant not in variants or chosen.seed not in params.systems.seeds:
        raise DualGeoError(
            f"params.yaml has no system {cell}; add its variant to `{section}` and its seed to `systems.seeds`."
        )
    importlib.import_module(f"dualgeo.stages.{stage}").run(workspace, params, chosen)
