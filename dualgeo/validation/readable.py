"""Decode every stored image once: what cannot be decoded now would stop a stage hours later."""

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from dualgeo.datasets.contract import shard_path
from dualgeo.datasets.images import MAX_SIDE
from dualgeo.datasets.shards import read_shard
from dualgeo.errors import DualGeoError
from dualgeo.progress import progress

ORIENTATION = 0x0112


def stored_images(folder: Path, shards: Sequence[str], threads: int) -> dict[str, list[tuple[str, str | None]]]:
    """Read whole shards: shard -> (photo_id, what is wrong with its image or None) in the order stored.

    A shard that is missing or damaged gives an empty list: its photos have no image.
    """
    # Threads suffice: Pillow decodes outside the interpreter lock.
    with ThreadPoolExecutor(threads) as pool:
        results = pool.map(_shard, [shard_path(folder, shard) for shard in shards])
        return dict(zip(shards, progress(results, len(shards), "decoding shards"), strict=True))


def _shard(path: Path) -> list[tuple[str, str | None]]:
    try:
        return [(photo_id, image_problem(members)) for photo_id, members in read_shard(path)]
    except DualGeoError:
        return []


def image_problem(members: Mapping[str, bytes]) -> str | None:
    """What keeps a stored photo from the contract (RGB JPEG, long side <= 1024, upright, mask of its size), or None."""
    if "jpg" not in members:
        return "no jpg in the shard"
    try:
        with Image.open(io.BytesIO(members["jpg"]), formats=("JPEG",)) as image:
            size, mode = image.size, image.mode
            if mode != "RGB" or max(size) > MAX_SIDE:
                return f"{mode} of {size[0]} x {size[1]} pixels where RGB of at most {MAX_SIDE} is wanted"
            if "exif" in image.info and image.getexif().get(ORIENTATION, 1) != 1:
                return "its EXIF orientation was not applied"
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "the jpg cannot be decoded"
    return None if "mask.png" not in members else _mask_problem(members["mask.png"], size)


def _mask_problem(content: bytes, size: tuple[int, int]) -> str | None:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as mask:
            if mask.mode not in ("L", "P") or mask.size != size:
                return "the mask is not 8-bit or not of the photo's size"
            mask.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "the mask cannot be decoded"
    return None
