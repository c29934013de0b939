"""Perceptual hashes of the images in a dataset's shards, and as tables write them."""

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from dualgeo.datasets.contract import shard_path
from dualgeo.datasets.shards import photo_image, read_shard
from dualgeo.errors import DualGeoError
from dualgeo.leakage.photos import Hashes
from dualgeo.progress import progress

HEX_DIGITS = 16
VALUE_OF = np.zeros(256, np.uint8)
"""Value of each hexadecimal digit, by its character code."""
for _digit in "0123456789abcdefABCDEF":
    VALUE_OF[ord(_digit)] = int(_digit, 16)


def phash(image: Image.Image) -> int:
    """ImageHash's pHash, 64 bits: an 8 x 8 DCT compared with its median, row by row, the first in the highest bit."""
    bits = imagehash.phash(image).hash.reshape(-1)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def shard_hashes(folder: Path, shards: Sequence[str], photo_ids: Sequence[str]) -> Hashes:
    """Hashes of photos (N,) by id, from the tars of a dataset folder; an image that cannot be decoded has none."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        work = pool.map(_hashes_of, [shard_path(folder, shard) for shard in shards])
        made: dict[str, int] = {}
        for part in progress(work, len(shards), "perceptual hashes"):
            made |= part
    known = np.array([photo_id in made for photo_id in photo_ids], np.bool_)
    return Hashes(np.array([made.get(photo_id, 0) for photo_id in photo_ids], np.uint64), known)


def _hashes_of(tar: Path) -> dict[str, int]:
    made: dict[str, int] = {}
    for photo_id, files in read_shard(tar):
        try:
            made[photo_id] = phash(photo_image(files["jpg"]))
        except (DualGeoError, KeyError):
            continue
    return made


def written_hashes(column: Any, where: Callable[[int], str]) -> Hashes:
    """Read an Arrow text column of 16 hexadecimal digits (what ImageHash prints), null where unknown.

    Raises DualGeoError for anything else, the row named by `where`: a hash of another length compares with nothing.
    """
    is_hash = pc.match_substring_regex(column, pattern=f"^[0-9a-fA-F]{{{HEX_DIGITS}}}$")
    wrong = pc.fill_null(pc.invert(is_hash), False).to_numpy(zero_copy_only=False)
    if wrong.any():
        row = int(np.argmax(wrong))
        shown = re.sub(r"\s+", " ", str(column[row].as_py()))[:40]
        raise DualGeoError(f"{where(row)}: the perceptual hash '{shown}' is not 16 hexadecimal digits (64 bits).")
    known = pc.is_valid(column).to_numpy(zero_copy_only=False)
    # Values of one length lie side by side in Arrow's buffer.
    fixed = pc.fill_null(column, "0" * HEX_DIGITS).cast(pa.large_binary()).cast(pa.binary(HEX_DIGITS))
    letters = np.frombuffer(fixed.buffers()[1], np.uint8)[HEX_DIGITS * fixed.offset :][: HEX_DIGITS * len(fixed)]
    return Hashes(_numbers(letters), known)


def _numbers(letters: np.typing.NDArray[np.uint8]) -> np.typing.NDArray[np.uint64]:
    pairs = VALUE_OF[letters].reshape(-1, 2)
    return (pairs[:, 0] << 4 | pairs[:, 1]).view(">u8").astype(np.uint64)
