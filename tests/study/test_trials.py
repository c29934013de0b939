"""The trials answer as the pipeline's own stages do: the same vectors, the same search, the same refinement."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from dualgeo.model.encode import encode_photos, parts_of
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.refinement.refine import refine
from dualgeo.retrieval.candidates import candidate_table
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.study.corruption.counting import system_cost
from dualgeo.study.trials.ablation import Encoded, ablate
from dualgeo.study.trials.predict import candidates_of, first, predicted
from dualgeo.study.trials.robustness import answer_corrupted
from dualgeo.study.trials.variations import variations_of
from tests.model.made_views import config_of, made_photos
from tests.study.made import params

TORCH_SEED = 0


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> CachedPhotos:
    return made_photos(tmp_path_factory.mktemp("views"))


@pytest.fixture(scope="module")
def system() -> GeoSystem:
    torch.manual_seed(TORCH_SEED)
    return GeoSystem(config_of("dual")).eval()


@pytest.fixture(scope="module")
def index(photos: CachedPhotos, system: GeoSystem) -> GalleryIndex:
    gallery = photos.part(["gallery"])
    parts = parts_of(system, params().index)
    return GalleryIndex.build(encode_photos(system, gallery, parts, "test"), gallery.table, parts, params().index)


@pytest.fixture(scope="module")
def stage_predictions(photos: CachedPhotos, system: GeoSystem, index: GalleryIndex) -> pd.DataFrame:
    """What the stages retrieve and refine answer, by query."""
    queries = photos.part(["query"])
    vectors = encode_photos(system, queries, index.parts, "test")
    found = candidate_table(queries.table, index.gallery, *index.search(vectors, params().retrieve.top_k))
    return refine(found, photos.table, params().refine).predictions


def test_parts_encoded_once_make_the_rows_that_the_index_stage_makes(photos: CachedPhotos, system: GeoSystem) -> None:
    encoded = Encoded.of(system, photos, ["fused", "image"], "test")
    for parts in ((("fused", 3.0), ("image", 1.0)), (("image", 2.0),), (("fused", 1.0), ("image", 1.0))):
        expected = encode_photos(system, photos, parts, "test")
        np.testing.assert_allclose(encoded.rows(parts), expected, atol=1e-6)


def test_the_configured_line_of_the_ablation_is_the_pipelines_own_answer(
    photos: CachedPhotos, system: GeoSystem, stage_predictions: pd.DataFrame, index: GalleryIndex
) -> None:
    made = params()
    gallery, queries = photos.part(["gallery"]), photos.part(["query"])
    table = ablate(system, gallery, queries, variations_of(made, tuple(index.parts)), made.index).table
    assert len(table) == len(queries) * len(variations_of(made, tuple(index.parts)))
    mine = table[table["name"] == "as configured"].set_index("query_id")["error_km"]
    there = stage_predictions.set_index("query_id").loc[mine.index]
    here = queries.table.set_index("photo_id").loc[mine.index]
    apart = np.hypot(there["lat"] - here["lat"], there["lon"] - here["lon"]) * 111
    assert np.corrcoef(np.log1p(mine), np.log1p(apart))[0, 1] > 0.9
    exact = predicted(candidates_of(index, encode_photos(system, queries, index.parts, "t"), 20), made.refine)
    np.testing.assert_allclose(np.sort(exact.errors_km(queries.table)), np.sort(mine), atol=1e-3)
    assert table[table["group"] == "candidates"].groupby("name")["error_km"].mean().nunique() > 1


def test_an_unchanged_copy_is_answered_as_the_clean_photo_was(
    photos: CachedPhotos, system: GeoSystem, index: GalleryIndex, stage_predictions: pd.DataFrame
) -> None:
    queries = photos.part(["query"])
    copies = CachedPhotos(
        queries.table.assign(dataset="made/low-light-3", condition="low-light-3"),
        queries.latlon,
        queries.features,
        queries.masks,
        queries.rows,
    )
    table = answer_corrupted(system, index, copies, stage_predictions, params(), "test")
    np.testing.assert_allclose(table["moved_km"], 0.0, atol=1e-6)
    assert set(table["corruption"]) == {"low-light"} and set(table["severity"]) == {3}
    gone = stage_predictions.assign(without_lmm_lat=np.nan, without_lmm_lon=np.nan)
    lost = answer_corrupted(system, index, copies, gone, params(), "test")
    assert lost["moved_km"].isna().all() and lost["error_km"].notna().all()


def test_places_that_a_search_leaves_empty_are_no_candidates(index: GalleryIndex) -> None:
    rows = len(index.gallery)
    vectors = np.ones((2, index.index.d), np.float32)
    found = candidates_of(index, vectors, 3)
    assert found.present.all() and first(found, 2).lat.shape == (2, 2)

    class Sparse:
        gallery = index.gallery

        def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            answer = np.full((len(vectors), k), -1, np.int64)
            answer[:, 0] = rows - 1
            return np.ones((len(vectors), k), np.float32), answer

    sparse = candidates_of(Sparse(), vectors, 3)  # type: ignore[arg-type]
    assert sparse.present.tolist() == [[True, False, False]] * 2
    assert sparse.lat[0, 0] == index.gallery["lat"].iloc[-1]


def test_cost_counts_the_photo_encoder_alone(photos: CachedPhotos, system: GeoSystem, tmp_path: Path) -> None:
    cost = system_cost(system, photos, 72)
    assert cost.parameters == sum(weights.numel() for weights in system.photo.parameters())
    assert 0 < cost.flops < 10_000_000 and cost.dimensions == 72
    one = GeoSystem(config_of("image")).eval()
    assert system_cost(one, photos, 48).flops < cost.flops
    cost.save(tmp_path / "cost.json")
    assert type(cost).load(tmp_path / "cost.json") == cost
