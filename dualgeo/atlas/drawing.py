"""The work of one process: draw the photos of one shard. Imports little, because every worker process imports it."""

import hashlib
import io
import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dualgeo.atlas.plan import PlannedPhoto
from dualgeo.atlas.render import render
from dualgeo.datasets.shards import write_shard
from dualgeo.files import write_json

JPEG_QUALITY = 90


def draw_shard(photos: list[PlannedPhoto], size: int, tar: Path, record: Path, key: str) -> None:
    """Draw `photos` at `size` pixels into the shard `tar`, then write `record`: the plan key and each picture's
    SHA-256.
    """
    digests: dict[str, str] = {}

    def members() -> Iterator[tuple[str, dict[str, bytes]]]:
        for photo in photos:
            picture, mask = render(photo.view, size)
            jpg = jpeg_bytes(picture)
            digests[photo.photo_id] = hashlib.sha256(jpg).hexdigest()
            yield photo.photo_id, {"jpg": jpg, "mask.png": _png_bytes(mask)}

    write_shard(tar, members())
    # Written last: a record without its shard, or the other way round, means the shard is drawn again.
    write_json(record, {"key": key, "sha256": digests})


def jpeg_bytes(picture: NDArray[np.uint8]) -> bytes:
    """An RGB picture (height, width, 3) as JPEG without chroma subsampling."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return stream.getvalue()


def _png_bytes(mask: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def end_with_parent() -> None:
    """Run in a worker at its start: when the main process dies, even by SIGKILL, the worker ends too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
