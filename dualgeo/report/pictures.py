"""Photos and masks of a few example queries, small and embedded as data: addresses."""

import base64
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from dualgeo.datasets.contract import shard_path
from dualgeo.datasets.shards import photo_image
from dualgeo.errors import DualGeoError
from dualgeo.views.ade20k import ADE20K_NAMES, ADE20K_PALETTE
from dualgeo.views.cache import mask_path
from dualgeo.views.crop import centre_square

PHOTO_SIDE = 320
THUMB_SIDE = 112
LEGEND_CLASSES = 8


@dataclass(frozen=True)
class ClassShare:
    """A class in a mask: its name, its colour as #rrggbb, the percent of the mask it covers."""

    name: str
    colour: str
    percent: float


@dataclass(frozen=True)
class MaskPicture:
    """A colour-coded mask and its largest classes; `others` is the percent that further classes cover."""

    source: str
    classes: tuple[ClassShare, ...]
    others: float


def read_images(folder: Path, shard_of: Mapping[str, str]) -> dict[str, Image.Image]:
    """RGB images of some photos (photo_id -> shard), opening just their shards and decoding just them."""
    images: dict[str, Image.Image] = {}
    for shard in sorted(set(shard_of.values())):
        wanted = {f"{i}.jpg": i for i, its_shard in shard_of.items() if its_shard == shard}
        path = shard_path(folder, shard)
        try:
            with tarfile.open(path, "r:") as tar:
                for member in tar:
                    if member.name in wanted and (file := tar.extractfile(member)) is not None:
                        images[wanted[member.name]] = photo_image(file.read())
        except (OSError, tarfile.TarError) as error:
            raise DualGeoError(f"{path} cannot be read ({error}); make the dataset again or `dvc pull`.") from None
    return images


def jpeg_source(image: Image.Image, side: int) -> str:
    """A data: address of the image's centre square, which is what the encoders see, at most `side` pixels wide."""
    small = centre_square(image)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _source(small, "jpeg", quality=82)


def read_masks_of(folder: Path, shard_of: Mapping[str, str]) -> dict[str, npt.NDArray[np.uint8]]:
    """Masks (H, W) uint8 of some photos; photos without a cached mask are left out."""
    masks: dict[str, npt.NDArray[np.uint8]] = {}
    for shard in sorted(set(shard_of.values())):
        path = mask_path(folder, shard)
        if not path.exists():
            continue
        ids = [i for i, its_shard in shard_of.items() if its_shard == shard]
        try:
            table = pq.read_table(path, filters=[("photo_id", "in", ids)])
            height, width = (int(table.schema.metadata[key]) for key in (b"height", b"width"))
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise DualGeoError(f"{path} cannot be used ({error}); run `dvc repro segment` again.") from None
        for photo_id, mask in zip(table["photo_id"].to_pylist(), table["mask"].to_pylist(), strict=True):
            masks[str(photo_id)] = np.frombuffer(mask, np.uint8).reshape(height, width)
    return masks


def mask_picture(mask: npt.NDArray[np.uint8]) -> MaskPicture:
    """Colour a mask of ADE20K-150 class ids, pixel for pixel, with a legend of its largest classes."""
    ids, counts = np.unique(mask, return_counts=True)
    order = np.lexsort((ids, -counts))
    shares = [
        ClassShare(class_name(int(ids[i])), class_colour(int(ids[i])), 100 * float(counts[i]) / mask.size)
        for i in order
    ]
    image = Image.fromarray(mask, "P")
    image.putpalette([value for colour in ADE20K_PALETTE for value in colour])
    return MaskPicture(
        source=_source(image, "png", optimize=True),
        classes=tuple(shares[:LEGEND_CLASSES]),
        others=sum(share.percent for share in shares[LEGEND_CLASSES:]),
    )


def class_name(label: int) -> str:
    """The ADE20K-150 name of a class id."""
    return ADE20K_NAMES[label] if label < len(ADE20K_NAMES) else f"class {label}"


def class_colour(label: int) -> str:
    """The colour of a class id as #rrggbb."""
    if label >= len(ADE20K_PALETTE):
        return "#000000"
    red, green, blue = ADE20K_PALETTE[label]
    return f"#{red:02x}{green:02x}{blue:02x}"


def shards_of(photos: pd.DataFrame, photo_ids: Iterable[str]) -> dict[str, str]:
    """photo_id -> shard for some photos, in the order of the table."""
    rows = photos[photos["photo_id"].isin(list(photo_ids))]
    return {str(i): str(shard) for i, shard in zip(rows["photo_id"], rows["shard"], strict=True)}


def _source(image: Image.Image, kind: str, **options: int | bool) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind.upper(), **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
