"""The benchmarks' real tables, and where they are looked for."""

from pathlib import Path

import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.scoring.benchmarks import BENCHMARKS, VARIABLE
from dualgeo.scoring.concentration import concentration
from dualgeo.scoring.matching import match_ids
from dualgeo.scoring.truth import read_truth


@pytest.mark.parametrize(
    ("name", "photos", "photographers"),
    [("im2gps", 237, 231), ("im2gps3k", 2997, 198), ("yfcc4k", 4536, 3481), ("yfcc26k", 25_600, 13_018)],
)
def test_benchmarks_by_name(shared: Path, name: str, photos: int, photographers: int) -> None:
    truth = read_truth(name, benchmarks=shared / "benchmarks")
    assert len(truth.frame) == truth.rows == photos
    assert truth.frame["query_id"].is_unique and set(truth.frame["query_set"]) == {name}
    assert truth.frame[["lat", "lon"]].notna().all(axis=None)
    assert truth.frame["photographer"].nunique() == photographers
    assert truth.frame["photographer"].str.fullmatch(r"\d+@N\d\d").all()
    assert (truth.unplaced, truth.repeated, truth.refused) == (0, 0, [])


def test_values_are_those_of_the_file(shared: Path) -> None:
    truth = read_truth("yfcc4k", benchmarks=shared / "benchmarks").frame
    table = pd.read_csv(shared / "benchmarks" / "yfcc4k.csv", keep_default_na=False)
    assert truth["query_id"].tolist() == table["name"].tolist()
    assert truth["lat"].tolist() == table["lat"].tolist() and truth["lon"].tolist() == table["lon"].tolist()
    assert truth["taken_at"].tolist() == table["DateTaken"].tolist()


def test_photographers_behind_a_photos_key_are_recognised_and_said(shared: Path) -> None:
    truth = read_truth("im2gps", benchmarks=shared / "benchmarks")
    assert any(note.startswith("177 photographers stand with a photo's key") for note in truth.notes)


def test_photos_without_metadata_are_said(shared: Path) -> None:
    notes = read_truth("im2gps3k", benchmarks=shared / "benchmarks").notes
    assert "im2gps3k is 3,000 photos, of which 2,997 have coordinates here." in notes


def test_a_gallery_of_coordinates_alone_gets_row_numbers(shared: Path) -> None:
    truth = read_truth(shared / "benchmarks" / "mp16_gps_gallery_100k.csv", require_id=False)
    assert len(truth.frame) == 100_000
    assert truth.frame["query_id"].iloc[[0, -1]].tolist() == ["1", "100000"]
    assert truth.frame["photographer"].isna().all()


def test_where_tables_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "IMG_ID,AUTHOR,LAT,LON\na.jpg,1@N00,1,2\n"
    folders = {where: tmp_path / where for where in ("told", "variable", "shared/benchmarks")}
    for where, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "im2gps_places365.csv").write_text(table.replace("a.jpg", f"{where}.jpg"))
    monkeypatch.delenv(VARIABLE, raising=False)
    root = tmp_path / "project"

    def first(**options: Path) -> str:
        return read_truth("im2gps", root=root, **options).frame["query_id"].iloc[0]

    assert first() == "shared/benchmarks.jpg"
    monkeypatch.setenv(VARIABLE, str(folders["variable"]))
    assert first() == "variable.jpg"
    assert first(benchmarks=folders["told"]) == "told.jpg"
    assert "im2gps has 1 rows here; its usual table has 237." in read_truth("im2gps", root=root).notes


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_table_that_is_not_there_is_named_with_its_source(tmp_path: Path, name: str) -> None:
    with pytest.raises(DualGeoError, match=rf"{name} needs {BENCHMARKS[name].file} in .*comes from .*--benchmarks"):
        read_truth(name, benchmarks=tmp_path)


def test_splits(tmp_path: Path) -> None:
    table = "id,lat,lon,split,dataset\nq,1,2,query,night\ng,3,4,gallery,day\nv,5,6,validation,day\n"
    (tmp_path / "t.csv").write_text(table)
    truth = read_truth(tmp_path / "t.csv")
    assert truth.frame["query_id"].tolist() == ["q"] and truth.frame["query_set"].tolist() == ["night"]
    assert truth.gallery["query_id"].tolist() == ["g"] and set(truth.elsewhere) == {"g", "v"}
    assert len(read_truth(tmp_path / "t.csv", split=None).frame) == 3
    with pytest.raises(DualGeoError, match="has no row of split test; its splits are gallery, query, validation"):
        read_truth(tmp_path / "t.csv", split="test")


def test_rows_that_are_no_photo_are_listed_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,lat,lon\na,1,2\nb,1,200\nthe end\nc,3,4\n")
    truth = read_truth(tmp_path / "t.csv", strict=False)
    assert truth.frame["query_id"].tolist() == ["a", "c"]
    assert truth.rows == 4 and sorted(str(row)[:6] for row in truth.refused) == ["line 3", "line 4"]


@pytest.mark.parametrize("form", ["whole", "name", "stem", "folder"])
def test_yfcc26k_answered_by_any_form_of_its_ids(shared: Path, form: str) -> None:
    ids = read_truth("yfcc26k", benchmarks=shared / "benchmarks").frame["query_id"]
    changed = {
        "whole": ids,
        "name": ids.str.rsplit("/").str[-1],
        "stem": ids.str.rsplit("/").str[-1].str.removesuffix(".jpg"),
        "folder": "yfcc/images/" + ids,
    }[form]
    found = match_ids(changed[::-1], ids)
    assert found.place.tolist() == list(range(25_600))[::-1]
    assert found.by_name == (0 if form == "whole" else 25_600)


def test_photographers_of_im2gps3k(shared: Path) -> None:
    frame = read_truth("im2gps3k", benchmarks=shared / "benchmarks").frame
    photos = frame["photographer"].value_counts()
    expected = 100 * sum(count for count in photos if count >= 10) / 2997
    spread = concentration(frame["photographer"])
    assert spread.percent_by_many == pytest.approx(expected, abs=1e-4)
    assert str(spread) == "2,997 photos by 198 photographers; 85.2 % are by those with 10 or more, the largest has 235"
