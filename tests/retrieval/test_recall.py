"""The recall stated with an index is that of an independent count, whatever the index leaves out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualgeo.params import IndexParams
from dualgeo.retrieval import recall as recall_module
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Recall, exact_neighbours, measure_recall

FLAT = IndexParams(parts=["fused"], weights=[1.0], kind="flat")
IVF = FLAT.model_copy(update={"kind": "ivf", "lists": 32, "probes": 1})


def _clustered(count: int, groups: int = 60, width: int = 24) -> np.ndarray:
    """Unit vectors around `groups` overlapping centres: near neighbours lie in several cells of an IVF index."""
    draw = np.random.default_rng(5)
    centres = draw.standard_normal((groups, width))
    vectors = centres[draw.integers(0, groups, count)] + 0.9 * draw.standard_normal((count, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _index(vectors: np.ndarray, params: IndexParams) -> GalleryIndex:
    ids = [f"g{n:05d}" for n in range(len(vectors))]
    gallery = pd.DataFrame({"photo_id": ids, "lat": 0.0, "lon": 0.0, "photographer": None, "dataset": "made"})
    return GalleryIndex.build(vectors, gallery, [("fused", 1.0)], params)


def _counted(index: GalleryIndex, vectors: np.ndarray, asked: list[int], k: int) -> float:
    """Recall by sets of rows, from full float64 products."""
    products = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    shares: list[float] = []
    for query in asked:
        exact = [row for row in np.argsort(-products[query]).tolist() if row != query][:k]
        _, rows = index.search(vectors[[query]], k + 1)
        shares.append(len(set([row for row in rows[0].tolist() if row != query][:k]) & set(exact)) / k)
    return float(np.mean(shares))


def test_a_flat_index_finds_every_neighbour() -> None:
    vectors = _clustered(900)
    assert measure_recall(_index(vectors, FLAT).search, vectors) == Recall(20, 200, 1.0)


def test_an_index_with_few_probes_states_what_it_misses() -> None:
    vectors = _clustered(1500)
    index = _index(vectors, IVF)
    measured = measure_recall(index.search, vectors, queries=151)
    assert measured is not None
    asked = [round(n * 1499 / 150) for n in range(151)]
    assert measured.value == pytest.approx(_counted(index, vectors, asked, 20), abs=1e-6)
    assert 0.1 < measured.value < 0.9


def test_blocks_do_not_change_the_exact_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, asked = _clustered(500), np.array([0, 3, 250, 499])
    whole = np.sort(exact_neighbours(vectors, asked, 7), axis=1)
    monkeypatch.setattr(recall_module, "BLOCK_ROWS", 5)
    assert np.array_equal(np.sort(exact_neighbours(vectors, asked, 7), axis=1), whole)
    products = vectors[asked] @ vectors.T
    products[np.arange(4), asked] = -2
    assert np.array_equal(np.sort(np.argsort(-products, axis=1)[:, :7], axis=1), whole)


def test_equal_photos_stand_for_each_other() -> None:
    vectors = np.repeat(_clustered(20), 30, axis=0)
    assert measure_recall(_index(vectors, FLAT).search, vectors) == Recall(20, 200, 1.0)


def test_a_search_that_answers_nothing_has_no_recall_and_one_photo_has_none_to_measure() -> None:
    vectors = _clustered(40)

    def nothing(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((len(queries), k), -2, np.float32), np.full((len(queries), k), -1)

    assert measure_recall(nothing, vectors) == Recall(20, 40, 0.0)
    assert measure_recall(_index(vectors[:1], FLAT).search, vectors[:1]) is None
    assert measure_recall(_index(vectors[:4], FLAT).search, vectors[:4]) == Recall(3, 4, 1.0)


def test_it_is_saved_with_the_index_and_an_older_index_still_loads(tmp_path: Path) -> None:
    vectors = _clustered(60)
    index = _index(vectors, FLAT)
    index.save(tmp_path / "older")
    assert GalleryIndex.load(tmp_path / "older").recall is None
    index.recall = measure_recall(index.search, vectors)
    index.save(tmp_path / "index")
    stated = json.loads((tmp_path / "index" / "config.json").read_text())["recall"]
    assert stated == {"k": 20, "queries": 60, "value": 1.0}
    assert GalleryIndex.load(tmp_path / "index").recall == index.recall
