"""Predictions and truths that are not what they should be: a sentence that names file, line and remedy, or a count."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from tests.scoring.made import Desk, answers_to, truth_table

TRUTH = truth_table()
GOOD = answers_to(TRUTH, 10.0)


@pytest.fixture
def truth(desk: Desk) -> Path:
    return desk.write("truth.csv", TRUTH)


def with_row(frame: pd.DataFrame, row: int, **values: object) -> pd.DataFrame:
    changed = frame.astype(object)
    for name, value in values.items():
        changed.loc[row, name] = value
    return changed


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lon": 181.0}, r"line 7 \(005\.jpg\): longitude 181 is outside -180\.\.180"),
        ({"lat": -90.5}, r"line 7 \(005\.jpg\): latitude -90\.5 is outside -90\.\.90"),
        ({"lat": "51.5N"}, r"line 7 \(005\.jpg\): latitude '51\.5N' is not a number"),
        ({"lat": "Paris"}, r"line 7 \(005\.jpg\): latitude 'Paris' is not a number"),
        ({"lon": "inf"}, r"line 7 \(005\.jpg\): longitude 'inf' is not a number"),
        ({"lon": "1e999"}, r"line 7 \(005\.jpg\): the longitude is infinite"),
        ({"lat": "error", "lon": "error"}, r"line 7 \(005\.jpg\): latitude 'error' is not a number"),
        ({"lon": ""}, r"line 7 \(005\.jpg\): it has a latitude and no longitude"),
        ({"id": ""}, r"line 7: it has no id"),
        ({"id": "mean"}, r"line 7: 'mean' is a summary, not a photo"),
        ({"id": "Acc@25km"}, r"line 7: 'Acc@25km' is a summary, not a photo"),
    ],
)
def test_a_row_that_is_no_answer_is_refused_with_its_line(
    desk: Desk, truth: Path, changed: dict[str, object], words: str
) -> None:
    file = desk.write("p.csv", with_row(GOOD, 5, **changed))
    with pytest.raises(DualGeoError, match=rf"p\.csv, {words}"):
        desk.score([file], truth)


def test_infinite_and_out_of_range_numbers_in_parquet(desk: Desk, truth: Path) -> None:
    frame = GOOD.copy()
    frame.loc[5, "lat"] = np.inf
    with pytest.raises(DualGeoError, match=r"p\.parquet, row 6 \(005\.jpg\): the latitude is infinite"):
        desk.score([desk.write("p.parquet", frame)], truth)


@pytest.mark.parametrize("footer", ["Acc@25km: 34.2 %", "total,60", "mean,1,2"])
def test_a_footer_is_refused_with_its_line_though_text_above_it_spans_lines(
    desk: Desk, truth: Path, footer: str
) -> None:
    text = GOOD.assign(note="two\nlines").to_csv(index=False) + "\n" + footer + "\n"
    line = text.count("\n")
    with pytest.raises(DualGeoError, match=rf"p\.csv, line {line}: '{footer}' has \d fields? where the header has 4"):
        desk.score([desk.write("p.csv", text)], truth)


def test_blank_lines_and_cells_at_the_end_are_nothing(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", GOOD.to_csv(index=False) + "\n   \n,,\n")
    counts = desk.document([file], truth)["systems"][0]["files"][0]["counts"]
    assert (counts["rows"], counts["answered"]) == (60, 60)


def test_radians_are_said_and_scored_only_when_told(desk: Desk, truth: Path) -> None:
    radians = GOOD.assign(lat=np.radians(GOOD["lat"]), lon=np.radians(GOOD["lon"]))
    file = desk.write("p.csv", radians)
    with pytest.raises(DualGeoError, match=r"p\.csv.*look like radians; write degrees.*--as-given"):
        desk.score([file], truth)
    assert "look like radians" in desk.score([file], truth, as_given=True)


def test_one_answer_in_radians_is_seen(desk: Desk) -> None:
    truth = desk.write("one.csv", "id,lat,lon\na,48.85,2.35\n")
    with pytest.raises(DualGeoError, match="look like radians"):
        desk.score([desk.write("p.csv", f"id,lat,lon\na,{np.radians(48.8)},{np.radians(2.4)}\n")], truth)


def test_answers_that_are_all_zero_are_counted_not_taken_for_radians(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", GOOD.assign(lat=0.0, lon=0.0))
    metrics = desk.document([file], truth)["systems"][0]["files"][0]["metrics"]["truth"]
    assert metrics["null_island"] == 60


def test_exchanged_columns_beyond_ninety_degrees(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", GOOD.rename(columns={"lat": "lon", "lon": "lat"}))
    with pytest.raises(DualGeoError, match=r"latitude -?\d+.* is outside.* seem to be exchanged"):
        desk.score([file], truth)


@pytest.mark.parametrize("exchanged", ["predictions", "truth"])
def test_exchanged_columns_within_range_are_seen_by_what_exchanging_would_give(desk: Desk, exchanged: str) -> None:
    europe = TRUTH.assign(LAT=TRUTH["LAT"] / 20 + 50, LON=TRUTH["LON"] / 20 + 10)
    answers = answers_to(europe, 30.0)
    if exchanged == "truth":
        europe = europe.rename(columns={"LAT": "LON", "LON": "LAT"})
    else:
        answers = answers.rename(columns={"lat": "lon", "lon": "lat"})
    files = [desk.write("p.csv", answers)], desk.write("t.csv", europe)
    with pytest.raises(DualGeoError, match=r"p\.csv: .* look exchanged"):
        desk.score(*files)
    assert "look exchanged" in desk.score(*files, as_given=True)


@pytest.mark.parametrize("seed", range(5))
def test_a_system_without_skill_is_not_suspected(desk: Desk, truth: Path, seed: int) -> None:
    guesses = answers_to(truth_table(seed=seed + 1), 0.0)
    assert "60 of 60 queries answered" in desk.score([desk.write("p.csv", guesses)], truth)


def test_the_truth_given_as_answers(desk: Desk, truth: Path) -> None:
    with pytest.raises(DualGeoError, match="the answers are the truth to the last digit"):
        desk.score([truth], truth)


def test_two_different_answers_to_one_photo(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", pd.concat([GOOD, GOOD.iloc[[3]].assign(lat=1.0)]))
    with pytest.raises(DualGeoError, match=r"p\.csv gives different answers to 003\.jpg \(line 5 and line 62\)"):
        desk.score([file], truth)


def test_an_empty_answer_beside_one_is_a_different_answer(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", pd.concat([GOOD, GOOD.iloc[[3]].assign(lat=np.nan, lon=np.nan)]))
    with pytest.raises(DualGeoError, match="different answers"):
        desk.score([file], truth)


def test_an_answer_given_twice_counts_once(desk: Desk, truth: Path) -> None:
    once, twice = desk.write("once.csv", GOOD), desk.write("twice.csv", pd.concat([GOOD, GOOD.iloc[:4]]))
    alone, repeated = (desk.document([file], truth)["systems"][0]["files"][0] for file in (once, twice))
    assert repeated["counts"]["repeated"] == 4
    assert repeated["metrics"] == alone["metrics"]


def test_two_places_for_one_photo_of_the_truth(desk: Desk) -> None:
    truth = desk.write("t.csv", pd.concat([TRUTH, TRUTH.iloc[[3]].assign(LAT=1.0)]))
    with pytest.raises(DualGeoError, match=r"t\.csv gives 003\.jpg different places \(line 5, line 62\)"):
        desk.score([desk.write("p.csv", GOOD)], truth)


def test_a_truth_of_other_photos(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", GOOD.assign(id="other-" + GOOD["id"]))
    with pytest.raises(DualGeoError, match=r"none of the 60 photos of truth\.csv: .*other-000\.jpg, .*like 000\.jpg"):
        desk.score([file], truth)


def test_missing_extra_and_empty_answers_are_counted_and_are_misses(desk: Desk, truth: Path) -> None:
    some = pd.concat([GOOD.iloc[:40], pd.DataFrame({"id": ["x.jpg", "y.jpg"], "lat": 1.0, "lon": 2.0})])
    some.loc[some["id"] == "000.jpg", ["lat", "lon"]] = np.nan
    file = desk.write("p.csv", some)
    found = desk.document([file], truth)["systems"][0]["files"][0]
    counts = {key: found["counts"][key] for key in ("queries", "answered", "empty", "missing", "extra")}
    assert counts == {"queries": 60, "answered": 39, "empty": 1, "missing": 20, "extra": 2}
    assert found["metrics"]["truth"]["acc"]["25"]["value"] == pytest.approx(100 * 39 / 60, abs=1e-4)
    assert found["metrics"]["truth"]["failed"] == 21
    printed = desk.score([file], truth)
    printed = " ".join(printed.split())
    assert (
        "39 of 60 queries answered; 20 have no row (misses); 1 have an empty answer (misses); 2 rows about" in printed
    )


def test_nothing_but_empty_answers_is_all_misses_and_said(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", GOOD.assign(lat="", lon="nan"))
    assert "every answer is empty" in desk.score([file], truth)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("id,lat,lon\n", "has the columns id, lat, lon and no rows"),
        ("000.jpg,12.5,13.5\n001.jpg,1,2\n", "The first line must name the columns"),
        ("id lat lon\n000.jpg 1 2\n", "has the columns id lat lon, and none of them is known as the photo's id"),
        ("id,place\n000.jpg,Paris\n", "none of them is known as the latitude"),
        ("id,lat\n000.jpg,1\n", "none of them is known as the longitude beside lat; name it with --lon"),
        ("id,gt_lat,gt_lon\n000.jpg,1,2\n", r"gt_lat is not taken for an answer"),
        ("id,lat,latitude,lon\n000.jpg,1,1,2\n", "lat and latitude could both be the lat: name one with --lat"),
        ('{"000.jpg": [1, 2]}', "holds JSON"),
        (b"PK\x03\x04 a spreadsheet", "spreadsheet or ZIP archive"),
        (b"PAR1 and no more", "not a readable Parquet"),
        (b"id,lat,lon\nb\xe4.jpg,1,2\n", "line 2: not UTF-8"),
        (b"\x1f\x8b no gzip", "cannot be read"),
    ],
)
def test_a_file_unusable_as_a_whole(desk: Desk, truth: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(DualGeoError, match=rf"p\.csv.*{words}"):
        desk.score([desk.write("p.csv", content)], truth)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.to_csv(index=False, sep=";"),
        GOOD.to_csv(index=False, sep="\t"),
        GOOD.to_csv(index=False, sep=";", decimal=","),
        "\ufeff" + GOOD.to_csv(index=False, lineterminator="\r\n"),
        GOOD.to_csv(index=False, sep="\t").encode("utf-16"),
        gzip.compress(GOOD.to_csv(index=False).encode()),
        GOOD.to_csv(),
    ],
    ids=["semicolon", "tab", "decimal comma", "mark and CRLF", "UTF-16", "gzip", "with a row number"],
)
def test_files_as_programs_save_them(desk: Desk, truth: Path, content: str | bytes) -> None:
    plain = desk.document([desk.write("plain.csv", GOOD)], truth)["systems"][0]["files"][0]
    found = desk.document([desk.write("p.csv", content)], truth)["systems"][0]["files"][0]
    assert found["metrics"] == plain["metrics"] and found["counts"] == plain["counts"]


def test_one_query(desk: Desk) -> None:
    truth = desk.write("t.csv", "id,author,lat,lon\na,me,48.85,2.35\n")
    files = [desk.write("p.csv", "id,lat,lon\na,48.8,2.4\n"), desk.write("q.csv", "id,lat,lon\na,12.0,2.4\n")]
    assert "One query: its interval spans nearly everything" in desk.score(files, truth)
    found = desk.document(files, truth)
    accuracy = found["systems"][0]["accuracy"]["t"]["25"]
    assert accuracy["mean"] == 100 and accuracy["low"] < 50
    assert not any(line["decided"] for line in found["comparisons"])


def test_all_queries_of_one_photographer(desk: Desk) -> None:
    truth = desk.write("t.csv", TRUTH.assign(AUTHOR="me"))
    file = desk.write("p.csv", GOOD)
    assert "All photos are by one photographer" in desk.score([file], truth)
    accuracy = desk.document([file], truth)["systems"][0]["accuracy"]["t"]["25"]
    assert accuracy["interval"] == "Wilson" and accuracy["low"] == accuracy["wilson_low"]


def test_photographers_that_nobody_names(desk: Desk) -> None:
    truth = desk.write("t.csv", TRUTH.drop(columns="AUTHOR"))
    assert "No photographer is known" in desk.score([desk.write("p.csv", GOOD)], truth)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("060.jpg,me,north,2", "latitude 'north' is not a number"),
        ("060.jpg,me,1,181", "longitude 181 is outside"),
        ("60 photos", "has 1 field where the header has 4"),
    ],
)
def test_a_truth_with_a_row_that_is_no_photo(desk: Desk, line: str, words: str) -> None:
    truth = desk.write("t.csv", TRUTH.to_csv(index=False) + line + "\n")
    with pytest.raises(DualGeoError, match=rf"t\.csv, line 62.*{words}"):
        desk.score([desk.write("p.csv", GOOD)], truth)


def test_photos_without_a_place_are_no_queries_and_are_counted(desk: Desk) -> None:
    truth = desk.write("t.csv", TRUTH.to_csv(index=False) + "060.jpg,me,,\n061.jpg,me,0,0.0\n")
    found = desk.document([desk.write("p.csv", GOOD)], truth)["truth"]
    assert (found["rows"], found["queries"], found["unplaced"]) == (62, 60, 2)


def test_files_that_are_not_there(desk: Desk, truth: Path) -> None:
    with pytest.raises(DualGeoError, match=r"nothing\.csv does not exist"):
        desk.score([desk.folder / "nothing.csv"], truth)
    with pytest.raises(DualGeoError, match=r"There is no elsewhere\.csv; give a CSV or Parquet file or one of im2gps"):
        desk.score([desk.write("p.csv", GOOD)], "elsewhere.csv")
    with pytest.raises(DualGeoError, match="is a folder"):
        desk.score([desk.folder], truth)
