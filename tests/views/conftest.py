"""Datasets of a few photos, and params that name tiny models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dualgeo.datasets.contract import PHOTO_COLUMNS, write_photos
from dualgeo.datasets.shards import ShardWriter
from dualgeo.params import ImageViewParams, SegmentationViewParams, ViewsParams
from tests.views.tiny import jpeg, png, save, scene, tiny_clip, tiny_segformer


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tiny_clip(), tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def segformer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tiny_segformer(), tmp_path_factory.mktemp("segformer"))


@pytest.fixture
def views(clip_folder: Path, segformer_folder: Path) -> ViewsParams:
    return ViewsParams(
        device="cpu",
        image=ImageViewParams(model=str(clip_folder), grid=4, batch=4),
        segmentation=SegmentationViewParams(model=str(segformer_folder), batch=4),
    )


@pytest.fixture
def images() -> list[Image.Image]:
    """64 photos of several sizes and shapes."""
    rng = np.random.default_rng(5)
    return [scene(rng, *size) for _ in range(16) for size in ((40, 32), (33, 60), (96, 96), (17, 19))]


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """`make(photos, per_shard, masks)` gives a dataset folder: every fourth photo is a query taken at night."""

    def make(photos: int = 20, per_shard: int = 8, masks: bool = True) -> Path:
        folder = tmp_path / "data"
        rng = np.random.default_rng(3)
        rows: list[dict[str, object]] = []
        with ShardWriter(folder / "shards", per_shard) as writer:
            for number in range(photos):
                members = {"jpg": jpeg(scene(rng))}
                if masks:
                    members["mask.png"] = png(rng.integers(0, 150, (32, 40), dtype=np.uint8))
                photo_id = f"p{number:03d}"
                row: dict[str, object] = dict.fromkeys(PHOTO_COLUMNS)
                row |= {"photo_id": photo_id, "lat": 1.0, "lon": 2.0, "sha256": "0" * 64}
                row |= {"shard": writer.add(photo_id, members)}
                if number % 4:
                    row |= {"split": "gallery", "dataset": "toy-gallery", "condition": "daylight"}
                else:
                    row |= {"split": "query", "dataset": "toy-night", "condition": "night"}
                rows.append(row)
        write_photos(folder, pd.DataFrame(rows).astype({"accuracy_m": "float64"}))
        return folder

    return make
