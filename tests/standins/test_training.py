"""How the stand-ins are trained: on places of their own, labels staying labels, to the same weights each time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dualgeo.atlas.view import CONDITIONS
from dualgeo.errors import DualGeoError
from dualgeo.standins.augment import augment
from dualgeo.standins.clip import ClipTraining, city_contrast, class_shares, train_clip
from dualgeo.standins.data import StandinData, load_data
from dualgeo.standins.measure import measure_clip, measure_segformer
from dualgeo.standins.segformer import SegformerTraining, train_segformer

TINY_CLIP = ClipTraining(epochs=2, whole_epochs=1, cities=5, photos=4)
TINY_SEGFORMER = SegformerTraining(epochs=1, batch=16)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StandinData:
    return load_data(tmp_path_factory.mktemp("standins") / "photos.npz", 0, 16, workers=1, cities=6)


def test_held_out_cities_are_not_trained_on(data: StandinData) -> None:
    assert (len(data.train), len(data.gallery), len(data.queries)) == (80, 12, 4 * len(CONDITIONS))
    assert not set(data.train.city) & {*data.gallery.city, *data.queries.city}
    assert set(data.gallery.city) == set(data.queries.city)
    assert np.array_equal(np.bincount(data.queries.condition), [4] * len(CONDITIONS))
    # A scene shows the same things under every condition.
    assert all(np.array_equal(data.queries.masks[0], mask) for mask in data.queries.masks[1 : len(CONDITIONS)])


def test_a_cache_gives_back_what_was_rendered(tmp_path: Path) -> None:
    cache = tmp_path / "photos.npz"
    first, second = (load_data(cache, 3, 16, workers=1, cities=2) for _ in range(2))
    for part in ("train", "gallery", "queries"):
        for column, stored in vars(getattr(first, part)).items():
            assert np.array_equal(stored, getattr(getattr(second, part), column))


def test_an_odd_number_of_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match="multiple of 16, not 20"):
        load_data(tmp_path / "photos.npz", 0, 20, workers=1, cities=2)


@pytest.mark.parametrize("what", ["clip", "segformer"])
def test_the_same_seed_gives_the_same_weights(what: str, data: StandinData, tmp_path: Path) -> None:
    weights: list[bytes] = []
    for name in ("a", "b"):
        if what == "clip":
            train_clip(data.train, tmp_path / name, TINY_CLIP)
        else:
            train_segformer(data.train, tmp_path / name, TINY_SEGFORMER)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


def test_trained_models_are_measured_through_the_loading_code_of_the_views(data: StandinData, tmp_path: Path) -> None:
    train_clip(data.train, tmp_path / "clip", TINY_CLIP)
    train_segformer(data.train, tmp_path / "segformer", TINY_SEGFORMER)
    clip, segformer = measure_clip(data, tmp_path / "clip"), measure_segformer(data, tmp_path / "segformer")
    accuracy, conditions = clip["acc_25km"], segformer["conditions"]
    assert isinstance(accuracy, dict) and isinstance(conditions, dict)
    assert list(accuracy) == list(conditions) == list(CONDITIONS)
    # One held-out city: every neighbour is right.
    assert set(accuracy.values()) == {1.0}


def test_augmentation_moves_picture_and_labels_together() -> None:
    ids = torch.from_numpy(np.random.default_rng(0).choice(np.array([20, 60, 140], np.uint8), (40, 8, 8)))
    masks = ids.repeat_interleave(12, 1).repeat_interleave(12, 2)
    images = masks[..., None].expand(-1, -1, -1, 3).contiguous()
    pictures, labels = augment(images, masks, 24, torch.Generator().manual_seed(0))
    assert pictures.shape == (40, 3, 96, 96) and pictures.min() >= 0 and pictures.max() <= 1
    assert set(labels.unique().tolist()) == {20, 60, 140}
    grey = pictures.mean(1)[:, 2::4, 2::4]
    low, high = grey[labels == 20].mean(), grey[labels == 140].mean()
    assert low < 0.15 < 0.45 < high


def test_the_contrast_is_the_mean_over_pairs_of_one_city() -> None:
    embeddings = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    city = torch.tensor([0, 0, 1, 1, 1, 0])
    unit = embeddings / embeddings.norm(dim=1, keepdim=True)
    losses: list[float] = []
    for i in range(6):
        others = [j for j in range(6) if j != i]
        total = sum(float(torch.exp(unit[i] @ unit[j] / 0.1)) for j in others)
        same = [j for j in others if city[j] == city[i]]
        losses.append(-sum(np.log(float(torch.exp(unit[i] @ unit[j] / 0.1)) / total) for j in same) / len(same))
    assert float(city_contrast(embeddings, city, 0.1)) == pytest.approx(np.mean(losses), rel=1e-5)
    perfect = torch.nn.functional.one_hot(city).float()
    assert float(city_contrast(perfect, city, 0.1)) < float(city_contrast(embeddings, city, 0.1))


def test_class_shares_count_each_patch() -> None:
    labels = torch.full((2, 24, 24), 2)
    labels[1, :3, :3] = torch.tensor([[6, 6, 6], [2, 2, 2], [149, 2, 2]])
    shares = class_shares(labels)
    assert shares.shape == (2, 64, 150) and torch.allclose(shares.sum(2), torch.ones(2, 64))
    assert shares[1, 0, [2, 6, 149]].tolist() == pytest.approx([5 / 9, 3 / 9, 1 / 9])
    assert bool((shares[1, 1:, 2] == 1).all())
