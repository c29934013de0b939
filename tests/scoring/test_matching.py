"""Which query an answer is about: exact first, by file name only where nothing else can be meant."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.scoring.matching import match_ids


def places(given_ids: list[str], known_ids: list[str]) -> list[int]:
    return match_ids(pd.Series(given_ids, dtype="str"), pd.Series(known_ids, dtype="str")).place.tolist()


@pytest.mark.parametrize(
    ("answer", "photo"),
    [
        ("3228511372.jpg", "45/77/3228511372.jpg"),
        ("3228511372", "45/77/3228511372.jpg"),
        ("data/images/45/77/3228511372.jpg", "45/77/3228511372.jpg"),
        ("45\\77\\3228511372.JPG", "45/77/3228511372.jpg"),
        ("./a.jpg", "a.jpg"),
        ("a.png", "a.jpg"),
        ("a", "a.jpeg"),
        ("500_50517642@N00", "500_50517642@N00.jpg"),
    ],
)
def test_the_same_file_under_another_path_or_ending(answer: str, photo: str) -> None:
    found = match_ids(pd.Series([answer, "b.jpg"]), pd.Series(["b.jpg", photo]))
    assert found.place.tolist() == [1, 0]
    assert (found.by_name, found.ambiguous) == (1, 0)


@pytest.mark.parametrize(
    ("answer", "photo"),
    [("a/1.jpg", "b/1.jpg"), ("11.jpg", "1.jpg"), ("1.5", "1"), ("A.jpg", "a.jpg"), ("x1.jpg", "1.jpg")],
)
def test_another_file(answer: str, photo: str) -> None:
    assert places([answer], [photo]) == [-1]


def test_a_name_that_could_be_two_photos_is_matched_to_neither_and_counted() -> None:
    found = match_ids(pd.Series(["1.jpg", "2.jpg"]), pd.Series(["a/1.jpg", "b/1.jpg", "a/2.jpg"]))
    assert found.place.tolist() == [-1, 2]
    assert (found.by_name, found.ambiguous) == (1, 1)


def test_two_names_that_could_be_one_photo() -> None:
    found = match_ids(pd.Series(["1.jpg", "1.png"]), pd.Series(["a/1.jpg"]))
    assert found.place.tolist() == [-1, -1] and found.ambiguous == 2


def test_a_photo_that_is_matched_exactly_is_not_matched_again() -> None:
    assert places(["1.jpg", "a/1.jpg"], ["1.jpg", "2.jpg"]) == [0, -1]


IDS = st.lists(
    st.from_regex(r"(?:[ab]/)?[xy][12]?(?:\.jpg|\.png)?", fullmatch=True), unique=True, min_size=1, max_size=8
)


@settings(max_examples=30, deadline=None)
@given(IDS, IDS)
def test_every_match_is_one_to_one_and_equal_ids_always_match(answers: list[str], photos: list[str]) -> None:
    found = match_ids(pd.Series(answers, dtype="str"), pd.Series(photos, dtype="str"))
    matched = found.place[found.place >= 0].tolist()
    assert len(set(matched)) == len(matched)
    for answer, place in zip(answers, found.place, strict=True):
        if answer in photos:
            assert photos[place] == answer
        elif place >= 0:
            assert photos[place].rsplit("/", 1)[-1].split(".")[0] == answer.rsplit("/", 1)[-1].split(".")[0]
    assert found.by_name == sum(place >= 0 and answer not in photos for answer, place in zip(answers, found.place))
