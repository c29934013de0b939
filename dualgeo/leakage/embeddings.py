"""Image embeddings from a file: `.npy` stays on disk, Parquet is matched by photo id."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.leakage.photos import Embeddings, Ints, Photos

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

COLUMNS = ("embedding", "embeddings", "features", "feature", "vector")
IDS = ("photo_id", "query_id", "img_id", "id", "name")


class RowsAt:
    """Some rows of larger `rows`, in any order, copied only when they are asked for."""

    def __init__(self, rows: Embeddings, positions: Ints) -> None:
        self._rows = rows
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self._rows.shape[1:])

    def __getitem__(self, rows: Any, /) -> Any:
        return self._rows[self._positions[rows]]


def read_embeddings(path: Path, photos: Photos) -> Embeddings:
    """Embeddings (N, D) of `photos`, row for row.

    A `.npy` file holds one row for each row of the table, in its order. A Parquet file holds a list column `embedding`
    and, in another order, an id column; photos that it lacks get NaN, which no check compares. Raises DualGeoError
    naming the file when it is neither, or does not fit the table.
    """
    if path.suffix.lower() == ".npy":
        return _mapped(path, photos)
    if path.suffix.lower() == ".parquet":
        return _from_parquet(path, photos)
    raise DualGeoError(f"{path} is no file of embeddings; give a .npy of shape (photos, dimensions) or a .parquet.")


def _mapped(path: Path, photos: Photos) -> Embeddings:
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist.") from None
    except (ValueError, OSError) as error:
        raise DualGeoError(f"{path} is no NumPy file ({' '.join(str(error).split())[:120]}).") from None
    if rows.ndim != 2 or rows.shape[1] == 0 or rows.dtype.kind != "f":
        shape = " x ".join(map(str, rows.shape))
        raise DualGeoError(f"{path} holds {shape} {rows.dtype}; wanted are floats of shape (photos, dimensions).")
    _same_length(path, len(rows), photos)
    return rows


def _from_parquet(path: Path, photos: Photos) -> Embeddings:
    try:
        names = pq.read_schema(path).names
        column = next((name for name in COLUMNS if name in names), None)
        if column is None:
            raise DualGeoError(f"{path} has the columns {', '.join(names)[:200]}; none of them is `embedding`.")
        key = next((name for name in IDS if name in names), None)
        table = pq.read_table(path, columns=[name for name in (key, column) if name is not None])
        rows = _matrix(table.column(column).combine_chunks())
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist.") from None
    except (pa.ArrowException, OSError, ValueError, AttributeError) as error:
        said = " ".join(str(error).split())[:120]
        raise DualGeoError(f"{path} holds no embeddings of one width ({said}).") from None
    if key is None or photos.photo_id is None:
        _same_length(path, len(rows), photos)
        return rows
    place = pc.index_in(photos.photo_id, value_set=table.column(key).cast(pa.large_string()).combine_chunks())
    place = pc.fill_null(place, pa.scalar(-1, pa.int32())).to_numpy(zero_copy_only=False).astype(np.int64)
    if (place < 0).all():
        raise DualGeoError(f"{path}: no {key} of it is a photo of {photos.name}; the files do not belong together.")
    return RowsAt(np.concatenate([rows, np.full((1, rows.shape[1]), np.nan, rows.dtype)]), place)


def _matrix(column: Any) -> npt.NDArray[np.floating]:
    """A column of lists of one length as (n, D); a null list is a row of NaN. Raises ValueError for other lengths."""
    lengths = pc.list_value_length(column).drop_null().unique()
    if len(lengths) != 1 or lengths[0].as_py() == 0:
        raise ValueError(f"its lists have {len(lengths)} lengths")
    width = int(lengths[0].as_py())
    values = pc.list_flatten(column).to_numpy(zero_copy_only=False)
    if values.dtype.kind != "f":
        raise ValueError(f"its numbers are {values.dtype}")
    given = column.is_valid().to_numpy(zero_copy_only=False)
    if given.all():
        return values.reshape(-1, width)
    rows = np.full((len(column), width), np.nan, values.dtype)
    rows[given] = values.reshape(-1, width)
    return rows


def _same_length(path: Path, rows: int, photos: Photos) -> None:
    if rows != photos.count:
        raise DualGeoError(
            f"{path} has {rows:,} rows and {photos.name} {photos.count:,} photos; both must list the "
            "same photos in the same order."
        )
