"""The dataset folder: the same bytes for any number of workers, after a kill, and never half an Atlas."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dualgeo.atlas.build import build_atlas
from dualgeo.atlas.contact_sheet import contact_sheet
from dualgeo.datasets.contract import read_photos, shard_path
from dualgeo.datasets.shards import photo_image, read_shard
from dualgeo.errors import DualGeoError
from dualgeo.params import AtlasParams

SLOW_BUILD = """
import json, sys
from pathlib import Path
from dualgeo.atlas.build import build_atlas
from dualgeo.params import AtlasParams
if __name__ == "__main__":
    build_atlas(AtlasParams(**json.loads(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))
"""


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def built(small: AtlasParams, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("atlas") / "atlas"
    build_atlas(small, folder, workers=1)
    return folder


def test_the_folder_holds_what_the_contract_says(built: Path, small: AtlasParams) -> None:
    photos = read_photos(built)
    assert len(photos) == 50 + 12 + 7 * 10
    assert (photos["licence"] == "CC0-1.0 (generated)").all()
    assert photos["city"].notna().all() and photos["country"].str.fullmatch("[A-Z]{2}").all()
    assert (built / "quarantine.csv").read_text() == "file,reason\n"
    digests = dict(zip(photos["photo_id"], photos["sha256"], strict=True))
    for shard in photos["shard"].unique():
        for photo_id, members in read_shard(shard_path(built, shard)):
            assert hashlib.sha256(members["jpg"]).hexdigest() == digests.pop(photo_id)
            assert photo_image(members["jpg"]).size == (small.image_size, small.image_size)
            mask = np.asarray(Image.open(io.BytesIO(members["mask.png"])))
            assert mask.dtype == np.uint8 and mask.shape == (small.image_size,) * 2 and mask.max() < 150
    assert not digests


def test_two_workers_write_the_bytes_of_one(built: Path, small: AtlasParams, tmp_path: Path) -> None:
    build_atlas(small, tmp_path / "atlas", workers=2)
    assert _bytes(tmp_path / "atlas") == _bytes(built)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_build_resumes_to_the_same_bytes(
    built: Path, small: AtlasParams, tmp_path: Path, workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "build.py"
    script.write_text(SLOW_BUILD)
    command = [sys.executable, str(script), small.model_dump_json(), str(tmp_path / "atlas"), str(workers)]
    with subprocess.Popen(command, start_new_session=True) as process:
        records = tmp_path / ".atlas.building" / "records"
        deadline = time.monotonic() + 60
        while not list(records.glob("0*.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "atlas").exists()
    time.sleep(0.5)
    build_atlas(small, tmp_path / "atlas", workers=1)
    assert "shards are there already" in capfd.readouterr().err
    assert _bytes(tmp_path / "atlas") == _bytes(built)
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".atlas")] == []


def test_the_same_atlas_is_not_drawn_again_and_another_replaces_it(
    small: AtlasParams, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny = small.model_copy(update={"gallery_photos": 12, "queries_per_set": 2, "validation_photos": 2})
    build_atlas(tiny, tmp_path / "atlas", workers=1)
    before = (tmp_path / "atlas" / "photos.parquet").stat().st_mtime_ns
    build_atlas(tiny, tmp_path / "atlas", workers=1)
    assert "already holds this Atlas" in capfd.readouterr().err
    assert (tmp_path / "atlas" / "photos.parquet").stat().st_mtime_ns == before
    first = read_photos(tmp_path / "atlas")
    build_atlas(tiny.model_copy(update={"seed": 6}), tmp_path / "atlas", workers=1)
    assert set(read_photos(tmp_path / "atlas")["sha256"]).isdisjoint(first["sha256"])


def test_the_contact_sheet_is_a_picture_and_other_endings_are_refused(small: AtlasParams, tmp_path: Path) -> None:
    contact_sheet(tmp_path / "sheet.jpg", small)
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.width > 1000 and sheet.height > 1000
    with pytest.raises(DualGeoError, match=r"\.jpg or \.png"):
        contact_sheet(tmp_path / "sheet.gif", small)
