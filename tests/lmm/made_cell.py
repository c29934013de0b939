"""A project in miniature up to the stage `retrieve`: photos in shards, cached views, an untrained system, its index."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image

from dualgeo.datasets.contract import PHOTO_COLUMNS, shard_path, write_photos
from dualgeo.datasets.shards import write_shard
from dualgeo.leakage.exclusions import EXCLUSION_SCHEMA, write_exclusions
from dualgeo.model.system import GeoSystem, save_system
from dualgeo.params import Params
from dualgeo.stages import index, retrieve
from dualgeo.views.cache import write_feature_shard, write_mask_shard
from dualgeo.workspace import Cell, Workspace
from tests.model.made_views import CHANNELS, GRID, SIZE, config_of

PROJECT = Path(__file__).resolve().parents[2]
CELL = Cell("dual", 0)
SPLITS = {"gallery": ("made-gallery", 72), "validation": ("made-validation", 48), "query": ("made", 60)}
CITIES = 12
MISLEADING = 0.4
"""Share of validation and query photos that look like another city than theirs: retrieval places these wrongly."""


def made_params(**lmm: object) -> Params:
    """The committed params with one system of the made dataset and a model that runs in this process."""
    document = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    document["dataset"] = "made"
    document["systems"] = {"variants": ["image", "dual"], "seeds": [0]}
    document["retrieve"]["top_k"] = 8
    document["score"]["resamples"] = 200
    document["lmm"] |= {"provider": "local", "model": "simulated", "strategy": "dualgeo", "cells": []} | lmm
    return Params.model_validate(document)


def made_project(root: Path) -> Workspace:
    """Everything that the stage `refine` reads, for CELL."""
    workspace, params = Workspace(root), made_params()
    photos, look = made_photos()
    folder = workspace.data("made")
    write_photos(folder, photos)
    write_shard(shard_path(folder, "00000"), [(name, {"jpg": _jpeg(name)}) for name in photos["photo_id"]])
    draw = np.random.default_rng(1)
    seen = draw.standard_normal((CITIES, SIZE + CHANNELS)) * 2
    noisy = (seen[look] + draw.standard_normal((len(photos), SIZE + CHANNELS)) * 0.5).astype(np.float16)
    tokens = np.repeat(noisy[:, SIZE:][:, None, None, :], GRID, axis=1).repeat(GRID, axis=2)
    masks = np.broadcast_to(look[:, None, None] * 3, (len(photos), 16, 16)).astype(np.uint8)
    ids = photos["photo_id"].tolist()
    write_mask_shard(workspace.masks / "00000.parquet", ids, masks, "key")
    write_feature_shard(workspace.features / "00000.arrow", ids, noisy[:, :SIZE], tokens, "key")
    torch.manual_seed(0)
    save_system(GeoSystem(config_of("dual")).eval(), workspace.model(CELL), {})
    write_exclusions(workspace.leakage / "near_duplicates.parquet", EXCLUSION_SCHEMA.empty_table().to_pandas())
    index.run(workspace, params, CELL)
    retrieve.run(workspace, params, CELL)
    return workspace


def made_photos() -> tuple[pd.DataFrame, np.ndarray]:
    """The photo table, sorted as it is read, and the city that each photo looks like."""
    draw = np.random.default_rng(0)
    centre = np.stack([draw.uniform(-60, 60, CITIES), draw.uniform(-180, 180, CITIES)], axis=1)
    rows: list[dict[str, object]] = []
    look: list[int] = []
    for split, (name, count) in SPLITS.items():
        for number in range(count):
            city = number % CITIES
            lat, lon = centre[city] + draw.uniform(-0.02, 0.02, 2)
            # Every tenth query is by somebody whose photos are in the gallery as well.
            trip = number if split == "gallery" or (split == "query" and number % 10 == 0) else 1000 + len(rows)
            photo_id = f"{name}-{number:03d}"
            rows.append(
                dict.fromkeys(PHOTO_COLUMNS)
                | {"photo_id": photo_id, "lat": lat, "lon": lon, "split": split, "dataset": name, "shard": "00000"}
                | {"sha256": hashlib.sha256(_jpeg(photo_id)).hexdigest(), "photographer": f"trip-{trip}"}
            )
            astray = split != "gallery" and draw.random() < MISLEADING
            look.append((city + 1 + int(draw.integers(CITIES - 1))) % CITIES if astray else city)
    order = sorted(range(len(rows)), key=lambda row: str(rows[row]["photo_id"]))
    return pd.DataFrame([rows[row] for row in order]), np.array(look)[order]


def _jpeg(name: str) -> bytes:
    values = np.frombuffer(hashlib.sha256(name.encode()).digest() * 6, np.uint8).reshape(8, 8, 3)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG")
    return buffer.getvalue()
