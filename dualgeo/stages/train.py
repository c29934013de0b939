"""Stage `train`: align one system's photo views with GPS on the gallery."""

import shutil

from dualgeo.datasets.contract import read_photos
from dualgeo.model.photos import open_cached_photos
from dualgeo.model.system import SystemConfig, save_system
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.tracking.runs import open_training_run
from dualgeo.training.distributed import process_group
from dualgeo.training.loop import curve_csv, train
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Train `cell` and write models/<cell>; a training that was cut off goes on from its last checkpoint."""
    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    gallery = photos.part(["gallery"])
    config = SystemConfig.of(cell.variant, cell.seed, gallery, params)
    checkpoints = workspace.checkpoints(cell)
    with process_group() as ranks:
        if not ranks.first:
            train(config, params.train, gallery, checkpoints, ranks, _silent)
            return
        with open_training_run(workspace, params, cell) as tracked:

            def on_epoch(epoch: int, losses: dict[str, float]) -> None:
                say(f"{cell.name}: epoch {epoch}/{params.train.epochs}, loss {losses['loss']:.4f}")
                tracked.log_epoch(epoch, losses)

            system, curve = train(config, params.train, gallery, checkpoints, ranks, on_epoch)
            save_system(system, workspace.model(cell), {"curve.csv": curve_csv(curve)})
    shutil.rmtree(checkpoints, ignore_errors=True)


def _silent(epoch: int, losses: dict[str, float]) -> None:
    """Only the first rank speaks."""
