"""The caches: whole shards, resumed after a cut, the same bytes every time, never out of step with the photo table."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dualgeo.datasets.contract import read_photos, shard_path, write_photos
from dualgeo.datasets.shards import photo_image, read_shard, write_shard
from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.params import ViewsParams
from dualgeo.views.cache import ids_by_shard, read_features, read_masks
from dualgeo.views.embed import embed_dataset
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.segment import segment_dataset
from dualgeo.views.segmenter import load_segmenter

MakeDataset = Callable[..., Path]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _stamps(folder: Path, suffix: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob(f"*{suffix}"))}


def test_cached_rows_are_what_the_models_say_of_each_photo(
    make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path
) -> None:
    dataset, masks, features = make_dataset(), tmp_path / "masks", tmp_path / "features"
    segment_dataset(dataset, masks, views)
    embed_dataset(dataset, features, views)
    photos = read_photos(dataset)
    shards = ids_by_shard(photos)
    mask_ids, ids_of_cells = read_masks(masks, shards)
    table = read_features(features, shards)
    assert mask_ids == table.photo_ids == list(photos["photo_id"])
    segmenter = load_segmenter(views.segmentation.model)
    encoder = load_image_encoder(views.image.model, grid=views.image.grid)
    for row, shard in ((0, "00000"), (7, "00000"), (8, "00001"), (19, "00002")):
        image = photo_image(dict(read_shard(shard_path(dataset, shard)))[mask_ids[row]]["jpg"])
        alone = encoder.encode([image])
        assert np.array_equal(ids_of_cells[row], segmenter.segment([image])[0])
        assert np.allclose(table.embedding[row], alone.embedding[0], atol=2e-3, rtol=2e-3)
        assert np.allclose(table.tokens[row], alone.tokens[0].reshape(16, -1), atol=2e-3, rtol=2e-3)


def test_features_are_gathered_across_shards(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset, features = make_dataset(), tmp_path / "features"
    embed_dataset(dataset, features, views)
    table = read_features(features, ids_by_shard(read_photos(dataset)))
    whole = np.asarray(table.tokens)
    assert whole.shape == table.tokens.shape == (20, 16, 16) and whole.dtype == np.float16
    rows = np.array([19, 0, 8, 8, -1])
    assert np.array_equal(table.tokens[rows], whole[rows])
    assert np.array_equal(table.tokens[3:17:5], whole[3:17:5])
    assert np.array_equal(table.tokens[np.arange(20) % 3 == 0], whole[::3])


def test_a_second_run_writes_nothing_and_a_fresh_one_the_same_bytes(
    make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path
) -> None:
    dataset = make_dataset()
    for number, (run, suffix) in enumerate(((segment_dataset, ".parquet"), (embed_dataset, ".arrow"))):
        first, second = tmp_path / f"first{number}", tmp_path / f"second{number}"
        run(dataset, first, views)
        before = _stamps(first, suffix)
        run(dataset, first, views)
        run(dataset, second, views)
        assert len(before) == 3 and _stamps(first, suffix) == before
        assert _bytes(first) == _bytes(second)


def test_only_what_changed_is_computed_again(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset, out = make_dataset(), tmp_path / "features"
    embed_dataset(dataset, out, views)
    before = _stamps(out, ".arrow")
    members = dict(read_shard(shard_path(dataset, "00001")))
    members["p008"] = members["p009"]
    write_shard(shard_path(dataset, "00001"), members.items())
    embed_dataset(dataset, out, views)
    after = _stamps(out, ".arrow")
    assert [name for name in before if before[name] != after[name]] == ["00001.arrow"]
    coarser = views.model_copy(update={"image": views.image.model_copy(update={"grid": 2})})
    embed_dataset(dataset, out, coarser)
    assert not set(_stamps(out, ".arrow").items()) & set(after.items())


def test_files_that_do_not_belong_are_removed(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset, out = make_dataset(), tmp_path / "masks"
    out.mkdir()
    for name in ("00007.parquet", ".00000.parquet.abc.part", "quality.json"):
        (out / name).write_text("left by another run")
    segment_dataset(make_dataset(masks=False), out, views)
    assert sorted(_bytes(out)) == ["00000.parquet", "00001.parquet", "00002.parquet"]
    assert dataset.exists()


SLOW_SEGMENT = """
import sys, time
from pathlib import Path
from dualgeo.params import ViewsParams
from dualgeo.views import segmenter
from dualgeo.views.segment import segment_dataset

plain = segmenter.Segmenter.segment_pixels
def slow(self, pixels):
    time.sleep(0.3)
    return plain(self, pixels)
segmenter.Segmenter.segment_pixels = slow
segment_dataset(Path(sys.argv[1]), Path(sys.argv[2]), ViewsParams.model_validate_json(sys.argv[3]))
"""


def test_killed_in_the_middle_it_resumes_to_the_same_bytes(
    make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path
) -> None:
    dataset, out, undisturbed = make_dataset(), tmp_path / "masks", tmp_path / "undisturbed"
    command = [sys.executable, "-c", SLOW_SEGMENT, str(dataset), str(out), views.model_dump_json()]
    running = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (out / "00000.parquet").exists() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert (out / "00000.parquet").exists() and not (out / "00002.parquet").exists()
    kept = (out / "00000.parquet").stat().st_mtime_ns
    segment_dataset(dataset, out, views)
    segment_dataset(dataset, undisturbed, views)
    assert (out / "00000.parquet").stat().st_mtime_ns == kept
    assert _bytes(out) == _bytes(undisturbed)


def test_a_cache_out_of_step_is_refused(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset, masks, features = make_dataset(), tmp_path / "masks", tmp_path / "features"
    segment_dataset(dataset, masks, views)
    embed_dataset(dataset, features, views)
    shards = ids_by_shard(read_photos(dataset))
    swapped = shards | {"00001": shards["00001"][::-1]}
    fewer = shards | {"00001": shards["00001"][:-1]}
    for read, folder, stage in ((read_masks, masks, "segment"), (read_features, features, "embed")):
        with pytest.raises(DualGeoError, match=f"has photo p008 in row 0 .* p015; run `dvc repro {stage}`"):
            read(folder, swapped)
        with pytest.raises(DualGeoError, match="holds 8 photos where the photo table has 7"):
            read(folder, fewer)
        with pytest.raises(DualGeoError, match=f"not complete; run `dvc repro {stage}`"):
            read(folder, shards | {"00009": ["x"]})
        file = sorted(folder.glob("00001.*"))[0]
        file.write_bytes(file.read_bytes()[:-50])
        with pytest.raises(DualGeoError, match="no whole cache file"):
            read(folder, shards)


def test_a_photo_that_cannot_be_read_is_named(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset = make_dataset()
    members = dict(read_shard(shard_path(dataset, "00001")))
    members["p010"] = {"jpg": members["p010"]["jpg"][:300]}
    write_shard(shard_path(dataset, "00001"), members.items())
    with pytest.raises(DualGeoError, match=r"photo p010 of .*00001\.tar"):
        embed_dataset(dataset, tmp_path / "features", views)
    assert sorted(_bytes(tmp_path / "features")) == ["00000.arrow"]


def test_a_photo_that_the_shard_lacks_is_named(make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path) -> None:
    dataset = make_dataset()
    photos = read_photos(dataset)
    photos.loc[photos["photo_id"] == "p010", "photo_id"] = "ghost"
    write_photos(dataset, photos)
    with pytest.raises(DualGeoError, match="lacks photo ghost"):
        embed_dataset(dataset, tmp_path / "features", views)


def test_photos_that_the_table_leaves_out_are_left_out(
    make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path
) -> None:
    dataset = make_dataset()
    photos = read_photos(dataset)
    photos = photos[photos["photo_id"] != "p010"]
    write_photos(dataset, photos)
    embed_dataset(dataset, tmp_path / "features", views)
    assert "p010" not in read_features(tmp_path / "features", ids_by_shard(photos)).photo_ids


def test_reading_the_caches_loads_no_torch() -> None:
    code = "import sys, dualgeo.views.cache; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_quality_is_grouped_by_condition_and_query_set(
    make_dataset: MakeDataset, views: ViewsParams, tmp_path: Path
) -> None:
    segment_dataset(make_dataset(), tmp_path / "masks", views)
    quality = read_json(tmp_path / "masks" / "quality.json")
    assert sorted(quality) == ["conditions", "overall", "query_sets"]
    overall, conditions, query_sets = (quality[name] for name in ("overall", "conditions", "query_sets"))
    assert isinstance(overall, dict) and isinstance(conditions, dict) and isinstance(query_sets, dict)
    assert overall["photos"] == 20
    assert {name: entry["photos"] for name, entry in conditions.items()} == {"daylight": 15, "night": 5}
    assert query_sets == {"toy-night": conditions["night"]}
