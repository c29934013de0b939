"""Both frozen views of the corrupted copies, and what a view costs."""

from pathlib import Path

from dualgeo.params import ViewsParams
from dualgeo.study.corruption.counting import encoder_cost, segmenter_cost
from dualgeo.study.corruption.layout import cost_path, features_of, masks_of
from dualgeo.views.embed import embed_pass
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.segment import segment_pass
from dualgeo.views.segmenter import load_segmenter


def see_corrupted(corrupted: Path, params: ViewsParams) -> None:
    """Segment and embed the copies with the models that saw the originals; finished shards are kept."""
    image, segmentation = params.image, params.segmentation
    segmenter = load_segmenter(segmentation.model, segmentation.revision, params.device, params.precision)
    segment_pass(segmenter, segmentation.batch).run(corrupted, masks_of(corrupted))
    segmenter_cost(segmenter).save(cost_path(corrupted, "segmentation"))
    encoder = load_image_encoder(image.model, image.revision, params.device, params.precision, image.grid)
    embed_pass(encoder, image).run(corrupted, features_of(corrupted))
    encoder_cost(encoder).save(cost_path(corrupted, "image"))
