"""Make the Atlas dataset folder: plan, draw shard by shard in several processes, write the photo table.

Shards are drawn into a hidden folder beside the target and take its place together at the end, so an earlier Atlas
stays whole until then. A build that was cut off goes on where it stopped: finished shards are kept when they were
drawn from the same plan by the same code.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import resources
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import pandas as pd

from dualgeo.atlas.drawing import draw_shard, end_with_parent
from dualgeo.atlas.plan import PlannedPhoto, plan_atlas
from dualgeo.datasets.contract import photos_path, shard_path, write_photos
from dualgeo.datasets.lock import only_one
from dualgeo.datasets.quarantine import write_quarantine
from dualgeo.datasets.shards import shard_name
from dualgeo.errors import DualGeoError
from dualgeo.files import folder_written_whole, read_json, write_json
from dualgeo.params import AtlasParams
from dualgeo.progress import progress, say

LICENCE = "CC0-1.0 (generated)"


def build_atlas(params: AtlasParams, folder: Path, workers: int | None = None) -> None:
    """Make the dataset `folder` (photos.parquet, shards/, quarantine.csv, atlas.json); any number of workers, the
    same bytes.

    workers: processes; None means one for each CPU. Where `folder` already holds this very Atlas nothing is drawn.
    Raises DualGeoError when the params cannot be met.
    """
    planned = plan_atlas(params)
    key = _key(params, planned)
    if _is_complete(folder, key):
        say(f"{folder} already holds this Atlas ({len(planned)} photos).")
        return
    building = folder.parent / f".{folder.name}.building"
    step = params.photos_per_shard
    shards = {shard_name(start // step): planned[start : start + step] for start in range(0, len(planned), step)}
    with only_one(building, folder):
        _draw(params, shards, building, key, workers or os.cpu_count() or 1)
        frame = pd.concat([_rows(photos, shard, building) for shard, photos in shards.items()], ignore_index=True)
        write_photos(building, frame)
        write_quarantine(building, [])
        write_json(
            building / "atlas.json", {"key": key, "photos": len(planned), "params": params.model_dump(mode="json")}
        )
        _take_place(building, folder, set(shards))


def _key(params: AtlasParams, planned: list[PlannedPhoto]) -> str:
    """A digest of everything that decides the bytes: params, plan, the renderer's own source, and the libraries it
    draws with.
    """
    digest = hashlib.sha256(json.dumps(params.model_dump(mode="json"), sort_keys=True).encode())
    for photo in planned:
        digest.update(repr(photo).encode())
    for source in sorted(resources.files("dualgeo.atlas").iterdir(), key=lambda item: item.name):
        if source.name.endswith(".py"):
            digest.update(source.read_bytes())
    for library in ("numpy", "pillow"):
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


def _is_complete(folder: Path, key: str) -> bool:
    marker = folder / "atlas.json"
    try:
        return photos_path(folder).exists() and read_json(marker)["key"] == key and _all_shards(folder)
    except (DualGeoError, KeyError):
        return False


def _all_shards(folder: Path) -> bool:
    shards = pd.read_parquet(photos_path(folder), columns=["shard"])["shard"].unique().tolist()
    return all(shard_path(folder, str(shard)).exists() for shard in shards)


def _record(building: Path, shard: str) -> Path:
    return building / "records" / f"{shard}.json"


def _draw(params: AtlasParams, shards: dict[str, list[PlannedPhoto]], building: Path, key: str, workers: int) -> None:
    """Draw the shards that are not there yet."""
    missing = [shard for shard in shards if not _is_drawn(building, shard, key)]
    if len(missing) < len(shards):
        say(f"Atlas: {len(shards) - len(missing)} of {len(shards)} shards are there already.")
    tasks = [
        (shards[shard], params.image_size, shard_path(building, shard), _record(building, shard), key)
        for shard in missing
    ]
    for _ in progress(_done(tasks, min(workers, len(tasks))), len(tasks), "Atlas shards"):
        pass


def _done(tasks: list[tuple[list[PlannedPhoto], int, Path, Path, str]], workers: int) -> Iterator[None]:
    """Yield once for each finished task; one worker draws in this process."""
    if workers <= 1:
        for task in tasks:
            draw_shard(*task)
            yield
        return
    # Spawned rather than forked: the caller may hold threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        futures = [pool.submit(draw_shard, *task) for task in tasks]
        try:
            for future in as_completed(futures):
                future.result()
                yield
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _is_drawn(building: Path, shard: str, key: str) -> bool:
    try:
        return shard_path(building, shard).exists() and read_json(_record(building, shard)).get("key") == key
    except DualGeoError:
        return False


def _rows(photos: list[PlannedPhoto], shard: str, building: Path) -> pd.DataFrame:
    digests = cast("dict[str, str]", read_json(_record(building, shard))["sha256"])
    return pd.DataFrame(
        {
            "photo_id": [photo.photo_id for photo in photos],
            "lat": [photo.view.lat for photo in photos],
            "lon": [photo.view.lon for photo in photos],
            "split": [photo.split for photo in photos],
            "dataset": [photo.dataset for photo in photos],
            "photographer": [photo.photographer for photo in photos],
            "accuracy_m": pd.Series([None] * len(photos), dtype="float64"),
            "taken_at": pd.Series([None] * len(photos), dtype="str"),
            "licence": LICENCE,
            "source_url": pd.Series([None] * len(photos), dtype="str"),
            "shard": shard,
            "sha256": [digests[photo.photo_id] for photo in photos],
            "place": [photo.place for photo in photos],
            "condition": [photo.view.condition for photo in photos],
            "city": [photo.view.place.city.name for photo in photos],
            "country": [photo.view.place.city.country for photo in photos],
        }
    )


def _take_place(building: Path, folder: Path, shards: set[str]) -> None:
    """Move the finished folder to its name; what was there goes only when the new one is in place."""
    shutil.rmtree(building / "records")
    for file in (building / "shards").iterdir():
        # Shards of an earlier, larger plan and halves of a killed one.
        if file.name.removesuffix(".tar") not in shards:
            file.unlink()
    (building / "lock").unlink()
    with folder_written_whole(folder) as fresh:
        for item in sorted(building.iterdir()):
            item.rename(fresh / item.name)
    building.rmdir()
