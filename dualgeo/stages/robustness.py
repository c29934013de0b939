"""Stage `robustness`: the answers of a trained system to corrupted queries."""

import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole
from dualgeo.model.photos import open_cached_photos
from dualgeo.model.system import load_system
from dualgeo.params import Params
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.study.corruption.counting import system_cost
from dualgeo.study.corruption.layout import features_of, masks_of
from dualgeo.study.trials.parquet import ROBUSTNESS_SCHEMA, write_table
from dualgeo.study.trials.robustness import answer_corrupted
from dualgeo.views.device import resolve_device
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write study/robustness/<cell>/: queries.parquet, and cost.json of the trained part."""
    corrupted = workspace.require(workspace.corrupted, "corrupt")
    copies = open_cached_photos(read_photos(corrupted), masks_of(corrupted), features_of(corrupted))
    clean = workspace.require(workspace.refined(cell) / "predictions.parquet", f"refine@{cell.name}")
    system = load_system(workspace.model(cell), resolve_device(params.views.device))
    index = GalleryIndex.load(workspace.index(cell))
    table = answer_corrupted(system, index, copies, pd.read_parquet(clean), params, f"robustness {cell.name}")
    with folder_written_whole(workspace.robustness(cell)) as folder:
        write_table(folder / "queries.parquet", table, ROBUSTNESS_SCHEMA)
        system_cost(system, copies, index.index.d).save(folder / "cost.json")
