"""Any photo becomes upright RGB of limited size, or is refused in words."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dualgeo.datasets.images import MAX_SIDE, as_jpeg, decoded, load_photo, opened
from dualgeo.errors import DualGeoError
from tests.datasets.bad_photos import exif, jpeg, picture, plain_png, saved


def read(content: bytes) -> Image.Image:
    with opened(content) as image:
        return decoded(image).image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_in_every_format(kind: str, orientation: int) -> None:
    # The left half is red and the upper half bright, so every turn and mirror image differs.
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48, 0] = 120
    pixels[:32] += 100
    options = {} if kind in ("PNG", "TIFF") else {"quality": 95}
    block = exif(main={0x0112: orientation}).tobytes()
    result = np.asarray(read(saved(Image.fromarray(pixels), kind, exif=block, **options))).astype(int)
    mirrored, upside_down = pixels[:, ::-1], pixels[::-1]
    turned = [pixels, mirrored, mirrored[::-1], upside_down]
    turned += [image.transpose(1, 0, 2) for image in (pixels, upside_down, mirrored[::-1], mirrored)]
    wanted = turned[orientation - 1]
    assert result.shape == wanted.shape
    assert np.abs(result - wanted).mean() < 4


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        result = np.asarray(read(saved(Image.fromarray(ramp), kind)))[..., 0]
        assert np.abs(result.astype(int) - ramp // 257).max() <= 1
        assert result.max() == 255 and result.min() == 0


def test_sixteen_bit_grey_that_is_turned() -> None:
    ramp = np.tile(np.linspace(0, 65535, 96).astype(np.uint16), (64, 1))
    result = read(saved(Image.fromarray(ramp), "PNG", exif=exif(main={0x0112: 6})))
    assert result.size == (64, 96)
    assert np.asarray(result)[0].max() < 5


def test_cmyk_palette_and_see_through_become_rgb() -> None:
    source = picture()
    for image, kind in (
        (source.convert("CMYK"), "JPEG"),
        (source.convert("CMYK"), "TIFF"),
        (source.quantize(200), "PNG"),
    ):
        result = np.asarray(read(saved(image, kind))).astype(int)
        assert np.abs(result - np.asarray(source)).mean() < 12
    half = source.convert("RGBA")
    half.putalpha(Image.new("L", half.size, 0))
    assert np.asarray(read(saved(half, "PNG"))).min() == 255


def test_first_picture_of_an_animation_is_used_and_noted() -> None:
    frames = [picture(seed) for seed in range(3)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        with opened(content) as image:
            photo = decoded(image)
        assert photo.note is not None and "first" in photo.note
        assert np.abs(np.asarray(photo.image).astype(int) - np.asarray(frames[0])).mean() < 12


def test_hundred_megapixels_are_taken() -> None:
    assert read(plain_png(10_000, 10_000)).size == (MAX_SIDE, MAX_SIDE)


def test_decompression_bomb_is_refused() -> None:
    with pytest.raises(DualGeoError, match="megapixels"):
        read(plain_png(20_000, 20_000))


def test_large_photos_are_scaled_and_small_ones_kept() -> None:
    assert read(jpeg(size=(3000, 1500))).size == (1024, 512)
    assert read(jpeg(size=(400, 300))).size == (400, 300)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"just some words, no picture at all", "not an image"),
        (b"\xff\xd8\xff", "image|damaged"),
        (jpeg(size=(400, 300))[:3000], "cut off"),
        (saved(picture(size=(400, 300)), "PNG")[:9000], "cut off"),
        (saved(picture(size=(400, 300)), "HEIF")[:900], "cut off|damaged|not an image"),
        (saved(picture(size=(400, 300)), "AVIF")[:900], "cut off|damaged|not an image"),
        (saved(picture(size=(400, 300)), "WEBP")[:900], "cut off|damaged|not an image"),
        (saved(picture(size=(400, 300)), "TIFF")[:9000], "cut off|damaged|not an image"),
        (jpeg(size=(1, 1)), "too small: 1 x 1"),
        (jpeg(size=(4000, 40)), "too small: 4000 x 40 pixels, 10 after scaling"),
        (saved(Image.fromarray(np.ones((64, 64), np.float32)), "TIFF"), "floating-point"),
        (saved(Image.fromarray(np.full((64, 64), 10**6, np.int32)), "TIFF"), "32-bit"),
    ],
)
def test_what_is_no_usable_photo_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(DualGeoError, match=reason):
        read(content)


def test_stored_jpeg_has_no_metadata() -> None:
    stored = as_jpeg(read(jpeg(block=exif(main={0x013B: "A. Person"}))))
    with Image.open(io.BytesIO(stored)) as image:
        assert image.format == "JPEG" and "exif" not in image.info and "icc_profile" not in image.info


def test_photo_to_locate_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"")
    with pytest.raises(DualGeoError, match=r"broken\.jpg: the file is empty"):
        load_photo(tmp_path / "broken.jpg")
    with pytest.raises(DualGeoError, match=r"none\.jpg cannot be read"):
        load_photo(tmp_path / "none.jpg")
    (tmp_path / "good.jpg").write_bytes(jpeg())
    assert load_photo(tmp_path / "good.jpg").size == (96, 64)
