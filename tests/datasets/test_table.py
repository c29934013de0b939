"""Tables as people have them: what is meant is understood, what is not gets a reason, nothing is guessed."""

from pathlib import Path

import pandas as pd
import pytest

from dualgeo.datasets.matching import match_rows
from dualgeo.datasets.table import Table, read_table
from dualgeo.errors import DualGeoError


def table(folder: Path, text: str | bytes, name: str = "t.csv", **options: str) -> Table:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(folder / name, **options)


@pytest.mark.parametrize(
    "text",
    [
        "image,lat,lon\na.jpg,51.5,-0.1\n",
        "\ufeffimage,lat,lon\r\na.jpg,51.5,-0.1\r\n",
        "FILENAME;LATITUDE;LONGITUDE\na.jpg;51,5;-0,1\n",
        "Lon\tLat\tFile name\n-0.1\t51.5\ta.jpg\n",
        'name,lat,lng,notes\n\na.jpg, 51.5 , -0.1 ,"two\nlines"\n\n',
        "IMG_ID,AUTHOR,LAT,LON\na.jpg,me,5.15e1,-0.1\n",
        "id,image,latitude,longitude\n7,a.jpg,51.5,-.1\n",
    ],
)
def test_usual_spellings(tmp_path: Path, text: str) -> None:
    [row] = table(tmp_path, text).rows
    assert (row.image, row.lat, row.lon, row.problem) == ("a.jpg", 51.5, -0.1, None)


def test_utf16_as_spreadsheets_save_it(tmp_path: Path) -> None:
    [row] = table(tmp_path, "image\tlat\tlon\nä.jpg\t1\t2\n".encode("utf-16")).rows
    assert (row.image, row.lat) == ("ä.jpg", 1.0)


def test_namibia_stays_namibia(tmp_path: Path) -> None:
    found = table(tmp_path, "image,lat,lon,country,licence\na.jpg,-22.5,17.1,NA,NA\n").rows[0]
    assert (found.country, found.licence) == ("NA", "NA")


def test_parquet_with_missing_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"image": ["a.jpg", "b.jpg"], "lat": [1.5, None], "lon": [2.5, 3.0], "country": ["NA", None]})
    frame.to_parquet(tmp_path / "t.parquet")
    first, second = read_table(tmp_path / "t.parquet").rows
    assert (first.lat, first.lon, first.country) == (1.5, 2.5, "NA")
    assert second.lat is None and second.problem is not None and "row 3: lat is" in second.problem


@pytest.mark.parametrize(
    ("lat", "lon", "reason"),
    [
        ("", "1", "lat is empty"),
        ("NaN", "1", "lat is 'NaN'"),
        ("NA", "1", "lat is 'NA'"),
        ("inf", "1", "not a number"),
        ("91", "1", "latitude 91 is outside"),
        ("1", "-180.5", "longitude -180.5 is outside"),
        ("0", "0.0", r"\(0, 0\)"),
        ("51.5N", "1", "not a number"),
        ('"1.234,5"', "1", "not a number"),
        ("1e400", "1", "not a number"),
        ("1", "1,5", "row 2 has 4 fields where the header has 3"),
    ],
)
def test_a_bad_row_gets_a_reason_and_no_position(tmp_path: Path, lat: str, lon: str, reason: str) -> None:
    bad, good = table(tmp_path, f"image,lat,lon\na.jpg,{lat},{lon}\nb.jpg,1,2\n").rows
    assert (bad.lat, bad.lon) == (None, None)
    with pytest.raises(DualGeoError, match=reason):
        raise DualGeoError(bad.problem)
    assert good.problem is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("image,lat,lon\n", "no rows"),
        ("picture_of,x,y\na,1,2\n", r"has the columns picture_of, x, y; wanted are"),
        ("image,lat\na.jpg,1\n", "has the columns image, lat; wanted are"),
        ("image,colour\na.jpg,red\n", "lacks lat and lon"),
        ("image,lat,lon,split\na.jpg,1,2,query\nb.jpg,1,2,\n", "row 3: split must be"),
        (b"image,lat,lon\nb\xe4.jpg,1,2\n", "line 2: not UTF-8"),
        (b"image,lat,lon\n" + b'"' + b"x" * 140_000, "not a CSV"),
    ],
)
def test_a_table_unusable_as_a_whole_names_itself_and_what_is_wanted(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    with pytest.raises(DualGeoError, match=rf"t\.csv.*{words}"):
        table(tmp_path, text)


def test_parquet_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match="not a readable Parquet"):
        table(tmp_path, "no parquet", name="t.parquet")


def test_photographer_column_of_choice(tmp_path: Path) -> None:
    text = "image,lat,lon,collection\na.jpg,1,2,holiday\n"
    assert table(tmp_path, text).rows[0].photographer is None
    assert table(tmp_path, text, photographer_column="collection").rows[0].photographer == "holiday"
    with pytest.raises(DualGeoError, match="no column who; its columns are image, lat, lon, collection"):
        table(tmp_path, text, photographer_column="who")


def test_flickr_zoom_level_is_no_accuracy_in_metres(tmp_path: Path) -> None:
    text = "name,lat,lon,Accuracy,OwnerNSID,LicenseName,PhotoPageURL\na.jpg,1,2,16,5@N0,CC BY,http://x\n"
    [row] = table(tmp_path, text).rows
    assert (row.accuracy_m, row.photographer, row.licence, row.source_url) == (None, "5@N0", "CC BY", "http://x")


def matched(
    folder: Path, rows: list[str], files: list[str]
) -> tuple[dict[str, tuple[float | None, float | None]], dict[str, str]]:
    found, rejected = match_rows(table(folder, "\n".join(["image,lat,lon", *rows])), files)
    return {file: (row.lat, row.lon) for file, row in found.items()}, dict(rejected)


def test_rows_find_files_by_name_path_or_stem(tmp_path: Path) -> None:
    rows = ["a.jpg,1,1", "x/b.jpg,2,2", r"C:\photos\y\c.jpg,3,3", "d,4,4"]
    found, rejected = matched(tmp_path, rows, ["in/a.jpg", "x/b.jpg", "z/b.jpg", "y/c.jpg", "d.heic"])
    assert found == {"in/a.jpg": (1, 1), "x/b.jpg": (2, 2), "y/c.jpg": (3, 3), "d.heic": (4, 4)}
    assert rejected == {"z/b.jpg": "no row in t.csv names it"}


def test_what_could_be_two_files_is_neither(tmp_path: Path) -> None:
    found, rejected = matched(tmp_path, ["b.jpg,1,1"], ["x/b.jpg", "y/b.jpg"])
    assert not found
    assert rejected["b.jpg"] == "row 2: 2 files have this name; write the path"


def test_another_folders_file_of_the_same_name_is_not_taken(tmp_path: Path) -> None:
    found, rejected = matched(tmp_path, ["x/b.jpg,1,1"], ["y/b.jpg"])
    assert not found
    assert rejected["x/b.jpg"] == "row 2: there is no such file"


def test_repeated_rows(tmp_path: Path) -> None:
    rows = ["a.jpg,1,1", "a.jpg,1.0,1", "b.jpg,2,2", "b.jpg,3,3", "in/b.jpg,2,2"]
    found, rejected = matched(tmp_path, rows, ["a.jpg", "in/b.jpg"])
    assert found == {"a.jpg": (1, 1)}
    assert rejected == {"a.jpg": "row 3 repeats row 2", "in/b.jpg": "rows 4, 5, 6 give different coordinates for it"}


def test_real_benchmark_tables(shared: Path) -> None:
    im2gps = read_table(shared / "benchmarks" / "im2gps_places365.csv")
    assert len(im2gps.rows) == 237 and all(row.problem is None and row.photographer for row in im2gps.rows)
    yfcc = read_table(shared / "benchmarks" / "yfcc4k.csv")
    assert len(yfcc.rows) == 4536
    assert all(row.licence and row.photographer and row.accuracy_m is None for row in yfcc.rows)
