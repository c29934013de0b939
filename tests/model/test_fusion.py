"""What callers rely on in the photo encoder: a photo's vector is its own, and masks are labels."""

import numpy as np
import pytest
import torch

from dualgeo.model.encode import encode, parts_of
from dualgeo.model.fusion import PhotoEncoder, PhotoViews, cell_fractions, fuse
from dualgeo.model.system import GeoSystem, load_system, save_system
from dualgeo.params import IndexParams
from tests.model.made_views import CHANNELS, GRID, PARAMS, SIZE, config_of, made_views

VARIANTS = ["image", "segmentation", "dual-no-attention", "dual"]


def _first(views: PhotoViews, count: int) -> PhotoViews:
    return PhotoViews(views.embedding[:count], views.tokens[:count], views.masks[:count])


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_photo_gets_the_same_vector_alone_and_in_any_batch(variant: str) -> None:
    torch.manual_seed(0)
    encoder = PhotoEncoder(variant, SIZE, CHANNELS, GRID, PARAMS.model).eval()
    views = made_views(64)
    with torch.inference_mode():
        alone, seven, many = (fuse(encoder(_first(views, n)))[0] for n in (1, 7, 64))
    assert (alone - seven).abs().max() < 1e-5
    assert (alone - many).abs().max() < 1e-5


@pytest.mark.parametrize(("variant", "changes"), [("dual", True), ("dual-no-attention", False)])
def test_views_meet_before_the_vector_only_with_cross_attention(variant: str, changes: bool) -> None:
    torch.manual_seed(0)
    encoder = PhotoEncoder(variant, SIZE, CHANNELS, GRID, PARAMS.model).eval()
    views = made_views(2)
    other = PhotoViews(views.embedding, views.tokens, (views.masks + 1) % 150)
    with torch.inference_mode():
        before, after = encoder(views)[0], encoder(other)[0]
    assert bool((before - after).abs().max() > 1e-4) is changes


def test_segmentation_only_ignores_the_picture_and_image_only_the_mask() -> None:
    views, others = made_views(3, seed=1), made_views(3, seed=2)
    swapped = PhotoViews(others.embedding, others.tokens, views.masks)
    for variant, same in (("segmentation", True), ("image", False)):
        encoder = PhotoEncoder(variant, SIZE, CHANNELS, GRID, PARAMS.model).eval()
        with torch.inference_mode():
            assert torch.equal(encoder(views)[0], encoder(swapped)[0]) is same


def test_cell_fractions_count_labels_and_never_mix_them() -> None:
    masks = np.random.default_rng(0).integers(0, 150, (5, 17, 23), np.uint8)
    shares = cell_fractions(torch.from_numpy(masks), 4).numpy()
    assert np.allclose(shares.sum(axis=-1), 1)
    present = [{int(c) for c in np.unique(mask)} for mask in masks]
    counted = [{int(c) for c in np.flatnonzero(share.sum(axis=0))} for share in shares]
    assert counted == present
    top_left = masks[0, :5, :6]
    assert shares[0, 0, top_left[0, 0]] == pytest.approx((top_left == top_left[0, 0]).mean())


def test_a_mask_smaller_than_the_raster_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        cell_fractions(torch.zeros(1, 3, 3, dtype=torch.uint8), 4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_saved_system_answers_as_before(variant: str, tmp_path) -> None:
    system = GeoSystem(config_of(variant)).eval()
    save_system(system, tmp_path / "model", {"curve.csv": "epoch,loss\n"})
    again = load_system(tmp_path / "model", torch.device("cpu"))
    parts = parts_of(system, PARAMS.index)
    assert np.array_equal(encode(system, made_views(4), parts), encode(again, made_views(4), parts))
    assert again.view_names == system.view_names


def test_index_rows_have_unit_length_and_their_product_is_the_weighted_cosine() -> None:
    system = GeoSystem(config_of("dual")).eval()
    views = made_views(4)
    params = IndexParams(parts=["fused", "image"], weights=[3.0, 1.0], kind="flat")
    both = encode(system, views, parts_of(system, params))
    fused, image = encode(system, views, [("fused", 1.0)]), encode(system, views, [("image", 1.0)])
    assert np.allclose(np.linalg.norm(both, axis=1), 1, atol=1e-6)
    assert np.allclose(both @ both.T, 0.75 * fused @ fused.T + 0.25 * image @ image.T, atol=1e-6)


def test_segmentation_only_rows_hold_no_image_part() -> None:
    system = GeoSystem(config_of("segmentation")).eval()
    assert parts_of(system, PARAMS.index) == [("fused", 1.0)]
