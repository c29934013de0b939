"""Corrupted copies as a dataset: what lies where, the same bytes again, and what is refused."""

import hashlib
from pathlib import Path

import pytest

from dualgeo.datasets.contract import read_photos, shard_path
from dualgeo.datasets.shards import photo_image, read_shard, write_shard
from dualgeo.errors import DualGeoError
from dualgeo.params import StudyParams
from dualgeo.study.corruption.conditions import chosen_queries
from dualgeo.study.corruption.draw import draw_corrupted
from tests.study.made import params


def _study(**section: object) -> StudyParams:
    return params(**section).study


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_query_of_the_set_has_a_copy_of_its_size_under_each_condition(dataset: Path, tmp_path: Path) -> None:
    before = _bytes(dataset)
    out = tmp_path / "out"
    draw_corrupted(dataset, out, _study())
    copies, photos = read_photos(out), read_photos(dataset).set_index("photo_id")
    asked = photos[photos["dataset"] == "atlas"]
    assert sorted(copies["dataset"].unique()) == ["atlas/fog-1", "atlas/fog-5", "atlas/jpeg-1", "atlas/jpeg-5"]
    for _, rows in copies.groupby("dataset"):
        assert sorted(rows["photo_id"]) == sorted(asked.index)
    for shard, rows in copies.groupby("shard"):
        content = dict(read_shard(shard_path(out, str(shard))))
        assert sorted(content) == sorted(rows["photo_id"])
        for row in rows.itertuples():
            original = dict(read_shard(shard_path(dataset, str(photos.loc[str(row.photo_id), "shard"]))))
            files = content[str(row.photo_id)]
            assert photo_image(files["jpg"]).size == photo_image(original[str(row.photo_id)]["jpg"]).size
            assert hashlib.sha256(files["jpg"]).hexdigest() == row.sha256
            assert row.photographer == photos.loc[str(row.photo_id), "photographer"]
    assert _bytes(dataset) == before, "the dataset, masks included, is left as it was"


def test_drawing_again_gives_the_same_bytes_and_removes_what_is_no_longer_asked_for(
    dataset: Path, tmp_path: Path
) -> None:
    draw_corrupted(dataset, tmp_path / "a", _study())
    draw_corrupted(dataset, tmp_path / "b", _study())
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    draw_corrupted(dataset, tmp_path / "a", _study(corruptions=["jpeg"]))
    assert {path.name[:4] for path in (tmp_path / "a" / "shards").iterdir()} == {"jpeg"}
    draw_corrupted(dataset, tmp_path / "c", _study(seed=1))
    assert _bytes(tmp_path / "c") != _bytes(tmp_path / "b")


def test_queries_are_chosen_by_set_and_thinned_evenly(dataset: Path) -> None:
    photos = read_photos(dataset)
    every = chosen_queries(photos, _study(query_sets=[]))
    assert set(every["dataset"]) == {"atlas", "atlas-night"}
    thinned = chosen_queries(photos, _study(query_sets=["atlas"], photos_per_set=2))
    assert list(thinned["shard"]) == ["00000", "00001"]


def test_a_set_that_does_not_exist_is_named(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match=r"names mars; it has atlas, atlas-night"):
        draw_corrupted(dataset, tmp_path / "out", _study(query_sets=["mars"]))


def test_a_photo_that_is_missing_or_broken_is_named(dataset: Path, tmp_path: Path) -> None:
    path = shard_path(dataset, "00001")
    members = list(read_shard(path))
    write_shard(path, [member for member in members if member[0] != "atlas-00001-2"])
    with pytest.raises(DualGeoError, match="shard 00001 lacks photo atlas-00001-2"):
        draw_corrupted(dataset, tmp_path / "out", _study())
    write_shard(
        path, [(i, {"jpg": files["jpg"][:200] if i == "atlas-00001-2" else files["jpg"]}) for i, files in members]
    )
    with pytest.raises(DualGeoError, match="photo atlas-00001-2"):
        draw_corrupted(dataset, tmp_path / "out", _study())
