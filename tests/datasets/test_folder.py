"""A folder of photos becomes a dataset, whole or not at all, with a reason for every file left out."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dualgeo.datasets.contract import read_photos, shard_path
from dualgeo.datasets.folder import IngestOptions, IngestReport, ingest
from dualgeo.datasets.quarantine import read_quarantine
from dualgeo.datasets.shards import photo_image, read_shard
from dualgeo.errors import DualGeoError
from tests.datasets.bad_photos import at, exif, jpeg, photo_folder, picture, rationals, saved

ONE = IngestOptions(workers=1)


def digests(folder: Path) -> dict[str, str]:
    """Every file below a dataset folder and its content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_photos_with_gps_become_a_dataset(tmp_path: Path) -> None:
    source, data = photo_folder(tmp_path / "in", each=2), tmp_path / "data" / "photos"
    report = ingest(source, data, IngestOptions(workers=1, licence="CC0-1.0", photos_per_shard=8))
    photos = read_photos(data)
    assert report.photos == len(photos) == 20 and report.quarantined == []
    assert photos["place"].nunique() == 10
    assert set(photos["licence"]) == {"CC0-1.0"} and report.without_licence == 0
    assert {(row.split, row.dataset) for row in photos.itertuples()} == {
        ("gallery", "photos-gallery"), ("validation", "photos-validation"), ("query", "photos"),
    }  # fmt: skip
    assert photos.groupby("shard").size().to_dict() == {"00000": 8, "00001": 8, "00002": 4}
    for shard, rows in photos.groupby("shard"):
        stored = list(read_shard(shard_path(data, str(shard))))
        assert [photo_id for photo_id, _ in stored] == list(rows["photo_id"])
        assert all(photo_image(files["jpg"]).size == (96, 64) for _, files in stored)
    assert photos["sha256"][0] == hashlib.sha256((source / "p00-0.jpg").read_bytes()).hexdigest()
    assert read_quarantine(data) == []
    assert [path.name for path in data.parent.iterdir()] == ["photos"]


def test_each_bad_file_is_left_out_with_its_reason(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in")
    sound = (source / "p00-0.jpg").read_bytes()
    bad = {
        "cut.jpg": (sound[:1500], "cut off or damaged"),
        "empty.jpg": (b"", "the file is empty"),
        "one.jpg": (jpeg(1, at(5, 5), size=(1, 1)), "too small"),
        "words.jpg": (b"hello", "not an image"),
        "nogps.png": (saved(picture(3), "PNG"), "no GPS position"),
        "null.jpg": (jpeg(4, at(0, 0)), "position (0, 0)"),
        "noref.jpg": (jpeg(5, exif({2: rationals(1), 4: rationals(1)})), "no reference letter"),
        "z-same.jpg": (sound, "same bytes as p00-0.jpg"),
        "camera.NEF": (b"raw", "a raw camera file"),
        "sub/ü 1.jpg": (b"", "the file is empty"),
    }
    (source / "sub").mkdir()
    for name, (content, _) in bad.items():
        (source / name).write_bytes(content)
    (source / "notes.txt").write_text("not a photo")
    (source / ".hidden.jpg").write_bytes(b"")
    report = ingest(source, tmp_path / "photos", ONE)
    assert report.photos == 10 and report.other_files == 1
    reasons = dict(read_quarantine(tmp_path / "photos"))
    assert reasons == dict(report.quarantined) and set(reasons) == set(bad)
    for name, (_, words) in bad.items():
        assert reasons[name].startswith(words) or words in reasons[name]
    assert "10 left out" in " ".join(report.sentences())


def test_ids_are_plain_and_unique(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in", count=4)
    for number, name in enumerate(["Zürich (1).jpg", "sub/a.jpg", "A.JPG", "日本.jpg", "v1.2.jpg"]):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(jpeg(50 + number, at(10 + number, 20)))
    ingest(source, tmp_path / "photos", ONE)
    ids = set(read_photos(tmp_path / "photos")["photo_id"])
    assert {"Zurich-1", "photo", "v1-2"} < ids and len(ids) == 9
    assert sum(name.lower().startswith("a-") for name in ids) == 2


def with_table(folder: Path, lines: Sequence[str], header: str = "image,lat,lon,photographer,licence,country") -> Path:
    (folder / "photos.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8-sig", newline="\r\n")
    return folder


def test_table_in_the_folder_is_used(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "images").mkdir(parents=True)
    for number in range(6):
        (source / "images" / f"{number}.png").write_bytes(saved(picture(number), "PNG"))
    with_table(source, [f"{n}.png,{-20 + n},17,p{n % 5},CC0,NA" for n in range(5)] + ["9.png,1,1,,,"])
    report = ingest(source, tmp_path / "photos", ONE)
    photos = read_photos(tmp_path / "photos")
    assert list(photos["lat"]) == [-20, -19, -18, -17, -16] and set(photos["country"]) == {"NA"}
    assert photos["photographer"].tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert dict(report.quarantined) == {
        "images/5.png": "no row in photos.csv names it", "9.png": "row 7: there is no such file",
    }  # fmt: skip
    again = ingest(source / "photos.csv", tmp_path / "again", ONE)
    assert again.photos == 5


def test_table_and_exif_that_disagree_are_noted(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in", count=4)
    with_table(source, [f"p0{n}-0.jpg,{10 * n},50,,mine," for n in range(4)])
    report = ingest(source, tmp_path / "photos", ONE)
    assert "its EXIF says 48.85840, 2.29450" in dict(report.notes)["p00-0.jpg"]
    assert read_photos(tmp_path / "photos")["lat"].tolist() == [0, 10, 20, 30]
    from_exif = IngestOptions(workers=1, coordinates="exif", table=source / "photos.csv")
    ingest(source, tmp_path / "photos", from_exif)
    photos = read_photos(tmp_path / "photos")
    assert photos["lat"][0] == pytest.approx(48.8584) and set(photos["licence"]) == {"mine"}


def test_same_bytes_at_two_positions_are_believed_at_neither(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in", count=4)
    (source / "copy.jpg").write_bytes((source / "p00-0.jpg").read_bytes())
    with_table(source, ["copy.jpg,70,50,,,", *(f"p0{n}-0.jpg,{10 * n},50,,," for n in range(4))])
    report = ingest(source, tmp_path / "photos", ONE)
    assert dict(report.quarantined) == {
        "copy.jpg": "same bytes as p00-0.jpg, 7784 km away",
        "p00-0.jpg": "same bytes as copy.jpg and not the same position",
    }
    assert len(read_photos(tmp_path / "photos")) == 3


def test_split_column_is_followed(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in", count=4)
    splits = ["train", "val", "test", "train"]
    with_table(source, [f"p0{n}-0.jpg,{10 * n},50,{split}" for n, split in enumerate(splits)], "image,lat,lon,split")
    ingest(source, tmp_path / "photos", ONE)
    assert read_photos(tmp_path / "photos")["split"].tolist() == ["gallery", "validation", "query", "gallery"]


def failing(folder: Path, words: str, source: Path, options: IngestOptions = ONE) -> None:
    before = digests(folder)
    with pytest.raises(DualGeoError, match=words):
        ingest(source, folder, options)
    assert digests(folder) == before and before


def test_failures_are_one_sentence_and_leave_the_earlier_dataset(tmp_path: Path) -> None:
    data = tmp_path / "photos"
    ingest(photo_folder(tmp_path / "in"), data, ONE)
    (tmp_path / "empty").mkdir()
    failing(data, "holds no photos", tmp_path / "empty")
    failing(data, "does not exist", tmp_path / "nowhere")
    failing(data, "is a file; name the folder", tmp_path / "in" / "p00-0.jpg")
    failing(data, "form 2 separate groups", photo_folder(tmp_path / "two", count=2, each=3))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_bytes(b"")
    failing(data, r"Not one photo in .*bad can be used .*a\.jpg: the file is empty", tmp_path / "bad")
    (tmp_path / "nogps").mkdir()
    (tmp_path / "nogps" / "a.jpg").write_bytes(jpeg())
    failing(data, "need a table", tmp_path / "nogps")
    with_table(photo_folder(tmp_path / "wrong"), ["a,b"], "who,where")
    failing(data, r"photos\.csv has the columns who, where; wanted are", tmp_path / "wrong")
    (tmp_path / "wrong" / "second.csv").write_text("image,lat,lon\n")
    failing(data, r"2 tables \(photos\.csv, second\.csv\); choose one", tmp_path / "wrong")
    failing(data, "cannot be read", tmp_path / "in", IngestOptions(workers=1, table=tmp_path / "none.csv"))


@pytest.mark.parametrize(
    "change",
    [{"name": "My Photos"}, {"query_share": 0.9, "validation_share": 0.1}, {"min_separation_m": float("nan")},
     {"max_side": 5000}, {"photos_per_shard": 0}, {"seed": -1}],
)  # fmt: skip
def test_options_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(DualGeoError, match="Cannot ingest like this"):
        IngestOptions(**change)  # pyright: ignore[reportArgumentType]


def test_same_photos_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    source = photo_folder(tmp_path / "in", count=15, each=2)
    ingest(source, tmp_path / "one", ONE)
    ingest(source, tmp_path / "two", IngestOptions(workers=2))
    ingest(source, tmp_path / "two", ONE)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


SCRIPT = """
import sys
from pathlib import Path
from dualgeo.datasets.folder import IngestOptions, ingest
if __name__ == "__main__":
    ingest(Path(sys.argv[1]), Path(sys.argv[2]), IngestOptions(workers=int(sys.argv[3])))
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_and_run_again_equals_undisturbed(tmp_path: Path, workers: str) -> None:
    source = tmp_path / "in"
    photo_folder(source, count=30)
    for number in range(30):
        (source / f"large{number}.jpg").write_bytes(jpeg(number, at(number, 70 - number), size=(1600, 1200)))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ingest(photo_folder(tmp_path / "old", count=3), tmp_path / "data" / "photos", ONE)
    before = digests(tmp_path / "data" / "photos")
    work = tmp_path / "data" / ".photos.part"
    process = subprocess.Popen([sys.executable, str(script), str(source), str(tmp_path / "data" / "photos"), workers])
    while process.poll() is None and sum(1 for _ in work.rglob("*.json")) < 10:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert work.exists(), "it ended before it was killed"
    assert digests(tmp_path / "data" / "photos") == before
    # What a kill while the dataset was being replaced leaves behind.
    (tmp_path / "data" / ".photos.abc.part" / "shards").mkdir(parents=True)
    resumed = ingest(source, tmp_path / "data" / "photos", ONE)
    ingest(source, tmp_path / "calm", ONE)
    assert resumed.photos == 60
    assert digests(tmp_path / "data" / "photos") == digests(tmp_path / "calm")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["photos"]


def test_killed_between_two_renames_restores_the_old_dataset(tmp_path: Path) -> None:
    data = tmp_path / "data" / "photos"
    ingest(photo_folder(tmp_path / "in"), data, ONE)
    before = digests(data)
    (data.parent / ".photos.xyz.old").mkdir()
    data.rename(data.parent / ".photos.xyz.old" / "photos")
    with pytest.raises(DualGeoError, match="groups"):
        ingest(photo_folder(tmp_path / "two", count=2), data, ONE)
    assert digests(data) == before


def real(shared: Path, source: str, folder: Path, **options: object) -> tuple[IngestReport, int]:
    report = ingest(shared / source, folder, IngestOptions(workers=2, **options))  # pyright: ignore[reportArgumentType]
    return report, len(read_photos(folder))


def test_all_real_originals_come_in(shared: Path, tmp_path: Path) -> None:
    report, rows = real(shared, "exif", tmp_path / "exif", coordinates="exif", table=shared / "exif" / "exif.csv")
    assert rows == 53 and report.quarantined == [] and report.without_licence == 0
    expected = {row.image.partition(".")[0]: row for row in _rows(shared / "exif" / "exif.csv")}
    for photo in read_photos(tmp_path / "exif").itertuples():
        row = expected[str(photo.photo_id)]
        assert np.allclose([photo.lat, photo.lon], [row.lat, row.lon], atol=0.0005, rtol=0)
        assert photo.country == row.country


def test_all_real_photos_of_a_table_come_in(shared: Path, tmp_path: Path) -> None:
    report, rows = real(shared, "photos", tmp_path / "photos")
    # Three of the 448 files are the same bytes: thumbnails of one picture that was published as TIFF, JPEG and PNG.
    assert rows == 446 and rows + len(report.quarantined) == 448
    assert {reason for _, reason in report.quarantined} == {"same bytes as images/imagemeta_60b53ef0f099.jpg"}
    photos = read_photos(tmp_path / "photos").set_index("photo_id")
    for row in _rows(shared / "photos" / "photos.csv"):
        if row.image.removesuffix(".jpg") in photos.index:
            photo = photos.loc[row.image.removesuffix(".jpg")]
            assert (photo["lat"], photo["lon"], photo["country"]) == (row.lat, row.lon, row.country)


def _rows(path: Path) -> list[object]:
    from dualgeo.datasets.table import read_table

    return list(read_table(path).rows)
