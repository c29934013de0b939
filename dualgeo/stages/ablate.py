"""Stage `ablate`: one variant with everything else that makes an answer varied, one thing at a time.

What a large multimodal model would change is shown with simulated ones: none is asked, nothing leaves the machine.
"""

import shutil

import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole
from dualgeo.model.encode import parts_of
from dualgeo.model.photos import CachedPhotos, open_cached_photos
from dualgeo.model.system import GeoSystem, SystemConfig, load_system
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.study.trials.ablation import ablate, ablation_rows
from dualgeo.study.trials.lead import lead_of
from dualgeo.study.trials.parquet import ABLATION_SCHEMA, write_table
from dualgeo.study.trials.simulated import SIMULATED, simulate
from dualgeo.study.trials.variations import configured, variations_of
from dualgeo.training.distributed import Ranks
from dualgeo.training.loop import train
from dualgeo.views.device import resolve_device
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Write study/ablation/<cell>/queries.parquet.

    A system that `train` made is read from models/<cell>; one that only the ablation asks for is trained here, as
    `train` would, and not kept. Everything is varied for the lead variant; of the others the table needs one line.
    """
    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    gallery, asked = photos.part(["gallery"]), photos.part(["validation", "query"])
    trained = cell.variant in params.systems.variants and cell.seed in params.systems.seeds
    if trained:
        model = workspace.require(workspace.model(cell), f"train@{cell.name}")
        system = load_system(model, resolve_device(params.views.device))
    else:
        system = _train(workspace, params, cell, gallery).to(resolve_device(params.views.device))
    parts = tuple(parts_of(system, params.index))
    lead = cell.variant == lead_of(params.systems.variants)
    variations = variations_of(params, parts) if lead else [configured(params, parts)]
    ablated = ablate(system, gallery, asked, variations, params.index)
    table = ablated.table
    if lead:
        errors = simulate(system, gallery, asked, ablated.candidates, params, cell.seed)
        table = pd.concat(
            [table, *(ablation_rows(SIMULATED, name, asked.table, km) for name, km in errors.items())],
            ignore_index=True,
        )
    with folder_written_whole(workspace.ablation(cell)) as folder:
        write_table(folder / "queries.parquet", table, ABLATION_SCHEMA)


def _train(workspace: Workspace, params: Params, cell: Cell, gallery: CachedPhotos) -> GeoSystem:
    config = SystemConfig.of(cell.variant, cell.seed, gallery, params)

    def on_epoch(epoch: int, losses: dict[str, float]) -> None:
        say(f"{cell.name}: epoch {epoch}/{params.train.epochs}, loss {losses['loss']:.4f}")

    system, _ = train(config, params.train, gallery, workspace.checkpoints(cell), Ranks(0, 1), on_epoch)
    shutil.rmtree(workspace.checkpoints(cell), ignore_errors=True)
    return system.eval()
