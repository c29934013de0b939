"""A filtered search answers as if the rows that are left out had never been indexed, and says how many they were."""

from pathlib import Path

import faiss
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.score import score
from dualgeo.leakage.exclusions import left_out
from dualgeo.params import IndexParams, ScoreParams
from dualgeo.refinement.refine import refine, refine_again
from dualgeo.retrieval.candidates import candidate_table
from dualgeo.retrieval.filtered import read_filtered, write_filtered
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.left_out import filtered_table
from tests.refinement.test_rerank import refine_params

FLAT = IndexParams(parts=["fused"], weights=[1.0], kind="flat")
KINDS = {
    "flat": FLAT,
    "flat-fp16": FLAT.model_copy(update={"quantiser": "fp16"}),
    "flat-sq8": FLAT.model_copy(update={"quantiser": "sq8"}),
    "ivf": FLAT.model_copy(update={"kind": "ivf", "lists": 16, "probes": 3}),
    "ivf-sq8": FLAT.model_copy(update={"kind": "ivf", "lists": 16, "probes": 3, "quantiser": "sq8"}),
}
GALLERY, QUERIES, WIDTH = 900, 24, 16
NO_PAIRS = pd.DataFrame({"check": [], "query_id": [], "photo_id": []}, dtype="str")


def vectors(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, WIDTH), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def photos(count: int, prefix: str, authors: list[str | None], seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "photo_id": [f"{prefix}{row:04d}" for row in range(count)],
            "lat": draw.uniform(-60, 60, count),
            "lon": draw.uniform(-180, 180, count),
            "photographer": pd.Series(authors, dtype="str"),
            "dataset": "made" if prefix == "q" else "made-gallery",
            "split": "query" if prefix == "q" else "gallery",
        }
    )


@pytest.fixture(scope="module")
def gallery() -> pd.DataFrame:
    """Author 0 has two thirds of it; one photo in nine is by nobody known."""
    draw = np.random.default_rng(3)
    authors = [None if draw.random() < 0.1 else f"author {0 if draw.random() < 0.67 else draw.integers(1, 9)}"
               for _ in range(GALLERY)]  # fmt: skip
    return photos(GALLERY, "g", authors, 4)


@pytest.fixture(scope="module")
def queries() -> pd.DataFrame:
    return photos(QUERIES, "q", [[None, "stranger", f"author {row % 5}"][row % 3] for row in range(QUERIES)], 5)


def without(index: GalleryIndex, asked: np.ndarray, k: int, rows: set[int]) -> tuple[list[int], np.ndarray]:
    """Rows and scores of a search in a copy of the index from which `rows` were removed."""
    copy = faiss.clone_index(index.index)
    copy.remove_ids(np.array(sorted(rows), np.int64))
    scores, found = copy.search(asked[None], k)
    # A flat index renumbers what remains; an IVF index keeps the numbers.
    remaining = np.array([row for row in range(GALLERY) if row not in rows])
    places = found[0][found[0] >= 0]
    return (places if isinstance(copy, faiss.IndexIVF) else remaining[places]).tolist(), scores[0][: len(places)]


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_equals_a_search_without_these_rows(kind: str, gallery: pd.DataFrame, queries: pd.DataFrame) -> None:
    index = GalleryIndex.build(vectors(GALLERY, 0), gallery, [("fused", 1.0)], KINDS[kind])
    asked = vectors(QUERIES, 1)
    pairs = pd.DataFrame(
        {"check": ["embedding", "identical", "embedding"], "query_id": ["q0001", "q0001", "q0002"],
         "photo_id": ["g0007", "g0007", "g0010"]}, dtype="str",
    )  # fmt: skip
    groups = left_out(queries, gallery, pairs, ["photographer", "identical", "embedding"])
    table = filtered_table(index, asked, queries, 20, groups)
    for row, query in queries.iterrows():
        own = set(np.flatnonzero(gallery["photographer"] == query["photographer"]).tolist())
        rows = own | {"q0001": {7}, "q0002": {10}}.get(query["photo_id"], set())
        found = table[table["query_id"] == query["photo_id"]]
        if not rows:
            assert found.empty
            continue
        wanted, scores = without(index, asked[row], 20, rows)
        assert found["photo_id"].tolist() == gallery["photo_id"].iloc[wanted].tolist()
        assert np.allclose(found["score"].to_numpy(np.float32), scores, atol=1e-6)
        assert found["rank"].tolist() == list(range(len(wanted)))
        assert set(found["dropped"]) == {len(rows)} and set(found["dropped_own"]) == {len(own)}
    assert table["query_id"].nunique() == 9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_a_flat_index_agrees_with_all_products(seed: int, k: int) -> None:
    draw = np.random.default_rng(seed)
    held, asked = vectors(50, seed), vectors(6, seed + 1)
    table = photos(50, "g", draw.choice(["ann", "bob", "cy"], 50).tolist(), 0)
    wanting = photos(6, "q", draw.choice(["ann", "bob", "dan"], 6).tolist(), 1)
    index = GalleryIndex.build(held, table, [("fused", 1.0)], FLAT)
    found = filtered_table(index, asked, wanting, k, left_out(wanting, table, NO_PAIRS, ["photographer"]))
    for row in range(6):
        allowed = np.flatnonzero(table["photographer"] != wanting["photographer"][row])
        order = allowed[np.argsort(-(asked[row].astype(np.float64) @ held[allowed].T), kind="stable")][:k]
        mine = found[found["query_id"] == f"q{row:04d}"]
        assert mine["photo_id"].tolist() == ([] if len(allowed) == 50 else table["photo_id"].iloc[order].tolist())


def test_checks_that_are_not_asked_for_leave_nothing_out(gallery: pd.DataFrame, queries: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"check": ["identical"], "query_id": ["q0000"], "photo_id": ["g0003"]}, dtype="str")
    assert left_out(queries, gallery, pairs, ["embedding"]) == []
    (only,) = left_out(queries, gallery, pairs, ["identical"])
    assert (only.queries.tolist(), only.own.tolist(), only.alike.tolist()) == ([0], [], [3])
    strange = pairs.assign(photo_id="g9999")
    with pytest.raises(DualGeoError, match="q0000 and g9999 are not a query and a gallery photo"):
        left_out(queries, gallery, strange, ["identical"])


def test_a_query_of_which_nothing_is_left_stays_in_the_table_and_fails(tmp_path: Path) -> None:
    gallery = photos(30, "g", ["ann"] * 30, 0)
    asked = photos(3, "q", ["ann", "bob", None], 1)
    index = GalleryIndex.build(vectors(30, 0), gallery, [("fused", 1.0)], FLAT)
    table = filtered_table(index, vectors(3, 1), asked, 5, left_out(asked, gallery, NO_PAIRS, ["photographer"]))
    write_filtered(tmp_path / "filtered.parquet", table)
    read = read_filtered(tmp_path / "filtered.parquet")
    assert read.candidates.empty and read.dropped.to_dict("index") == {
        "q0000": {"dropped": 30, "dropped_own": 30, "dropped_alike": 0}
    }


def test_an_empty_table_keeps_its_columns_and_damage_is_said(tmp_path: Path) -> None:
    gallery, asked = photos(9, "g", ["ann"] * 9, 0), photos(2, "q", ["bob", None], 1)
    index = GalleryIndex.build(vectors(9, 0), gallery, [("fused", 1.0)], FLAT)
    table = filtered_table(index, vectors(2, 1), asked, 5, left_out(asked, gallery, NO_PAIRS, ["photographer"]))
    write_filtered(tmp_path / "filtered.parquet", table)
    read = read_filtered(tmp_path / "filtered.parquet")
    assert len(read.candidates) == len(read.dropped) == 0 and "score" in read.candidates
    (tmp_path / "filtered.parquet").write_bytes(b"PAR1")
    with pytest.raises(DualGeoError, match="no filtered candidate table"):
        read_filtered(tmp_path / "filtered.parquet")
    with pytest.raises(DualGeoError, match="run `dvc repro retrieve` first"):
        read_filtered(tmp_path / "nothing.parquet")


def test_the_score_tells_filtered_from_unfiltered(tmp_path: Path) -> None:
    """Each query lies where its nearest gallery photo does; the first and last took that photo themselves."""
    gallery = photos(6, "g", ["ann", "ann", "cy", "cy", "cy", "cy"], 0)
    asked = photos(4, "q", ["ann", "dan", None, "ann"], 1)
    held = vectors(6, 0)
    found = held[[0, 2, 3, 1]]
    for query, row in enumerate([0, 2, 3, 1]):
        asked.loc[query, ["lat", "lon"]] = gallery.loc[row, ["lat", "lon"]]
    index = GalleryIndex.build(held, gallery, [("fused", 1.0)], FLAT)
    table = pd.concat(
        [gallery, asked, photos(1, "v", ["eve"], 9).assign(split="validation", dataset="made-validation")]
    )
    params = refine_params(rerank="none", refiner="none")
    refined = refine(candidate_table(asked, gallery, *index.search(found, 3)), table, params)
    write_filtered(
        tmp_path / "f.parquet",
        filtered_table(index, found, asked, 3, left_out(asked, gallery, NO_PAIRS, ["photographer"])),
    )
    read = read_filtered(tmp_path / "f.parquet")
    again = refine_again(
        read.candidates, table[table["photo_id"].isin(read.dropped.index)], params, refined.calibration
    )
    thresholds = ScoreParams(thresholds_km=[1], confidence=0.95, resamples=100, seed=0)
    filtered = again.join(read.dropped, on="query_id")
    scored = score(refined.predictions, refined.candidates, table, thresholds, filtered=filtered)
    block = scored.metrics["made"]["filtered"]
    assert scored.metrics["made"]["acc"]["1"]["value"] == 100
    assert block["acc"]["1"]["value"] == 50
    counts = {
        name: block[name] for name in ("queries_affected", "gallery_rows_dropped", "photographer_unknown", "failed")
    }
    assert counts == {"queries_affected": 2, "gallery_rows_dropped": 4, "photographer_unknown": 1, "failed": 0}
    assert block["photographer"] == {"queries": 2, "rows": 4} and block["near_duplicates"] == {"queries": 0, "rows": 0}
    errors = scored.queries.set_index("query_id")
    assert errors.loc[["q0001", "q0002"], "filtered_error_km"].tolist() == [0, 0]
    assert (errors.loc[["q0000", "q0003"], "filtered_error_km"] > 1).all()
