"""Run a frozen model over the photos of a dataset, one cache file a shard, so that a cut-off run resumes."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dualgeo.datasets.contract import read_photos, shard_path
from dualgeo.datasets.shards import photo_image, read_shard
from dualgeo.errors import DualGeoError
from dualgeo.progress import progress, say
from dualgeo.views.cache import ShardIds, ids_by_shard, stored_key
from dualgeo.views.preprocessing import Pixels

MAX_DECODERS = 8
Outputs = tuple[npt.NDArray[Any], ...]


class ShardPass:
    """One frozen model's pass over a dataset folder.

    `pixels` makes a photo the model's input (it runs in threads), `forward` turns a batch of them into arrays whose
    rows are the batch's photos, and `write` stores a whole shard: (path, photo ids, arrays, key).
    """

    def __init__(
        self,
        label: str,
        model_key: str,
        batch: int,
        pixels: Callable[[Image.Image], Pixels],
        forward: Callable[[Sequence[Pixels]], Outputs],
        path: Callable[[Path, str], Path],
        write: Callable[[Path, Sequence[str], Outputs, str], None],
    ) -> None:
        self._label = label
        self._model_key = model_key
        self._batch = batch
        self._pixels = pixels
        self._forward = forward
        self._path = path
        self._write = write

    def run(self, dataset: Path, out: Path) -> ShardIds:
        """Bring `out` up to date with the photo table of `dataset`; returns the shards and the ids they hold.

        A shard whose file carries the right key is skipped. Files that belong to no shard are removed in the end.
        """
        shards = ids_by_shard(read_photos(dataset))
        keys = {shard: self._key(shard_path(dataset, shard), ids) for shard, ids in shards.items()}
        stale = [shard for shard in shards if stored_key(self._path(out, shard)) != keys[shard]]
        if len(stale) < len(shards):
            say(f"{self._label}: {len(shards) - len(stale)} of {len(shards)} shards are up to date")
        out.mkdir(parents=True, exist_ok=True)
        steps = self._steps(dataset, out, {shard: shards[shard] for shard in stale}, keys)
        for _ in progress(steps, sum(len(shards[shard]) for shard in stale), self._label):
            pass
        kept = {self._path(out, shard) for shard in shards}
        for file in out.iterdir():
            if file.is_file() and file not in kept:
                file.unlink()
        return shards

    def _steps(self, dataset: Path, out: Path, shards: ShardIds, keys: dict[str, str]) -> Iterator[str]:
        for shard, ids in shards.items():
            seen: list[str] = []
            parts: list[Outputs] = []
            for names, batch in self._batches(shard_path(dataset, shard), set(ids)):
                parts.append(self._forward(batch))
                seen.extend(names)
                yield from names
            rows = _rows_of(shard_path(dataset, shard), seen, ids)
            columns = tuple(np.concatenate(column)[rows] for column in zip(*parts, strict=True))
            self._write(self._path(out, shard), ids, columns, keys[shard])

    def _batches(self, tar: Path, wanted: set[str]) -> Iterator[tuple[list[str], list[Pixels]]]:
        """Decode ahead of the model in a few threads, at most two batches in flight."""

        def decode(photo_id: str, files: dict[str, bytes]) -> tuple[str, Pixels]:
            if "jpg" not in files:
                raise DualGeoError(f"{tar} has no {photo_id}.jpg; make the dataset again.")
            try:
                return photo_id, self._pixels(photo_image(files["jpg"]))
            except DualGeoError as error:
                raise DualGeoError(f"photo {photo_id} of {tar}: {error}") from None

        waiting: deque[Future[tuple[str, Pixels]]] = deque()
        with ThreadPoolExecutor(min(MAX_DECODERS, os.cpu_count() or 1)) as pool:
            photos = ((photo_id, files) for photo_id, files in read_shard(tar) if photo_id in wanted)
            try:
                while True:
                    ahead = islice(photos, 2 * self._batch - len(waiting))
                    waiting.extend(pool.submit(decode, photo_id, files) for photo_id, files in ahead)
                    if not waiting:
                        return
                    done = [waiting.popleft().result() for _ in range(min(self._batch, len(waiting)))]
                    yield [photo_id for photo_id, _ in done], [pixels for _, pixels in done]
            finally:
                pool.shutdown(cancel_futures=True)

    def _key(self, tar: Path, ids: Sequence[str]) -> str:
        try:
            with tar.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise DualGeoError(f"{tar} does not exist; make the dataset again or fetch it (`dvc pull`).") from None
        return hashlib.sha256("\n".join([self._model_key, content, *ids]).encode()).hexdigest()


def _rows_of(tar: Path, seen: Sequence[str], ids: Sequence[str]) -> list[int]:
    """Where each of `ids` lies in `seen`."""
    positions = {photo_id: row for row, photo_id in enumerate(seen)}
    missing = [photo_id for photo_id in ids if photo_id not in positions]
    if missing:
        raise DualGeoError(f"{tar} lacks photo {missing[0]}, which photos.parquet lists; make the dataset again.")
    return [positions[photo_id] for photo_id in ids]
