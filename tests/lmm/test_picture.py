"""What leaves the machine of a photo: its pixels, made smaller, and nothing else."""

import hashlib
import io
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dualgeo.datasets.images import load_photo
from dualgeo.datasets.shards import ShardWriter
from dualgeo.errors import DualGeoError
from dualgeo.lmm.picture import Photos, picture_of

PLANTED = (b"GPS-SECRET", b"XMP-SECRET", b"COMMENT-SECRET", b"THUMB-SECRET", b"ICC-SECRET", b"TRAILER-SECRET")


def _scene(width: int, height: int, seed: int = 0) -> Image.Image:
    colours = np.random.default_rng(seed).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((width, height))


def _planted(image: Image.Image) -> bytes:
    """A JPEG with everything that cameras and programs write beside the pixels."""
    thumbnail = io.BytesIO()
    image.resize((16, 16)).save(thumbnail, "JPEG", comment=b"THUMB-SECRET")
    exif = image.getexif()
    exif[0x010E] = "GPS-SECRET"
    exif[0x927C] = thumbnail.getvalue()
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (48.0, 51.0, 30.0)
    position[29] = "GPS-SECRET"
    file = io.BytesIO()
    image.save(
        file,
        "JPEG",
        quality=95,
        exif=exif,
        xmp=b"<x:xmpmeta>XMP-SECRET</x:xmpmeta>",
        comment=b"COMMENT-SECRET",
        icc_profile=b"ICC-SECRET" + bytes(200),
    )
    return file.getvalue() + b"TRAILER-SECRET"


def _segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """Marker and content of every segment before the pixels, read as the standard says."""
    assert jpeg[:2] == b"\xff\xd8"
    position, found = 2, []
    while jpeg[position + 1] != 0xDA:
        assert jpeg[position] == 0xFF
        size = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        found.append((jpeg[position + 1], jpeg[position + 4 : position + 2 + size]))
        position += 2 + size
    return found


def _dataset(folder: Path, photos: dict[str, bytes], per_shard: int = 2) -> pd.DataFrame:
    with ShardWriter(folder / "shards", per_shard) as writer:
        shards = [writer.add(name, {"jpg": content, "mask.png": b"\x89PNG"}) for name, content in photos.items()]
    return pd.DataFrame({"photo_id": list(photos), "shard": shards})


def test_nothing_of_the_file_but_its_pixels_leaves(tmp_path):
    content = _planted(_scene(640, 480))
    assert all(secret in content for secret in PLANTED)
    table = _dataset(tmp_path, {"a": content})
    path = tmp_path / "new.jpg"
    path.write_bytes(content)
    stored = Photos(tmp_path, table, 256).picture("a").jpeg()
    opened = picture_of(Image.open(io.BytesIO(content)), 256).jpeg()
    for sent in (stored, opened, picture_of(load_photo(path), 256).jpeg()):
        assert not any(secret in sent for secret in PLANTED)
        assert [marker for marker, _ in _segments(sent) if 0xE0 <= marker <= 0xFE] == [0xE0]
        # The one application segment says JFIF and a density without a unit, and has no thumbnail.
        assert _segments(sent)[0] == (0xE0, b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        assert sent.endswith(b"\xff\xd9")
        with Image.open(io.BytesIO(sent)) as image:
            assert dict(image.getexif()) == {}
            assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_real_cameras_metadata_does_not_leave(shared):
    files = sorted((shared / "exif").rglob("*.jp*g"))[:12]
    assert files
    for file in files:
        sent = picture_of(load_photo(file), 512).jpeg()
        assert [marker for marker, _ in _segments(sent) if 0xE0 <= marker <= 0xFE] == [0xE0], file


@pytest.mark.parametrize(
    ("size", "side", "sent"),
    [
        ((640, 480), 256, (256, 192)),
        ((96, 96), 1024, (96, 96)),
        ((100, 400), 200, (50, 200)),
        ((500, 33), 100, (100, 7)),
    ],
)
def test_photos_shrink_to_the_side_and_never_grow(size, side, sent):
    picture = picture_of(_scene(*size), side)
    with Image.open(io.BytesIO(picture.jpeg())) as image:
        assert image.size == (picture.width, picture.height) == sent
        assert image.mode == "RGB"


def test_the_same_photo_gives_the_same_bytes_and_their_digest(tmp_path):
    table = _dataset(tmp_path, {name: _planted(_scene(300, 200, seed)) for seed, name in enumerate("abc")})
    first, second = Photos(tmp_path, table, 128), Photos(tmp_path, table, 128)
    for name in "cab":
        one, two = first.picture(name), second.picture(name)
        assert one.jpeg() == two.jpeg() == one.jpeg()
        assert one.sha256 == hashlib.sha256(one.jpeg()).hexdigest()
    assert len({first.picture(name).sha256 for name in "abc"}) == 3
    assert Photos(tmp_path, table, 64).picture("a").sha256 != first.picture("a").sha256


def test_metadata_and_a_later_copy_of_the_same_pixels_make_no_other_key():
    lossless = io.BytesIO()
    _scene(200, 100).save(lossless, "PNG")
    plain = picture_of(_scene(200, 100), 128)
    assert picture_of(Image.open(io.BytesIO(lossless.getvalue())), 128).sha256 == plain.sha256


def test_many_threads_read_what_one_reads(tmp_path):
    names = [f"p{number}" for number in range(12)]
    photos = {name: _planted(_scene(120, 90, number)) for number, name in enumerate(names)}
    table = _dataset(tmp_path, photos, 3)
    alone = Photos(tmp_path, table, 64)
    expected = {name: alone.picture(name).jpeg() for name in names}
    together, read = Photos(tmp_path, table, 64), dict[str, bytes]()

    def work(part: list[str]) -> None:
        for name in part:
            read[name] = together.picture(name).jpeg()

    threads = [threading.Thread(target=work, args=(names[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == expected


def test_no_photo_stays_in_memory(tmp_path):
    """The bytes are made again whenever they are asked for; what is remembered of a photo is its digest and size."""
    table = _dataset(tmp_path, {"a": _planted(_scene(300, 200))})
    picture = Photos(tmp_path, table, 128).picture("a")
    first = picture.jpeg()
    assert picture.jpeg() is not first


def test_a_photo_that_is_unknown_missing_damaged_or_changed_is_named(tmp_path):
    table = _dataset(tmp_path, {"a": _planted(_scene(300, 200)), "broken": b"\xff\xd8 no photo"})
    photos = Photos(tmp_path, pd.concat([table, pd.DataFrame({"photo_id": ["gone"], "shard": ["00000"]})]), 128)
    with pytest.raises(DualGeoError, match="Photo nobody is not in the table"):
        photos.picture("nobody")
    with pytest.raises(DualGeoError, match="holds no photo gone"):
        photos.picture("gone")
    with pytest.raises(DualGeoError, match="photo broken cannot be read"):
        photos.picture("broken")
    with pytest.raises(DualGeoError, match=r"00007.tar does not exist"):
        Photos(tmp_path, pd.DataFrame({"photo_id": ["a"], "shard": ["00007"]}), 128).picture("a")
    picture = photos.picture("a")
    _dataset(tmp_path, {"a": _planted(_scene(300, 200, seed=9)), "broken": b""})
    with pytest.raises(DualGeoError, match=r"cannot be read|changed while it was asked about"):
        picture.jpeg()
