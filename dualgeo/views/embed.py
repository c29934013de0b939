"""The image view of a whole dataset, as a cache of features."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dualgeo.errors import DualGeoError
from dualgeo.params import ImageViewParams, ViewsParams
from dualgeo.views.cache import feature_path, write_feature_shard
from dualgeo.views.image_encoder import ImageEncoder, load_image_encoder
from dualgeo.views.preprocessing import Pixels
from dualgeo.views.shard_pass import Outputs, ShardPass


def embed_dataset(dataset: Path, out: Path, params: ViewsParams) -> None:
    """Write <out>/<shard>.arrow for every shard of the dataset folder; finished shards are kept.

    Raises DualGeoError when the model cannot be loaded, a photo cannot be decoded, or a feature does not fit float16.
    """
    image = params.image
    encoder = load_image_encoder(image.model, image.revision, params.device, params.precision, image.grid)
    embed_pass(encoder, image).run(dataset, out)


def embed_pass(encoder: ImageEncoder, image: ImageViewParams) -> ShardPass:
    """How a dataset's features are computed and stored; `run` may be called for several datasets."""

    def forward(pixels: Sequence[Pixels]) -> Outputs:
        features = encoder.encode_pixels(pixels)
        with np.errstate(over="ignore"):
            halves = features.embedding.astype(np.float16), features.tokens.astype(np.float16)
        if not all(np.isfinite(half).all() for half in halves):
            raise DualGeoError(f"features of {image.model} exceed the range of float16; use another model.")
        return halves

    def write(path: Path, ids: Sequence[str], columns: Outputs, key: str) -> None:
        write_feature_shard(path, ids, columns[0], columns[1], key)

    return ShardPass("embed", encoder.key, image.batch, encoder.preprocessing.pixels, forward, feature_path, write)
