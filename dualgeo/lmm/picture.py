"""Photos as they leave the machine: JPEG made from pixels alone, so that nothing else of the file can travel along."""

import hashlib
import io
import tarfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from dualgeo.datasets.contract import shard_path
from dualgeo.datasets.shards import photo_image
from dualgeo.errors import DualGeoError
from dualgeo.lmm.request import Picture

QUALITY = 90


def picture_of(image: Image.Image, side: int) -> Picture:
    """An opened, upright photo as it would be sent: long side at most `side` pixels, never enlarged."""
    small = _reduced(image, side)
    jpeg = _jpeg(small)
    return Picture(hashlib.sha256(jpeg).hexdigest(), small.width, small.height, lambda: jpeg)


class Photos:
    """The stored photos of a dataset by id, read from their tar shards one at a time when they are needed.

    Safe to use from several threads. Of each photo only a digest and its size stay in memory.
    """

    def __init__(self, folder: Path, photos: pd.DataFrame, side: int) -> None:
        """`folder` and `photos` (columns photo_id, shard) of a dataset; `side`: longest side in pixels as sent."""
        self._folder = folder
        self._side = side
        self._ids = pd.Index(photos["photo_id"])
        self._shards = photos["shard"].to_numpy()
        self._members: dict[str, dict[str, tuple[int, int]]] = {}
        self._pictures: dict[str, Picture] = {}
        self._lock = threading.Lock()

    def picture(self, photo_id: str) -> Picture:
        """The photo as it would be sent. Raises DualGeoError when it is unknown, missing from its shard or damaged."""
        known = self._pictures.get(photo_id)
        if known is None:
            made = picture_of(self._image(photo_id), self._side)
            known = Picture(made.sha256, made.width, made.height, partial(self._again, photo_id, made.sha256))
            self._pictures[photo_id] = known
        return known

    def _again(self, photo_id: str, sha256: str) -> bytes:
        jpeg = _jpeg(_reduced(self._image(photo_id), self._side))
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            raise DualGeoError(f"Photo {photo_id} changed while it was asked about; run the same command again.")
        return jpeg

    def _image(self, photo_id: str) -> Image.Image:
        path, start, size = self._place(photo_id)
        try:
            with path.open("rb") as file:
                file.seek(start)
                content = file.read(size)
            return photo_image(content)
        except (OSError, DualGeoError) as error:
            raise DualGeoError(f"{path}: photo {photo_id} cannot be read ({error}).") from None

    def _place(self, photo_id: str) -> tuple[Path, int, int]:
        if photo_id not in self._ids:
            raise DualGeoError(f"Photo {photo_id} is not in the table of {self._folder}; run `dvc repro` first.")
        shard = str(self._shards[self._ids.get_loc(photo_id)])
        path = shard_path(self._folder, shard)
        with self._lock:
            if shard not in self._members:
                self._members[shard] = _photo_places(path, set(self._ids[self._shards == shard]))
        if photo_id not in self._members[shard]:
            raise DualGeoError(f"{path} holds no photo {photo_id}; make the dataset again or fetch it (`dvc pull`).")
        return path, *self._members[shard][photo_id]


def _photo_places(path: Path, wanted: set[str]) -> dict[str, tuple[int, int]]:
    """Photo id -> where its bytes start in the tar and how many they are; only headers are read."""
    places: dict[str, tuple[int, int]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                photo_id, _, extension = member.name.rpartition("/")[2].partition(".")
                if extension == "jpg" and photo_id in wanted:
                    places[photo_id] = (member.offset_data, member.size)
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; make the dataset again or fetch it (`dvc pull`).") from None
    except (tarfile.TarError, OSError) as error:
        raise DualGeoError(f"{path} is damaged ({error}); make the dataset again or fetch it (`dvc pull`).") from None
    return places


def _reduced(image: Image.Image, side: int) -> Image.Image:
    # Through an array: whatever the opened file carried beside its pixels stays behind.
    bare = Image.fromarray(np.array(image.convert("RGB")))
    bare.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return bare


def _jpeg(image: Image.Image) -> bytes:
    # Every choice is spelled out, so that another version's defaults make no other bytes and so no other key.
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, subsampling="4:2:0", optimize=False, progressive=False)
    return buffer.getvalue()
