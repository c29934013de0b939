"""How good predicted masks are where the truth is known: IoU of classes, their mean, and pixel accuracy."""

import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from dualgeo.datasets.contract import read_photos, shard_path
from dualgeo.datasets.shards import read_shard
from dualgeo.errors import DualGeoError
from dualgeo.files import write_json
from dualgeo.views.ade20k import ADE20K_NAMES
from dualgeo.views.cache import Masks, ids_by_shard, read_mask_shard
from dualgeo.views.crop import centre_square

CLASSES = len(ADE20K_NAMES)
QUALITY_FILE = "quality.json"


class Confusion:
    """Counts of (true class, predicted class) over the cells of many masks."""

    def __init__(self) -> None:
        self.photos = 0
        self._counts: npt.NDArray[np.int64] = np.zeros((CLASSES, CLASSES), np.int64)

    def add(self, truth: Masks, predicted: Masks) -> None:
        """Count one photo's masks, (H, W) uint8 class ids of one shape."""
        pairs = truth.astype(np.int64).ravel() * CLASSES + predicted.ravel()
        self._counts += np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
        self.photos += 1

    def summary(self) -> dict[str, object]:
        """photos, pixel_accuracy, miou and class_iou by name, shares in 0..1.

        Only classes that occur in the truth count; what a model wrongly paints as another class lowers the IoU of the
        class it paints over.
        """
        right = np.diag(self._counts)
        true = self._counts.sum(1)
        union = true + self._counts.sum(0) - right
        present = np.flatnonzero(true)
        iou = right[present] / union[present]
        return {
            "photos": self.photos,
            "pixel_accuracy": float(right.sum() / true.sum()),
            "miou": float(iou.mean()),
            "class_iou": {ADE20K_NAMES[c]: float(value) for c, value in zip(present, iou, strict=True)},
        }


def nearest(mask: Masks, height: int, width: int) -> Masks:
    """Resize (H, W) class ids by taking, for each new cell, the id at its centre; ids are never mixed."""
    rows = (np.arange(height) * 2 + 1) * mask.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * mask.shape[1] // (2 * width)
    return mask[rows[:, None], columns[None, :]]


def decode_mask(content: bytes) -> Masks:
    """A ground-truth mask as the views see it: (S, S) uint8 class ids of the photo's centre square."""
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        if image.mode not in ("L", "P"):
            raise DualGeoError(f"a ground-truth mask has mode {image.mode} where 8-bit class ids are needed.")
        ids = np.asarray(centre_square(image))
    if ids.max() >= CLASSES:
        raise DualGeoError(f"a ground-truth mask has class id {ids.max()}; ids of ADE20K run from 0 to {CLASSES - 1}.")
    return ids


def write_quality(dataset: Path, masks: Path) -> None:
    """Compare the cached masks with the dataset's ground truth and write <masks>/quality.json; none, no file.

    {"overall": {...}, "conditions": {condition: {...}}, "query_sets": {name: {...}}}, each as `Confusion.summary`.
    """
    photos = read_photos(dataset)
    facts = {
        str(photo_id): (condition, split, str(name))
        for photo_id, condition, split, name in zip(
            photos["photo_id"], photos["condition"], photos["split"], photos["dataset"], strict=True
        )
    }
    overall = Confusion()
    conditions: defaultdict[str, Confusion] = defaultdict(Confusion)
    query_sets: defaultdict[str, Confusion] = defaultdict(Confusion)
    for photo_id, truth, predicted in _pairs(dataset, masks, photos):
        overall.add(truth, predicted)
        condition, split, name = facts[photo_id]
        if isinstance(condition, str):
            conditions[condition].add(truth, predicted)
        if split == "query":
            query_sets[name].add(truth, predicted)
    if overall.photos:
        report = {
            "overall": overall.summary(),
            "conditions": {name: confusion.summary() for name, confusion in conditions.items()},
            "query_sets": {name: confusion.summary() for name, confusion in query_sets.items()},
        }
        write_json(masks / QUALITY_FILE, report)


def _pairs(dataset: Path, masks: Path, photos: pd.DataFrame) -> Iterator[tuple[str, Masks, Masks]]:
    for shard, ids in ids_by_shard(photos).items():
        members = read_shard(shard_path(dataset, shard))
        first = next(members, None)
        if first is None or "mask.png" not in first[1]:
            continue
        predicted = dict(zip(ids, read_mask_shard(masks, shard, ids), strict=True))
        height, width = next(iter(predicted.values())).shape
        for photo_id, files in (first, *members):
            if photo_id in predicted and "mask.png" in files:
                try:
                    truth = decode_mask(files["mask.png"])
                except (DualGeoError, OSError, ValueError) as error:
                    raise DualGeoError(f"the mask of photo {photo_id} cannot be used ({error}).") from None
                yield photo_id, nearest(truth, height, width), predicted[photo_id]
