"""The shipped stand-ins: small, of the real models' classes, loaded like them, as good as stated."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dualgeo.atlas.render import render
from dualgeo.atlas.standin import StandinScenes
from dualgeo.files import read_json
from dualgeo.standins.measure import BATCH
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.pretrained import SHIPPED
from dualgeo.views.quality import nearest
from dualgeo.views.segmenter import load_segmenter


@pytest.fixture(scope="module")
def scenes() -> tuple[list[Image.Image], list[np.ndarray]]:
    """64 scenes of the stand-ins' own cities."""
    views = StandinScenes(9, 64, 1, ("daylight",))
    drawn = [render(views.scene(index), 96) for index in range(BATCH)]
    return [Image.fromarray(picture) for picture, _ in drawn], [mask for _, mask in drawn]


def test_they_are_small_and_of_the_real_classes() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.glob("*/model.safetensors")) < 6 * 2**20
    classes = {
        path.parent.name: json.loads(path.read_text())["architectures"] for path in SHIPPED.glob("*/config.json")
    }
    assert classes == {"clip": ["CLIPVisionModelWithProjection"], "segformer": ["SegformerForSemanticSegmentation"]}


def test_a_photo_is_seen_the_same_alone_and_in_any_batch(scenes: tuple[list[Image.Image], list[np.ndarray]]) -> None:
    pictures, _ = scenes
    encoder, segmenter = load_image_encoder("standin/clip"), load_segmenter("standin/segformer")
    embedding, masks = encoder.encode(pictures).embedding, segmenter.segment(pictures)
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    for batch in (1, 7):
        starts = range(0, len(pictures), batch)
        again = np.concatenate([encoder.encode(pictures[start : start + batch]).embedding for start in starts])
        assert (np.abs(again - embedding) / length).max() < 1e-5
        assert np.array_equal(np.concatenate([segmenter.segment(pictures[s : s + batch]) for s in starts]), masks)


def test_the_segmenter_knows_a_street(scenes: tuple[list[Image.Image], list[np.ndarray]]) -> None:
    pictures, truths = scenes
    predicted = load_segmenter("standin/segformer").segment(pictures)
    truth = np.stack([nearest(mask, *predicted.shape[1:]) for mask in truths])
    assert (predicted == truth).mean() > 0.75


def test_the_stated_quality_covers_every_condition() -> None:
    measured = read_json(Path(SHIPPED) / "measured.json")
    clip, segformer = measured["clip"], measured["segformer"]
    assert isinstance(clip, dict) and isinstance(segformer, dict)
    assert set(clip["acc_25km"]) == set(segformer["conditions"])
    assert clip["acc_25km"]["daylight"] > 10 / clip["cities"]
