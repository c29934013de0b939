"""The gallery index: exact where it says so, close where it compresses, honest when damaged."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.params import IndexParams
from dualgeo.retrieval.candidates import candidate_table, read_candidates, write_candidates
from dualgeo.retrieval.index import GalleryIndex

FLAT = IndexParams(parts=["fused"], weights=[1.0], kind="flat")
PARTS = [("fused", 1.0)]


def _vectors(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, 32), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _gallery(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "photo_id": [f"g{n:05d}" for n in range(count)],
            "lat": np.linspace(-60, 60, count),
            "lon": np.linspace(-170, 170, count),
            "photographer": None,
            "dataset": "made-gallery",
        }
    )


def _queries(count: int) -> pd.DataFrame:
    names = [f"q{n:03d}" for n in range(count)]
    return pd.DataFrame({"photo_id": names, "dataset": "made", "split": "query"})


def test_flat_search_is_exact() -> None:
    gallery, queries = _vectors(500, 0), _vectors(20, 1)
    scores, rows = GalleryIndex.build(gallery, _gallery(500), PARTS, FLAT).search(queries, 7)
    exact = queries @ gallery.T
    assert np.array_equal(rows, np.argsort(-exact, axis=1, kind="stable")[:, :7])
    assert np.allclose(scores, -np.sort(-exact, axis=1)[:, :7], atol=1e-6)


def test_compressed_search_finds_nearly_all_of_the_exact_neighbours() -> None:
    gallery, queries = _vectors(4000, 0), _vectors(50, 1)
    params = FLAT.model_copy(update={"kind": "ivf", "quantiser": "sq8", "lists": 32, "probes": 24})
    _, rows = GalleryIndex.build(gallery, _gallery(4000), PARTS, params).search(queries, 20)
    _, exact = GalleryIndex.build(gallery, _gallery(4000), PARTS, FLAT).search(queries, 20)
    found = np.mean([len(set(a) & set(b)) / 20 for a, b in zip(rows.tolist(), exact.tolist(), strict=True)])
    assert found > 0.85


def test_equal_scores_come_in_gallery_order() -> None:
    gallery = np.repeat(_vectors(3, 0), 4, axis=0)
    _, rows = GalleryIndex.build(gallery, _gallery(12), PARTS, FLAT).search(gallery[:1], 4)
    assert rows.tolist() == [[0, 1, 2, 3]]


def test_a_saved_index_answers_as_before_with_the_same_bytes(tmp_path: Path) -> None:
    index = GalleryIndex.build(_vectors(60, 0), _gallery(60), PARTS, FLAT)
    index.save(tmp_path / "a")
    index.save(tmp_path / "b")
    for name in ("gallery.faiss", "gallery.parquet", "config.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = GalleryIndex.load(tmp_path / "a")
    assert again.parts == PARTS
    assert np.array_equal(again.search(_vectors(5, 2), 9)[1], index.search(_vectors(5, 2), 9)[1])


def test_damage_and_misuse_are_said_in_a_sentence(tmp_path: Path) -> None:
    index = GalleryIndex.build(_vectors(60, 0), _gallery(60), PARTS, FLAT)
    index.save(tmp_path / "index")
    with pytest.raises(DualGeoError, match="Queries have 8 dimensions and the index 32"):
        index.search(np.zeros((1, 8), np.float32), 3)
    faiss_file = tmp_path / "index" / "gallery.faiss"
    faiss_file.write_bytes(faiss_file.read_bytes()[:100])
    with pytest.raises(DualGeoError, match="no usable index"):
        GalleryIndex.load(tmp_path / "index")
    with pytest.raises(DualGeoError, match="at most 1 lists"):
        GalleryIndex.build(_vectors(60, 0), _gallery(60), PARTS, FLAT.model_copy(update={"kind": "ivf"}))


def test_a_gallery_smaller_than_k_gives_what_there_is(tmp_path: Path) -> None:
    index = GalleryIndex.build(_vectors(3, 0), _gallery(3), PARTS, FLAT)
    scores, rows = index.search(_vectors(4, 1), 20)
    table = candidate_table(_queries(4), index.gallery, scores, rows)
    assert table.groupby("query_id").size().tolist() == [3, 3, 3, 3]
    write_candidates(tmp_path / "candidates.parquet", table)
    pd.testing.assert_frame_equal(read_candidates(tmp_path / "candidates.parquet"), table, check_dtype=False)


def test_rows_that_a_search_left_empty_give_no_candidate() -> None:
    rows = np.array([[2, -1], [0, 1]])
    table = candidate_table(_queries(2), _gallery(3), np.ones((2, 2), np.float32), rows)
    assert list(zip(table["query_id"], table["rank"], table["photo_id"], strict=True)) == [
        ("q000", 0, "g00002"),
        ("q001", 0, "g00000"),
        ("q001", 1, "g00001"),
    ]
