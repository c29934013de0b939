"""The view caches on disk: one file a shard, masks as Parquet, features as memory-mapped Arrow.

Importing this module loads neither torch nor transformers, so every later stage can read the caches cheaply.
A file carries the key of what it was computed from; its rows are the photos of its shard in the order of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.views.rows import Half, ShardedRows

Masks = npt.NDArray[np.uint8]
ShardIds = Mapping[str, Sequence[str]]
"""Shard name -> ids of its photos in order; `ids_by_shard` makes it from the photo table."""


@dataclass(frozen=True)
class FeatureTable:
    """Frozen image features of N photos, row i belonging to `photo_ids[i]`; both arrays stay on disk until indexed."""

    photo_ids: list[str]
    embedding: ShardedRows
    """(N, D) float16: the projected embedding as the encoder gave it, not normalised."""
    tokens: ShardedRows
    """(N, g*g, C) float16: patch tokens pooled to a g x g grid, row-major."""


def ids_by_shard(photos: pd.DataFrame) -> dict[str, list[str]]:
    """The shards of a photo table (as `read_photos` returns it) with the ids of their photos, in table order."""
    return {str(shard): [str(i) for i in rows] for shard, rows in photos.groupby("shard", sort=True)["photo_id"]}


def mask_path(folder: Path, shard: str) -> Path:
    """The mask file of one shard."""
    return folder / f"{shard}.parquet"


def feature_path(folder: Path, shard: str) -> Path:
    """The feature file of one shard."""
    return folder / f"{shard}.arrow"


def read_masks(folder: Path, shards: ShardIds) -> tuple[list[str], Masks]:
    """Read the masks of whole shards: ids and (N, H, W) uint8 ADE20K-150 class ids (0 = wall).

    N photos of 128 x 128 take N * 16 KiB of memory: a gallery of millions is read a shard at a time.
    Raises DualGeoError when a file is missing or unreadable, or holds other photos than `shards` says.
    """
    parts = [read_mask_shard(folder, shard, ids) for shard, ids in shards.items()]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise DualGeoError(f"{folder} mixes masks of {sorted(shapes)}; delete it and run `dvc repro segment`.")
    joined = np.concatenate(parts) if parts else np.zeros((0, 0, 0), np.uint8)
    return [i for ids in shards.values() for i in ids], joined


def read_mask_shard(folder: Path, shard: str, expected: Sequence[str]) -> Masks:
    """Read one shard's masks, (N, H, W) uint8, row i belonging to `expected[i]`; errors as `read_masks`."""
    path = mask_path(folder, shard)
    try:
        table = pq.read_table(path)
        height, width = _numbers(table.schema, "height", "width")
        found = table["photo_id"].to_pylist()
        bytes_ = table["mask"].combine_chunks()
    except FileNotFoundError:
        raise _missing(path, "segment") from None
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _unreadable(path, "segment", error) from None
    _check_alignment(path, "segment", found, expected)
    values = np.frombuffer(bytes_.buffers()[1], np.uint8) if len(found) else np.zeros(0, np.uint8)
    return values[bytes_.offset * height * width :][: len(found) * height * width].reshape(-1, height, width)


def read_features(folder: Path, shards: ShardIds) -> FeatureTable:
    """Open the features of whole shards without loading them; errors as `read_masks`.

    `table.tokens[rows]` gathers rows (any NumPy index), `np.asarray(table.tokens)` loads all of them.
    """
    parts = [read_feature_shard(folder, shard, ids) for shard, ids in shards.items()]
    if len({(e.shape[1:], t.shape[1:]) for e, t in parts}) > 1:
        raise DualGeoError(f"{folder} mixes features of several encoders; delete it and run `dvc repro embed`.")
    return FeatureTable(
        photo_ids=[i for ids in shards.values() for i in ids],
        embedding=ShardedRows([embedding for embedding, _ in parts]),
        tokens=ShardedRows([tokens for _, tokens in parts]),
    )


def read_feature_shard(folder: Path, shard: str, expected: Sequence[str]) -> tuple[Half, Half]:
    """Map one shard's embeddings (N, D) and tokens (N, g*g, C), both float16 and read-only; errors as `read_masks`."""
    path = feature_path(folder, shard)
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        (channels,) = _numbers(table.schema, "channels")
        found = table["photo_id"].to_pylist()
        embedding, tokens = (_fixed_rows(table[name]) for name in ("embedding", "tokens"))
    except FileNotFoundError:
        raise _missing(path, "embed") from None
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _unreadable(path, "embed", error) from None
    _check_alignment(path, "embed", found, expected)
    return embedding, tokens.reshape(len(tokens), -1, channels)


def write_mask_shard(path: Path, photo_ids: Sequence[str], masks: Masks, key: str) -> None:
    """Write (N, H, W) uint8 class ids losslessly, whole or not at all; equal input gives equal bytes."""
    count, height, width = masks.shape
    rows = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(height * width), count, [None, pa.py_buffer(np.ascontiguousarray(masks))]
    )
    metadata = {"height": str(height), "width": str(width), "key": key}
    table = pa.table({"photo_id": pa.array(photo_ids, pa.string()), "mask": rows}, metadata=metadata)
    with written_whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=False, write_statistics=False)


def write_feature_shard(path: Path, photo_ids: Sequence[str], embedding: Half, tokens: Half, key: str) -> None:
    """Write (N, D) embeddings and (N, g, g, C) tokens, float16, as one mappable batch, whole or not at all."""
    metadata = {"grid": str(tokens.shape[1]), "channels": str(tokens.shape[3]), "key": key}
    columns = {
        "photo_id": pa.array(photo_ids, pa.string()),
        "embedding": _fixed_lists(embedding),
        "tokens": _fixed_lists(tokens.reshape(len(tokens), -1)),
    }
    table = pa.table(columns, metadata=metadata)
    with written_whole(path) as temporary, pa.ipc.new_file(str(temporary), table.schema) as writer:
        writer.write_table(table)


def stored_key(path: Path) -> str | None:
    """The key in a cache file's metadata, or None when there is no such file or it cannot be read."""
    try:
        if path.suffix == ".parquet":
            metadata = pq.read_schema(path).metadata
        else:
            metadata = pa.ipc.open_file(pa.memory_map(str(path))).schema.metadata
    except (pa.ArrowException, OSError):
        return None
    key = (metadata or {}).get(b"key")
    return None if key is None else key.decode()


def _fixed_lists(rows: Half) -> Any:
    flat = pa.array(np.ascontiguousarray(rows).reshape(-1), pa.float16())
    return pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])


def _fixed_rows(column: Any) -> Half:
    width = column.type.list_size
    if column.num_chunks == 0:
        return np.zeros((0, width), np.float16)
    return column.chunk(0).flatten().to_numpy(zero_copy_only=True).reshape(-1, width)


def _numbers(schema: Any, *names: str) -> tuple[int, ...]:
    metadata = schema.metadata or {}
    return tuple(int(metadata[name.encode()]) for name in names)


def _check_alignment(path: Path, stage: str, found: Sequence[str], expected: Sequence[str]) -> None:
    if list(found) == list(expected):
        return
    where = next((n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), None)
    if where is None:
        what = f"holds {len(found)} photos where the photo table has {len(expected)}"
    else:
        what = f"has photo {found[where]} in row {where} where the photo table has {expected[where]}"
    raise DualGeoError(f"{path} {what}; run `dvc repro {stage}` to bring the cache up to date.")


def _missing(path: Path, stage: str) -> DualGeoError:
    return DualGeoError(f"{path} does not exist, so the cache is not complete; run `dvc repro {stage}`.")


def _unreadable(path: Path, stage: str, error: Exception) -> DualGeoError:
    return DualGeoError(f"{path} is no whole cache file ({error}); delete it and run `dvc repro {stage}`.")
