"""Which column is which: usual names, names given, and two that could be meant."""

from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.scoring.columns import ColumnNames, recognise

PATH = Path("t.csv")


@pytest.mark.parametrize(
    ("header", "kind", "names"),
    [
        ("IMG_ID,AUTHOR,LAT,LON,S3_Label", "truth", "IMG_ID,LAT,LON"),
        ("RecordNumber,name,OwnerNSID,DateTaken,lon,lat,Accuracy,PhotoURL", "truth", "name,lat,lon"),
        ("img_id,gt_lat,gt_lon,lat,lon", "truth", "img_id,gt_lat,gt_lon"),
        ("img_id,gt_lat,gt_lon,lat,lon", "predictions", "img_id,lat,lon"),
        ("img_id,lat,lon,predicted_lat,predicted_lon", "predictions", "img_id,predicted_lat,predicted_lon"),
        ("img_id,lat,lon,predicted_lat,predicted_lon", "truth", "img_id,lat,lon"),
        ("image_path,pred_lat,pred_lng", "predictions", "image_path,pred_lat,pred_lng"),
        ("file,LatitudePred,LongitudePred", "predictions", "file,LatitudePred,LongitudePred"),
        ("id,image,Latitude,Longitude", "predictions", "image,Latitude,Longitude"),
        ("query_id,photo_id,lat,lon,rank", "predictions", "query_id,lat,lon"),
        ("photo_id,lat,lon,split,dataset", "truth", "photo_id,lat,lon"),
        (",Filename,lat,long", "predictions", "Filename,lat,long"),
    ],
)
def test_usual_names(header: str, kind: str, names: str) -> None:
    columns = header.split(",")
    found = recognise(PATH, columns, kind)
    assert found.id is not None
    assert ",".join(columns[place] for place in (found.id, found.lat, found.lon)) == names


def test_names_given_count_more_than_usual_ones_and_are_found_in_any_case() -> None:
    header = ["key", "name", "y", "x", "lat", "lon", "who"]
    found = recognise(PATH, header, "truth", ColumnNames("KEY", "y", "x", "who"))
    assert (found.id, found.lat, found.lon, found.photographer) == (0, 2, 3, 6)


def test_one_coordinate_named_and_the_other_recognised() -> None:
    found = recognise(PATH, ["id", "north", "lon"], "predictions", ColumnNames(lat="north"))
    assert (found.lat, found.lon) == (1, 2)


@pytest.mark.parametrize(
    ("header", "names", "words"),
    [
        ("a,lat,lon", ColumnNames(), r"t\.csv has the columns a, lat, lon, .* photo's id .* name it with --id\."),
        ("image_id,img_id,lat,lon", ColumnNames(), "image_id and img_id could both be the id: name one with --id"),
        ("id,lat,lng,lon", ColumnNames(), "lng and lon could both be the lon: name one with --lon"),
        ("id,pred_lat,lon", ColumnNames(), "known as the longitude beside pred_lat; name it with --lon"),
        ("id,lat,lon", ColumnNames(lat="y"), "has no column y for --lat; its columns are id, lat, lon"),
        ("id,y,Y,lon", ColumnNames(lat="_y"), "has 2 columns _y for --lat"),
        ("id,a,b", ColumnNames(option="--truth-"), "name it with --truth-lat"),
    ],
)
def test_what_cannot_be_told_is_said_with_the_columns_and_the_option(
    header: str, names: ColumnNames, words: str
) -> None:
    with pytest.raises(DualGeoError, match=words):
        recognise(PATH, header.split(","), "predictions", names)


def test_answers_and_truths_are_not_taken_for_each_other() -> None:
    with pytest.raises(DualGeoError, match="pred_lat is not taken for the truth"):
        recognise(PATH, ["id", "pred_lat", "pred_lon"], "truth")
    with pytest.raises(DualGeoError, match="gt_lat is not taken for an answer"):
        recognise(PATH, ["id", "gt_lat", "gt_lon"], "predictions")


def test_a_table_of_places_needs_no_id() -> None:
    assert recognise(PATH, ["LAT", "LON"], "truth", require_id=False).id is None
