"""What a corruption promises, whatever the photo."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from dualgeo.study.corruption.kinds import CORRUPTIONS, corrupt

NAMES = sorted(CORRUPTIONS)
PHOTOS = 6


def _photo(height: int, width: int, seed: int = 0) -> Image.Image:
    """Blobs of colour with an edge and some grain: something for every corruption to work on."""
    random = np.random.default_rng(seed)
    values = gaussian_filter(random.random((height, width, 3)), (min(height, width) / 12, min(height, width) / 12, 0))
    values = (values - values.min()) / (values.max() - values.min())
    values[height // 2 :, : width // 2] *= 0.4
    values += 0.05 * random.random((height, width, 3))
    return Image.fromarray((255 * np.clip(values, 0, 1)).astype(np.uint8))


def _distance(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).mean())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(96, 96), (150, 220)])
def test_a_stronger_severity_is_further_from_the_photo(name: str, size: tuple[int, int]) -> None:
    photos = [_photo(*size, seed) for seed in range(PHOTOS)]
    mean = [
        np.mean([_distance(corrupt(photo, name, severity, 0, f"p{i}"), photo) for i, photo in enumerate(photos)])
        for severity in range(6)
    ]
    assert mean[0] == 0
    assert all(after > before for before, after in pairwise(mean)), mean


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(NAMES), severity=st.integers(1, 5), height=st.integers(32, 140), width=st.integers(32, 140))
def test_size_and_photo_are_kept_and_the_copy_is_always_the_same(
    name: str, severity: int, height: int, width: int
) -> None:
    photo = _photo(height, width)
    before = photo.tobytes()
    copy = corrupt(photo, name, severity, 3, "a")
    assert (copy.size, copy.mode) == (photo.size, "RGB")
    assert photo.tobytes() == before
    assert corrupt(photo, name, severity, 3, "a").tobytes() == copy.tobytes()


def test_severity_0_is_the_photo_and_others_are_refused() -> None:
    photo = _photo(64, 64)
    for name in NAMES:
        assert corrupt(photo, name, 0, 0, "a").tobytes() == photo.tobytes()
        for severity in (-1, 6):
            with pytest.raises(ValueError, match="severity"):
                corrupt(photo, name, severity, 0, "a")


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"defocus", "jpeg"}))
def test_photo_and_seed_draw_their_own_weather(name: str) -> None:
    photo = _photo(96, 96)
    copies = {corrupt(photo, name, 3, seed, photo_id).tobytes() for seed in (0, 1) for photo_id in ("a", "b")}
    assert len(copies) == 4


@pytest.mark.parametrize("name", ["defocus", "motion", "fog", "rain", "snow", "colour-cast"])
def test_a_large_photo_is_corrupted_as_its_small_copy_is(name: str) -> None:
    """Sizes are shares of the photo: shrinking the corrupted photo is near to corrupting the shrunk one."""
    large = _photo(288, 288)
    small = large.resize((96, 96), Image.Resampling.BOX)
    shrunk = corrupt(large, name, 3, 0, "a").resize((96, 96), Image.Resampling.BOX)
    assert _distance(shrunk, corrupt(small, name, 3, 0, "a")) < 0.35 * _distance(shrunk, small)


def test_fog_hides_what_is_far_and_leaves_what_is_near() -> None:
    photo = _photo(96, 96)
    foggy = np.asarray(corrupt(photo, "fog", 3, 0, "a"), np.float64)
    spread = foggy.std(axis=(1, 2)) / np.asarray(photo, np.float64).std(axis=(1, 2))
    assert spread[:40].mean() < 0.7 * spread[-10:].mean()
