"""Tiny trained systems of random weights, with everything that a trained one has, and photos they know."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image

from dualgeo.model.encode import encode, parts_of
from dualgeo.model.fusion import PhotoViews
from dualgeo.model.system import GeoSystem, SystemConfig, save_system
from dualgeo.params import load_params
from dualgeo.refinement.radius import Calibration
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.segmenter import load_segmenter
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import PARAMS, write_lock, write_score
from tests.views.tiny import jpeg, save, scene, tiny_clip, tiny_segformer

CELLS = [Cell("image", 0), Cell("dual", 0)]
LATLON = [(-33.87, 151.21), (64.15, -21.94), (35.68, 139.69), (-1.29, 36.82), (40.71, -74.01), (48.86, 2.35)]


@dataclass(frozen=True)
class Made:
    """A workspace whose systems have seen `photos`, the JPEG files of `LATLON`."""

    workspace: Workspace
    photos: list[bytes]


def make(root: Path) -> Made:
    """Two systems, of which dual-0 did better on validation photos and image-0 on query photos."""
    encoders = root.parent / "encoders"
    save(tiny_clip(), encoders / "clip")
    save(tiny_segformer(), encoders / "segformer")
    document = yaml.safe_load(PARAMS.read_text())
    document["systems"] = {"variants": ["image", "dual"], "seeds": [0]}
    document["views"]["image"]["model"] = str(encoders / "clip")
    document["views"]["segmentation"]["model"] = str(encoders / "segformer")
    document["model"] |= {"width": 16, "embedding": 16}
    root.mkdir(parents=True)
    (root / "params.yaml").write_text(yaml.safe_dump(document))
    workspace = Workspace(root)
    random = np.random.default_rng(4)
    photos = [jpeg(scene(random, 64, 64)) for _ in LATLON]
    for cell in CELLS:
        make_system(workspace, cell, photos)
    write_score(workspace, CELLS[0], within_25=50.0)
    write_score(workspace, CELLS[1], within_25=60.0)
    _swap_query_figures(workspace)
    write_lock(workspace, CELLS, document)
    return Made(workspace, photos)


def make_system(workspace: Workspace, cell: Cell, photos: list[bytes], seed: int = 0) -> None:
    """Write models/, index/ and refined/ of `cell`."""
    params = load_params(workspace.params)
    views = params.views
    images = load_image_encoder(views.image.model, None, "cpu", "fp32", views.image.grid)
    segmenter = load_segmenter(views.segmentation.model, None, "cpu", "fp32")
    opened = [_opened(photo, workspace.root.parent) for photo in photos]
    features = images.encode(opened)
    torch.manual_seed(seed)
    config: dict[str, Any] = {
        "variant": cell.variant,
        "seed": cell.seed,
        "image_size": features.embedding.shape[1],
        "token_size": features.tokens.shape[-1],
        "grid": views.image.grid,
        "model": params.model,
        "views": views,
    }
    system = GeoSystem(SystemConfig.model_validate(config)).eval()
    save_system(system, workspace.model(cell), {"curve.csv": "epoch,loss\n1,3.5\n"})
    seen = PhotoViews(
        torch.from_numpy(features.embedding.astype(np.float16)),
        torch.from_numpy(features.tokens.astype(np.float16)).flatten(1, 2),
        torch.from_numpy(segmenter.segment(opened)),
    )
    parts = parts_of(system, params.index)
    lat, lon = zip(*LATLON, strict=True)
    ids = [f"place-{number}" for number in range(len(photos))]
    gallery = pd.DataFrame({"photo_id": ids, "lat": lat, "lon": lon, "photographer": None, "dataset": "made"})
    GalleryIndex.build(encode(system, seen, parts), gallery, parts, params.index).save(workspace.index(cell))
    workspace.refined(cell).mkdir(parents=True, exist_ok=True)
    calibration = Calibration.fit(np.linspace(1, 90, 90), np.ones(90), params.refine.radius_coverage)
    calibration.save(workspace.refined(cell) / "calibration.json")


def _opened(photo: bytes, scratch: Path) -> Image.Image:
    from dualgeo.datasets.images import load_photo

    path = scratch / "photo.jpg"
    path.write_bytes(photo)
    return load_photo(path)


def _swap_query_figures(workspace: Workspace) -> None:
    """Let the two systems swap their metrics.json, not their validation.json."""
    paths = [workspace.scores(cell) / "metrics.json" for cell in CELLS]
    figures = [json.loads(path.read_text()) for path in paths]
    for path, other in zip(paths, reversed(figures), strict=True):
        path.write_text(json.dumps(other))
