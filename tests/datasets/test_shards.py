"""Shards hold what was put in, byte for byte the same wherever they are written, and never half."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from dualgeo.datasets.shards import ShardWriter, photo_image, read_shard, write_shard
from dualgeo.errors import DualGeoError
from tests.datasets.bad_photos import jpeg

PHOTOS = [(f"photo-{number}", {"jpg": jpeg(number), "mask.png": bytes([number] * 700)}) for number in range(7)]


def test_photos_come_back_in_order(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, 3) as writer:
        names = [writer.add(photo_id, files) for photo_id, files in PHOTOS]
    assert names == ["00000"] * 3 + ["00001"] * 3 + ["00002"]
    assert [photo for name in sorted(set(names)) for photo in read_shard(tmp_path / f"{name}.tar")] == PHOTOS
    assert np.asarray(photo_image(PHOTOS[0][1]["jpg"])).shape == (64, 96, 3)


def test_bytes_depend_on_content_alone(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.tar", PHOTOS[:3])
    with ShardWriter(tmp_path / "b", 3) as writer:
        for photo_id, files in PHOTOS[:3]:
            writer.add(photo_id, dict(reversed(files.items())))
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b" / "00000.tar").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert {(member.mtime, member.uid, member.gid, member.mode) for member in tar} == {(0, 0, 0, 0o644)}


def test_a_failure_leaves_no_unfinished_shard(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="twice"), ShardWriter(tmp_path, 2) as writer:
        for photo_id, files in [*PHOTOS[:3], PHOTOS[0]]:
            writer.add(photo_id, files)
    assert [path.name for path in tmp_path.iterdir()] == ["00000.tar"]


@pytest.mark.parametrize("photo_id", ["", "a.b", "a/b", "é", "x" * 81])
def test_ids_that_other_readers_would_misread_are_refused(tmp_path: Path, photo_id: str) -> None:
    with pytest.raises(ValueError, match="photo id"):
        write_shard(tmp_path / "a.tar", [(photo_id, {"jpg": b""})])


def test_any_cut_is_noticed(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.tar", PHOTOS[:2])
    whole = (tmp_path / "a.tar").read_bytes()
    content_end = len(whole.rstrip(b"\0"))
    for cut in [0, 1, 300, 512, 1024, content_end - 1, content_end // 2, content_end // 512 * 512, len(whole) - 1]:
        (tmp_path / "cut.tar").write_bytes(whole[:cut])
        with pytest.raises(DualGeoError, match=r"cut\.tar is damaged"):
            list(read_shard(tmp_path / "cut.tar"))
    with pytest.raises(DualGeoError, match=r"none\.tar does not exist"):
        list(read_shard(tmp_path / "none.tar"))


def test_stored_image_that_is_none() -> None:
    with pytest.raises(DualGeoError, match="cannot be decoded"):
        photo_image(b"no image")
