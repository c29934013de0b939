"""One trained system: photo encoder, location encoder and temperatures, saved as safetensors with its config."""

import math
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from dualgeo.errors import DualGeoError
from dualgeo.files import folder_written_whole, read_json, write_json
from dualgeo.model.fusion import PhotoEncoder, PhotoViews
from dualgeo.model.location import LocationEncoder
from dualgeo.model.photos import CachedPhotos
from dualgeo.params import ModelParams, Params, Section, Variant, ViewsParams

TEMPERATURE_START = 3.99
"""Logarithm of the logit scale that training starts with, as published."""
TEMPERATURE_LIMIT = math.log(100.0)
"""CLIP's clamp: above it the loss gets unstable."""


class SystemConfig(Section):
    """What it takes to build a system again before its weights are loaded."""

    variant: Variant
    seed: int
    image_size: int
    """Dimensions D of the frozen image embedding."""
    token_size: int
    """Dimensions C of a frozen patch token."""
    grid: int
    """Patch tokens form a grid x grid raster."""
    model: ModelParams
    views: ViewsParams
    """The frozen encoders it was trained behind; a new photo must pass through the same ones."""

    @staticmethod
    def of(variant: str, seed: int, photos: CachedPhotos, params: Params) -> "SystemConfig":
        """The system that params describe, of the sizes that the cached features have."""
        features = photos.features
        return SystemConfig.model_validate(
            {
                "variant": variant,
                "seed": seed,
                "image_size": features.embedding.shape[1],
                "token_size": features.tokens.shape[2],
                "grid": round(features.tokens.shape[1] ** 0.5),
                "model": params.model,
                "views": params.views,
            }
        )


class GeoSystem(nn.Module):
    """Photo views and coordinates in one space."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__()
        self.config = config
        self.photo = PhotoEncoder(config.variant, config.image_size, config.token_size, config.grid, config.model)
        self.location = LocationEncoder(config.model.location, config.model.embedding)
        self.log_scales = nn.Parameter(torch.full((len(self.photo.heads),), TEMPERATURE_START))

    @property
    def view_names(self) -> list[str]:
        """The views in the order in which `photo` returns them."""
        return [
            name
            for name, view in (("image", self.photo.image), ("segmentation", self.photo.segmentation))
            if view is not None
        ]

    def scales(self) -> Tensor:
        """Logit scale of each view (views,), clamped."""
        return self.log_scales.clamp(0, TEMPERATURE_LIMIT).exp()

    def forward(self, views: PhotoViews, latlon: Tensor) -> tuple[list[Tensor], Tensor]:
        """Unit vectors of each view, each (B, E), and of the coordinates (B, E); `latlon` (B, 2) in degrees."""
        return self.photo(views), nn.functional.normalize(self.location(latlon).float(), dim=-1)


def save_system(system: GeoSystem, folder: Path, extra: dict[str, str]) -> None:
    """Write model.safetensors and config.json to `folder`, and each of `extra` (name -> text), whole or not at all."""
    with folder_written_whole(folder) as temporary:
        weights = {name: value.detach().cpu().contiguous() for name, value in system.state_dict().items()}
        # Written by us: safetensors' own writer makes files that only their owner can read.
        (temporary / "model.safetensors").write_bytes(save(weights))
        write_json(temporary / "config.json", system.config.model_dump(mode="json"))
        for name, text in extra.items():
            (temporary / name).write_text(text, encoding="utf-8")


def load_system(folder: Path, device: torch.device) -> GeoSystem:
    """Read a system that `save_system` wrote, in evaluation mode; DualGeoError when it is missing or damaged."""
    try:
        config = SystemConfig.model_validate(read_json(folder / "config.json"))
        # Weights that are about to be overwritten need not be fetched from another package.
        location = config.model.location.model_copy(update={"pretrained": "none"})
        model = config.model.model_copy(update={"location": location})
        system = GeoSystem(config.model_copy(update={"model": model}))
        system.load_state_dict(load_file(folder / "model.safetensors"))
    except (FileNotFoundError, SafetensorError, ValidationError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise DualGeoError(f"{folder} holds no usable model ({reason}); run `dvc repro train` again.") from None
    return system.to(device).eval()
