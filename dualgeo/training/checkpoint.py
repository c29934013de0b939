"""Training state on disk, so that a training that was cut off goes on to the same final weights."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dualgeo.files import written_whole
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import SystemConfig
from dualgeo.params import TrainParams

Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Checkpoint:
    """Everything the next epoch depends on. Random draws need no state: each epoch is seeded by its number."""

    epoch: int
    """Epochs finished."""
    model: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    scaler: dict[str, Any]
    curve: Curve


def training_key(config: SystemConfig, params: TrainParams, photos: CachedPhotos, world: int) -> str:
    """Digest of what a training depends on; a checkpoint with another key is of no use to it."""
    settings = {"config": config.model_dump(mode="json"), "train": params.model_dump(mode="json"), "world": world}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update("\n".join(photos.table["photo_id"]).encode())
    digest.update(photos.latlon.tobytes())
    everything = np.arange(len(photos))
    # One pass over the features costs what one epoch's reading costs, and nothing weaker would notice a changed cache.
    for start in range(0, len(photos), 4096):
        views = photos.views(everything[start : start + 4096])
        for tensor in (views.embedding, views.tokens, views.masks):
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def save_checkpoint(folder: Path, key: str, checkpoint: Checkpoint) -> None:
    """Replace the folder's checkpoint, whole or not at all."""
    with written_whole(folder / "checkpoint.pt") as temporary:
        torch.save({"key": key, **vars(checkpoint)}, temporary)


def load_checkpoint(folder: Path, key: str) -> Checkpoint | None:
    """The folder's checkpoint if it belongs to the training `key`, else None. Read without executing anything."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError):
        return None
    if state.pop("key", None) != key:
        return None
    return Checkpoint(**state)
