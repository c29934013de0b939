"""The one table of photos that every dataset becomes: its columns, and how it is read and written."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole

SPLITS = ("gallery", "validation", "query")

PHOTO_SCHEMA = pa.schema(
    [
        pa.field("photo_id", pa.string(), nullable=False),
        pa.field("lat", pa.float64(), nullable=False),
        pa.field("lon", pa.float64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("photographer", pa.string()),
        pa.field("accuracy_m", pa.float64()),
        pa.field("taken_at", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("source_url", pa.string()),
        pa.field("shard", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("place", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("city", pa.string()),
        pa.field("country", pa.string()),
    ]
)
PHOTO_COLUMNS: tuple[str, ...] = tuple(PHOTO_SCHEMA.names)


def photos_path(folder: Path) -> Path:
    """The table of a dataset folder."""
    return folder / "photos.parquet"


def shard_path(folder: Path, shard: str) -> Path:
    """The tar that holds the images of one shard of a dataset folder."""
    return folder / "shards" / f"{shard}.tar"


def read_photos(folder: Path) -> pd.DataFrame:
    """Read `folder`/photos.parquet, rows sorted by (shard, photo_id).

    Values are not judged here (the `validate` stage does that), only that the table is there and has its columns.
    Raises DualGeoError when the file is missing, unreadable or lacks a column.
    """
    path = photos_path(folder)
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise DualGeoError(
            f"{path} does not exist; make it with `dualgeo atlas` or `dualgeo ingest PATH`, or fetch it (`dvc pull`)."
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise DualGeoError(f"{path} cannot be read ({error}); make the dataset again.") from None
    missing = [name for name in PHOTO_COLUMNS if name not in table.column_names]
    if missing:
        raise DualGeoError(f"{path} lacks the column {missing[0]}; make the dataset again with this version.")
    frame = table.select(list(PHOTO_COLUMNS)).to_pandas()
    return frame.sort_values(["shard", "photo_id"], ignore_index=True)


def write_photos(folder: Path, photos: pd.DataFrame) -> None:
    """Write all columns of `photos` to `folder`/photos.parquet in canonical order, whole or not at all."""
    ordered = photos.sort_values(["shard", "photo_id"], ignore_index=True)
    table = pa.Table.from_pandas(ordered[list(PHOTO_COLUMNS)], schema=PHOTO_SCHEMA, preserve_index=False)
    with written_whole(photos_path(folder)) as temporary:
        pq.write_table(table.replace_schema_metadata(None), temporary, compression="zstd")
