"""The segmentation view of a whole dataset, as a cache of class-id masks, with its quality where truth is known."""

from collections.abc import Sequence
from pathlib import Path

from dualgeo.params import ViewsParams
from dualgeo.views.cache import mask_path, write_mask_shard
from dualgeo.views.preprocessing import Pixels
from dualgeo.views.quality import write_quality
from dualgeo.views.segmenter import Segmenter, load_segmenter
from dualgeo.views.shard_pass import Outputs, ShardPass


def segment_dataset(dataset: Path, out: Path, params: ViewsParams) -> None:
    """Write <out>/<shard>.parquet for every shard of the dataset folder, and quality.json; finished shards are kept.

    quality.json is written only when the shards hold ground-truth masks. Raises DualGeoError when the model cannot be
    loaded or a photo cannot be decoded.
    """
    segmentation = params.segmentation
    segmenter = load_segmenter(segmentation.model, segmentation.revision, params.device, params.precision)
    segment_pass(segmenter, segmentation.batch).run(dataset, out)
    write_quality(dataset, out)


def segment_pass(segmenter: Segmenter, batch: int) -> ShardPass:
    """How a dataset's masks are computed and stored; `run` may be called for several datasets."""

    def forward(pixels: Sequence[Pixels]) -> Outputs:
        return (segmenter.segment_pixels(pixels),)

    def write(path: Path, ids: Sequence[str], columns: Outputs, key: str) -> None:
        write_mask_shard(path, ids, columns[0], key)

    return ShardPass("segment", segmenter.key, batch, segmenter.preprocessing.pixels, forward, mask_path, write)
