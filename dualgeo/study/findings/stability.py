"""How much of each frozen view survives a corruption, measured against the view of the clean photo."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.geo.sphere import Floats
from dualgeo.study.corruption.layout import features_of, masks_of
from dualgeo.views.cache import Masks, ids_by_shard, read_feature_shard, read_mask_shard

CHANCE = "different photos"
SHIFT = 7
"""Photos are paired with the one this many rows on to see how alike different photos are."""


@dataclass(frozen=True)
class Stability:
    """Means over the photos of one condition."""

    masks: float
    """Share of mask cells (0 to 1) whose class is that of the clean photo's mask."""
    embedding: float
    """Cosine of the image embeddings of the corrupted and the clean photo."""


@dataclass(frozen=True)
class Views:
    """Both views of some photos, by photo id."""

    masks: Mapping[str, Masks]
    embedding: Mapping[str, Floats]


def stability_of(dataset: Path, masks: Path, features: Path, corrupted: Path) -> dict[str, Stability]:
    """Stability by condition name; CHANCE says what two clean photos of the study share by chance."""
    copies = read_photos(corrupted)
    photos = read_photos(dataset)
    asked = set(copies["photo_id"])
    # Whole shards are read, so only those that hold queries.
    shards = photos.loc[photos["photo_id"].isin(asked), "shard"].unique()
    clean = _views(photos[photos["shard"].isin(shards)], masks, features, asked)
    found: dict[str, Stability] = {}
    for name, rows in copies.groupby("condition", sort=False):
        seen = _views(rows, masks_of(corrupted), features_of(corrupted), asked)
        found[str(name)] = _between(clean, seen, {photo: photo for photo in seen.masks})
    ids = sorted(clean.masks)
    others = ids[SHIFT % len(ids) :] + ids[: SHIFT % len(ids)]
    found[CHANCE] = _between(clean, clean, dict(zip(ids, others, strict=True)))
    return found


def _between(a: Views, b: Views, pairs: Mapping[str, str]) -> Stability:
    same = [float((a.masks[one] == b.masks[other]).mean()) for one, other in pairs.items()]
    cosines = [float(a.embedding[one] @ b.embedding[other]) for one, other in pairs.items()]
    return Stability(float(np.mean(same)), float(np.mean(cosines)))


def _views(photos: pd.DataFrame, masks: Path, features: Path, asked: set[str]) -> Views:
    seen: dict[str, Masks] = {}
    directions: dict[str, Floats] = {}
    for shard, ids in ids_by_shard(photos).items():
        embedding, _ = read_feature_shard(features, shard, ids)
        unit = embedding.astype(np.float64)
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
        rows = zip(ids, read_mask_shard(masks, shard, ids), unit, strict=True)
        for photo, mask, direction in rows:
            if photo in asked:
                seen[photo], directions[photo] = mask, direction
    return Views(seen, directions)
