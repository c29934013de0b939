"""What is left of the views, and the pictures of the copies, from made masks and features."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from dualgeo.datasets.contract import read_photos
from dualgeo.previews.corrupted import corrupted_picture
from dualgeo.previews.material import Material
from dualgeo.study.corruption.draw import draw_corrupted
from dualgeo.study.corruption.layout import features_of, masks_of
from dualgeo.study.findings.stability import CHANCE, stability_of
from dualgeo.study.findings.strip import strips_of
from dualgeo.views.cache import feature_path, ids_by_shard, mask_path, write_feature_shard, write_mask_shard
from dualgeo.workspace import Workspace
from tests.study.made import params

CELLS = 4


@pytest.fixture
def workspace(dataset: Path, tmp_path: Path) -> Workspace:
    """The tiny dataset with copies and views: `jpeg-5` loses a quarter of every mask and the whole embedding."""
    made = Workspace(tmp_path)
    dataset.rename(tmp_path / "atlas")
    (tmp_path / "data").mkdir()
    (tmp_path / "atlas").rename(made.data("atlas"))
    draw_corrupted(made.data("atlas"), made.corrupted, params().study)
    _write_views(ids_by_shard(read_photos(made.data("atlas"))), made.masks, made.features)
    _write_views(ids_by_shard(read_photos(made.corrupted)), masks_of(made.corrupted), features_of(made.corrupted))
    return made


def _write_views(shards: Mapping[str, Sequence[str]], masks: Path, features: Path) -> None:
    for shard, ids in shards.items():
        number = np.array([int(photo_id[-1]) + 10 * (photo_id[-3] == "1") for photo_id in ids], np.uint8)
        mask = np.broadcast_to(number[:, None, None], (len(ids), CELLS, CELLS)).copy()
        embedding = np.eye(32, dtype=np.float16)[number]
        if shard.startswith("jpeg-5"):
            mask[:, 0] = 149
            embedding = np.roll(embedding, 16, axis=1)
        tokens = np.zeros((len(ids), 2, 2, 3), np.float16)
        for folder in (masks, features):
            folder.mkdir(parents=True, exist_ok=True)
        write_mask_shard(mask_path(masks, shard), ids, mask, "key")
        write_feature_shard(feature_path(features, shard), ids, embedding, tokens, "key")


def test_what_is_kept_is_measured_against_the_clean_photo_and_by_chance(workspace: Workspace) -> None:
    found = stability_of(workspace.data("atlas"), workspace.masks, workspace.features, workspace.corrupted)
    assert set(found) == {"fog-1", "fog-5", "jpeg-1", "jpeg-5", CHANCE}
    for name in ("fog-1", "fog-5", "jpeg-1"):
        assert (found[name].masks, found[name].embedding) == pytest.approx((1.0, 1.0))
    assert (found["jpeg-5"].masks, found["jpeg-5"].embedding) == pytest.approx((0.75, 0.0))
    # No two photos of the dataset share a class or a direction.
    assert (found[CHANCE].masks, found[CHANCE].embedding) == pytest.approx((0.0, 0.0))


def test_one_photo_is_shown_from_clean_to_the_strongest_severity(workspace: Workspace) -> None:
    photo_id, strips = strips_of(workspace, params())
    assert photo_id in set(read_photos(workspace.corrupted)["photo_id"])
    assert [strip.corruption for strip in strips] == ["fog", "jpeg"]
    for strip in strips:
        assert [picture.severity for picture in strip.pictures] == [0, 1, 5]
        assert len({picture.photo for picture in strip.pictures}) == 3
    fog, jpeg = strips
    assert fog.pictures[0].mask == fog.pictures[2].mask != jpeg.pictures[2].mask


def test_the_preview_shows_photos_and_masks_and_loads_nothing(workspace: Workspace) -> None:
    root = ElementTree.fromstring(corrupted_picture(Material(workspace, params())))
    links = [node.attrib["href"] for node in root.iter("{http://www.w3.org/2000/svg}image")]
    assert len(links) == 2 * 3 * 2 and all(link.startswith("data:image/") for link in links)
