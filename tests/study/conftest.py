"""A tiny dataset of photos of several sizes."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dualgeo.datasets.contract import PHOTO_COLUMNS, shard_path, write_photos
from dualgeo.datasets.shards import write_shard


def _jpeg(seed: int, size: tuple[int, int]) -> bytes:
    values = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two shards with gallery, validation and query photos of different sizes; one mask each."""
    folder = tmp_path / "data"
    rows: list[dict[str, object]] = []
    for shard in ("00000", "00001"):
        members: list[tuple[str, dict[str, bytes]]] = []
        for number, (split, name) in enumerate(
            [("gallery", "g"), ("validation", "v"), ("query", "atlas"), ("query", "atlas"), ("query", "atlas-night")]
        ):
            photo_id = f"{name}-{shard}-{number}"
            content = _jpeg(len(rows), (48 + 8 * number, 64))
            members.append((photo_id, {"jpg": content, "mask.png": b"mask"}))
            rows.append(
                dict.fromkeys(PHOTO_COLUMNS)
                | {"photo_id": photo_id, "lat": 1.0, "lon": 2.0, "split": split, "dataset": name, "shard": shard}
                | {"sha256": hashlib.sha256(content).hexdigest(), "photographer": f"trip-{number}"}
            )
        write_shard(shard_path(folder, shard), members)
    write_photos(folder, pd.DataFrame(rows))
    return folder
