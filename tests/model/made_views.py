"""Made-up frozen views, so that model tests need neither photos nor encoders."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dualgeo.datasets.contract import PHOTO_COLUMNS
from dualgeo.model.fusion import PhotoViews
from dualgeo.model.photos import CachedPhotos, open_cached_photos
from dualgeo.model.system import SystemConfig
from dualgeo.params import ModelParams, Variant, load_params
from dualgeo.views.cache import write_feature_shard, write_mask_shard

PARAMS = load_params(Path(__file__).resolve().parents[2] / "conf" / "profile" / "demo.yaml")
SIZE, CHANNELS, GRID = 24, 16, 4


def config_of(variant: Variant, model: ModelParams | None = None, seed: int = 0) -> SystemConfig:
    """A small system of `variant` that fits the made-up views."""
    small = (model or PARAMS.model).model_copy(update={"width": 32, "heads": 4, "embedding": 24})
    return SystemConfig(
        variant=variant,
        seed=seed,
        image_size=SIZE,
        token_size=CHANNELS,
        grid=GRID,
        model=model or small,
        views=PARAMS.views,
    )


def made_views(count: int, seed: int = 0) -> PhotoViews:
    """Random views of `count` photos."""
    random = np.random.default_rng(seed)
    return PhotoViews(
        torch.from_numpy(random.standard_normal((count, SIZE), np.float32)),
        torch.from_numpy(random.standard_normal((count, GRID * GRID, CHANNELS), np.float32)),
        torch.from_numpy(random.integers(0, 150, (count, 17, 19), np.uint8)),
    )


def made_photos(folder: Path, count: int = 96, cities: int = 8, seed: int = 0) -> CachedPhotos:
    """A cached dataset whose views tell the city apart, written to `folder` and opened as a stage would."""
    random = np.random.default_rng(seed)
    city = np.arange(count) % cities
    centre = np.stack((random.uniform(-60, 60, cities), random.uniform(-180, 180, cities)), axis=1)
    look = random.standard_normal((cities, SIZE + CHANNELS)) * 2
    noisy = look[city] + random.standard_normal((count, SIZE + CHANNELS)) * 0.5
    embedding, token = noisy[:, :SIZE].astype(np.float16), noisy[:, SIZE:].astype(np.float16)
    tokens = np.repeat(token[:, None, None, :], GRID, axis=1).repeat(GRID, axis=2)
    masks = np.broadcast_to(city[:, None, None] * 3, (count, 16, 16)).astype(np.uint8)
    ids = [f"photo-{number:04d}" for number in range(count)]
    table = pd.DataFrame(dict.fromkeys(PHOTO_COLUMNS, None), index=range(count))
    latlon = centre[city] + random.uniform(-0.02, 0.02, (count, 2))
    split = np.where(np.arange(count) % 6 == 5, "query", "gallery")
    table = table.assign(
        photo_id=ids, lat=latlon[:, 0], lon=latlon[:, 1], split=split, dataset="made", shard="00000", sha256=ids
    )
    write_mask_shard(folder / "masks" / "00000.parquet", ids, masks, "key")
    write_feature_shard(folder / "features" / "00000.arrow", ids, embedding, tokens, "key")
    return open_cached_photos(table, folder / "masks", folder / "features")
