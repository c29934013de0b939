"""Segmentation quality: known confusions give known figures, and labels are never mixed."""

import numpy as np
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.views.ade20k import ADE20K_NAMES, ADE20K_PALETTE
from dualgeo.views.quality import Confusion, decode_mask, nearest
from tests.views.tiny import png


def test_figures_of_a_known_confusion() -> None:
    confusion = Confusion()
    # Truth: 4 sky, 4 road; the model paints one road cell as sky and one sky cell as a car that is not there.
    confusion.add(np.array([[2, 2, 2, 2], [6, 6, 6, 6]], np.uint8), np.array([[2, 2, 2, 20], [2, 6, 6, 6]], np.uint8))
    summary = confusion.summary()
    assert summary["pixel_accuracy"] == 6 / 8
    assert summary["class_iou"] == {"sky": 3 / 5, "road": 3 / 4}
    assert summary["miou"] == pytest.approx((3 / 5 + 3 / 4) / 2)


def test_adding_photos_one_by_one_or_stacked_is_the_same() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 150, (2, 6, 16, 16), dtype=np.uint8)
    stacked, single = Confusion(), Confusion()
    stacked.add(truth.reshape(-1, 16), predicted.reshape(-1, 16))
    for one, other in zip(truth, predicted, strict=True):
        single.add(one, other)
    assert stacked.summary() | {"photos": 6} == single.summary()


@pytest.mark.parametrize(("height", "width"), [(24, 24), (7, 5), (96, 96), (130, 11), (1, 1)])
def test_resizing_only_picks_ids_that_were_there(height: int, width: int) -> None:
    ids = np.random.default_rng(1).choice(np.array([0, 2, 149], np.uint8), (96, 90))
    resized = nearest(ids, height, width)
    assert resized.shape == (height, width) and set(np.unique(resized)) <= {0, 2, 149}


def test_resizing_takes_the_centre_of_each_cell() -> None:
    ids = np.arange(36, dtype=np.uint8).reshape(6, 6)
    assert np.array_equal(nearest(ids, 6, 6), ids)
    assert np.array_equal(nearest(ids, 2, 2), [[7, 10], [25, 28]])
    assert np.array_equal(nearest(ids, 12, 12), ids.repeat(2, 0).repeat(2, 1))


def test_a_truth_mask_is_cropped_like_its_photo_and_checked() -> None:
    ids = np.zeros((4, 8), np.uint8)
    ids[:, 2:6] = 9
    assert np.array_equal(decode_mask(png(ids)), np.full((4, 4), 9))
    with pytest.raises(DualGeoError, match="class id 200"):
        decode_mask(png(np.full((4, 4), 200, np.uint8)))


def test_class_names_and_colours() -> None:
    assert len(set(ADE20K_NAMES)) == 150 == len(set(ADE20K_PALETTE))
    known = {"wall": 0, "building": 1, "sky": 2, "tree": 4, "road": 6, "person": 12, "car": 20, "house": 25, "palm": 72}
    assert {name: ADE20K_NAMES.index(name) for name in known} == known
    assert ADE20K_NAMES[149] == "flag" and all(0 <= part <= 255 for colour in ADE20K_PALETTE for part in colour)
