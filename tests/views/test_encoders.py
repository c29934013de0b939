"""The frozen encoders: any transformers vision model, one code path, no photo depending on another."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoModel,
    BeitConfig,
    BeitForSemanticSegmentation,
    Dinov2Config,
    Dinov2Model,
    SegformerModel,
    SiglipConfig,
    SiglipModel,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

from dualgeo.errors import DualGeoError
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.segmenter import load_segmenter
from tests.views.tiny import PREPROCESSING, save, scene, tiny_clip, tiny_segformer

TOWER = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def test_a_photo_has_the_same_features_alone_and_in_any_batch(clip_folder: Path, images: list[Image.Image]) -> None:
    encoder = load_image_encoder(str(clip_folder), device="cpu")
    whole = encoder.encode(images)
    scale = np.linalg.norm(whole.embedding, axis=1).max()
    for batch in (1, 7):
        parts = [encoder.encode(images[start : start + batch]) for start in range(0, len(images), batch)]
        embedding = np.concatenate([part.embedding for part in parts])
        tokens = np.concatenate([part.tokens for part in parts])
        assert np.abs(embedding - whole.embedding).max() < 1e-5 * scale
        assert np.abs(tokens - whole.tokens).max() < 1e-5 * np.abs(whole.tokens).max()


def test_a_photo_has_the_same_mask_alone_and_in_any_batch(segformer_folder: Path, images: list[Image.Image]) -> None:
    segmenter = load_segmenter(str(segformer_folder), device="cpu")
    whole = segmenter.segment(images)
    assert whole.shape == (64, 8, 8) and whole.dtype == np.uint8
    for batch in (1, 7):
        parts = [segmenter.segment(images[start : start + batch]) for start in range(0, len(images), batch)]
        assert np.array_equal(np.concatenate(parts), whole)


def test_features_have_the_stated_shapes_and_follow_the_photo(clip_folder: Path) -> None:
    encoder = load_image_encoder(str(clip_folder), device="cpu", grid=2)
    left = Image.new("RGB", (64, 64), "black")
    left.paste(Image.new("RGB", (32, 64), "red"))
    features = encoder.encode([left, left.rotate(180)])
    assert features.embedding.shape == (2, encoder.dimension) == (2, 12)
    assert features.tokens.shape == (2, 2, 2, encoder.channels) == (2, 2, 2, 16)
    # Left and right of a photo are the second axis of the grid: turned by half, they swap.
    plain, turned = features.tokens
    assert np.abs(plain[:, 0] - turned[:, 1]).mean() < np.abs(plain[:, 0] - plain[:, 1]).mean()


def test_both_views_see_the_centre_square_alone(clip_folder: Path, segformer_folder: Path) -> None:
    square = scene(np.random.default_rng(0), 64, 64)
    wide = Image.new("RGB", (200, 64), "magenta")
    wide.paste(square, (68, 0))
    encoder, segmenter = load_image_encoder(str(clip_folder)), load_segmenter(str(segformer_folder))
    assert np.array_equal(encoder.encode([wide]).embedding, encoder.encode([square]).embedding)
    assert np.array_equal(segmenter.segment([wide]), segmenter.segment([square]))


def test_class_ids_are_the_argmax_at_logit_resolution(segformer_folder: Path) -> None:
    photo = scene(np.random.default_rng(1), 32, 32)
    mean, std = (torch.tensor(PREPROCESSING[name]).view(3, 1, 1) for name in ("image_mean", "image_std"))
    pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1) / 255
    with torch.inference_mode():
        logits = tiny_segformer().eval()(pixel_values=((pixels - mean) / std)[None]).logits
    assert np.array_equal(load_segmenter(str(segformer_folder)).segment([photo])[0], logits[0].argmax(0).numpy())


@pytest.mark.parametrize(
    ("model", "dimension"),
    [
        (ViTModel(ViTConfig(**TOWER, image_size=32, patch_size=4)), 16),
        (ViTForImageClassification(ViTConfig(**TOWER, image_size=32, patch_size=4)), 16),
        (Dinov2Model(Dinov2Config(**TOWER, image_size=32, patch_size=4)), 16),
        (SiglipModel(SiglipConfig(vision_config=TOWER | {"image_size": 32, "patch_size": 4}, text_config=TOWER)), 16),
    ],
    ids=["vit", "vit without pooler", "dinov2", "siglip"],
)
def test_other_vision_models_load_through_the_same_call(
    model: AutoModel, dimension: int, tmp_path: Path, images: list[Image.Image]
) -> None:
    encoder = load_image_encoder(str(save(model, tmp_path)), device="cpu", grid=4)
    features = encoder.encode(images[:3])
    assert features.embedding.shape == (3, dimension) and features.tokens.shape == (3, 4, 4, 16)
    assert np.ptp(features.embedding, axis=0).max() > 0
    again = load_image_encoder(str(tmp_path), device="cpu", grid=4)
    assert again.key == encoder.key and np.array_equal(again.encode(images[:3]).embedding, features.embedding)


def test_another_segmenter_loads_through_the_same_call(tmp_path: Path) -> None:
    config = BeitConfig(
        **(TOWER | {"num_hidden_layers": 4}),
        image_size=32,
        patch_size=4,
        num_labels=150,
        out_indices=[1, 2, 3, 4],
        pool_scales=[1, 2],
        use_auxiliary_head=False,
    )
    segmenter = load_segmenter(str(save(BeitForSemanticSegmentation(config), tmp_path)), device="cpu")
    assert segmenter.segment([scene(np.random.default_rng(0))]).shape[0] == 1


def test_the_key_changes_with_weights_preprocessing_grid_and_precision(clip_folder: Path, tmp_path: Path) -> None:
    model = tiny_clip()
    with torch.no_grad():
        next(model.parameters()).add_(1e-3)
    keys = [
        load_image_encoder(str(clip_folder)).key,
        load_image_encoder(str(clip_folder), grid=2).key,
        load_image_encoder(str(clip_folder), precision="bf16").key,
        load_image_encoder(str(save(model, tmp_path / "a"))).key,
        load_image_encoder(str(save(tiny_clip(), tmp_path / "b", PREPROCESSING | {"image_mean": [0, 0, 0]}))).key,
    ]
    assert len(set(keys)) == len(keys)


def test_half_precision_runs_and_stays_close(clip_folder: Path, images: list[Image.Image]) -> None:
    full = load_image_encoder(str(clip_folder), device="cpu").encode(images[:4]).embedding
    half = load_image_encoder(str(clip_folder), device="cpu", precision="bf16").encode(images[:4]).embedding
    assert half.dtype == np.float32 and 0 < np.abs(half - full).max() < 0.1 * np.abs(full).max()


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot be loaded"),
        (lambda folder: (folder / "config.json").unlink(), "cannot be loaded"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "preprocessor_config.json"),
        (lambda folder: (folder / "preprocessor_config.json").write_text('{"size": 32}'), "image_mean"),
        (
            lambda folder: (folder / "preprocessor_config.json").write_text(
                '{"size": {"longest_edge": 9}, "do_normalize": false}'
            ),
            "square",
        ),
        (lambda folder: _cut(folder / "model.safetensors"), "cannot be loaded"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "no-such"}'), "no-such"),
    ],
    ids=["no weights", "no config", "no preprocessing", "no mean", "no square", "cut weights", "unknown type"],
)
def test_a_broken_folder_is_named_in_one_sentence(break_it: object, says: str, tmp_path: Path) -> None:
    folder = save(tiny_clip(), tmp_path / "model")
    break_it(folder)  # pyright: ignore[reportCallIssue]
    with pytest.raises(DualGeoError) as caught:
        load_image_encoder(str(folder))
    message = str(caught.value)
    assert str(folder) in message and says in message and "\n" not in message


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = save(tiny_clip(), tmp_path)
    torch.save(tiny_clip().state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(DualGeoError, match="safetensors"):
        load_image_encoder(str(folder))


def test_a_model_is_never_completed_with_random_weights(tmp_path: Path) -> None:
    backbone = SegformerModel(tiny_segformer().config)
    with pytest.raises(DualGeoError, match="lack"):
        load_segmenter(str(save(backbone, tmp_path)))


def test_a_segmenter_of_other_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match="19 classes where the 150 of ADE20K"):
        load_segmenter(str(save(tiny_segformer(labels=19), tmp_path)))


def test_a_grid_finer_than_the_model_is_refused(clip_folder: Path) -> None:
    with pytest.raises(DualGeoError, match=r"grid is 9 but the model gives 8 x 8"):
        load_image_encoder(str(clip_folder), grid=9)


@pytest.mark.parametrize("name", ["standin/nothing", "./no/such/folder", "/no/such"])
def test_a_name_that_leads_nowhere_says_so(name: str) -> None:
    with pytest.raises(DualGeoError, match=name):
        load_image_encoder(name)


def test_a_device_that_is_not_there_is_named(clip_folder: Path) -> None:
    with pytest.raises(DualGeoError, match="device 'gpu' cannot be used"):
        load_image_encoder(str(clip_folder), device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(DualGeoError, match="device 'cuda' cannot be used"):
            load_image_encoder(str(clip_folder), device="cuda")
