"""Contrastive training of one system on the gallery: dual-view image-GPS and segmentation-GPS alignment."""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from dualgeo.errors import DualGeoError
from dualgeo.model.fusion import fuse
from dualgeo.model.losses import distances_km, place_contrast, symmetric_infonce
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem, SystemConfig
from dualgeo.params import TrainParams
from dualgeo.training.batches import epoch_batches, neighbourhoods
from dualgeo.training.checkpoint import Checkpoint, Curve, load_checkpoint, save_checkpoint, training_key
from dualgeo.training.distributed import Ranks
from dualgeo.views.device import autocast, resolve_device

EpochHook = Callable[[int, dict[str, float]], None]


def train(
    config: SystemConfig,
    params: TrainParams,
    photos: CachedPhotos,
    checkpoints: Path,
    ranks: Ranks,
    on_epoch: EpochHook,
) -> tuple[GeoSystem, Curve]:
    """Train a system on `photos` (the gallery) and return it on the CPU with its loss curve.

    Goes on from a checkpoint in `checkpoints` that belongs to the same settings and photos, to the weights that an
    uninterrupted training ends with. `on_epoch` is told each new epoch's number (from 1) and mean losses, on rank 0.
    Raises DualGeoError when the gallery is too small or the loss stops being finite.
    """
    if len(photos) < 2 * ranks.world:
        raise DualGeoError(f"Training needs at least {2 * ranks.world} gallery photos; the dataset has {len(photos)}.")
    trainer = Trainer(config, params, photos, ranks)
    key = training_key(config, params, photos, ranks.world)
    curve: Curve = []
    done = 0
    if (checkpoint := load_checkpoint(checkpoints, key)) is not None:
        trainer.restore(checkpoint)
        curve, done = checkpoint.curve, checkpoint.epoch
        for row in curve if ranks.first else []:
            on_epoch(int(row["epoch"]), row)
    for epoch in range(done + 1, params.epochs + 1):
        row = trainer.run_epoch(epoch)
        curve.append(row)
        if ranks.first:
            on_epoch(epoch, row)
            if epoch % params.checkpoint_every == 0:
                save_checkpoint(checkpoints, key, trainer.checkpoint(epoch, curve))
    return trainer.system.cpu().eval(), curve


class Trainer:
    """The moving parts of a training: system, optimizer, schedule, and the photos they learn from."""

    def __init__(self, config: SystemConfig, params: TrainParams, photos: CachedPhotos, ranks: Ranks) -> None:
        self.params, self.photos, self.ranks, self.seed = params, photos, ranks, config.seed
        self.device = resolve_device(params.device)
        torch.manual_seed(config.seed)
        self.system = GeoSystem(config).to(self.device)
        self.forward: nn.Module = DistributedDataParallel(self.system) if ranks.world > 1 else self.system
        self.optimizer = torch.optim.AdamW(
            self.system.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        self.scheduler = _schedule(self.optimizer, params)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=params.precision == "fp16")
        self.labels = neighbourhoods(photos.latlon, params.positive_km)
        self.weights = {"image": params.image_weight, "segmentation": params.segmentation_weight}

    def run_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the photos; the mean of each loss over its batches."""
        # Dropout draws from torch's global generator: seeding it by epoch makes a resumed run draw the same.
        torch.manual_seed(self.seed * 1_000_003 + epoch)
        self.system.train()
        batches = epoch_batches(self.labels, self.params.batch, self.params.neighbours, self.seed, epoch)
        rate = self.optimizer.param_groups[0]["lr"]
        totals: dict[str, float] = {}
        for rows in batches:
            losses = self._step(torch.from_numpy(rows))
            for name, value in losses.items():
                totals[name] = totals.get(name, 0.0) + value
        self.scheduler.step()
        row = {"epoch": float(epoch), **{name: total / len(batches) for name, total in totals.items()}}
        if not math.isfinite(row["loss"]):
            raise DualGeoError(
                f"The training loss became {row['loss']} in epoch {epoch}; lower train.learning_rate or use fp32."
            )
        scales = self.system.scales().detach().tolist()
        temperatures = {f"{name}_scale": s for name, s in zip(self.system.view_names, scales, strict=True)}
        return {**row, "learning_rate": rate, **temperatures}

    def _step(self, rows: Tensor) -> dict[str, float]:
        share = self.ranks.share(rows).numpy()
        views = self.photos.views(share).to(self.device)
        latlon = torch.from_numpy(self.photos.latlon[share]).to(self.device)
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.params.precision):
            vectors, places = self.forward(views, latlon)
        losses = self._losses([self.ranks.gather(v) for v in vectors], self.ranks.gather(places), latlon)
        self.scaler.scale(losses["loss"]).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, vectors: list[Tensor], places: Tensor, latlon: Tensor) -> dict[str, Tensor]:
        params = self.params
        apart = distances_km(self.ranks.gather(latlon))
        ignored = apart < params.same_place_km if params.same_place_km > 0 else None
        scales = self.system.scales()
        losses: dict[str, Tensor] = {}
        total = places.new_zeros(())
        for name, vector, scale in zip(self.system.view_names, vectors, scales, strict=True):
            losses[f"{name}_loss"] = symmetric_infonce(vector, places, scale, ignored)
            total = total + self.weights[name] * losses[f"{name}_loss"]
        if params.place_weight > 0:
            losses["place_loss"] = place_contrast(fuse(vectors), scales.mean(), apart < params.positive_km)
            total = total + params.place_weight * losses["place_loss"]
        return {"loss": total, **losses}

    def checkpoint(self, epoch: int, curve: Curve) -> Checkpoint:
        """The state after `epoch` epochs."""
        return Checkpoint(
            epoch,
            self.system.state_dict(),
            self.optimizer.state_dict(),
            self.scheduler.state_dict(),
            self.scaler.state_dict(),
            curve,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a saved state."""
        self.system.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.scheduler.load_state_dict(checkpoint.scheduler)
        if checkpoint.scaler:
            self.scaler.load_state_dict(checkpoint.scaler)


def _schedule(optimizer: torch.optim.Optimizer, params: TrainParams) -> torch.optim.lr_scheduler.LRScheduler:
    if params.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(optimizer, params.step_epochs, params.step_gamma)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, params.epochs)


def curve_csv(curve: Curve) -> str:
    """The loss curve as CSV text: one row an epoch, numbers to 6 significant digits."""
    names = list(curve[0]) if curve else ["epoch", "loss"]
    lines = [",".join(names)]
    for row in curve:
        lines.append(",".join(str(int(row[n])) if n == "epoch" else f"{row[n]:.6g}" for n in names))
    return "\n".join(lines) + "\n"
