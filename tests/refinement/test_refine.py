"""The refine stage: a table in, one answer for every query out."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.refinement.refine import NO_CANDIDATES, refine, refine_one
from tests.refinement.made_tables import candidate_table, photo_table
from tests.refinement.test_rerank import FIJI, refine_params


def test_every_query_is_answered_or_says_why_not() -> None:
    photos = photo_table(validation=30, queries=40)
    candidates = candidate_table(photos)
    silent = photos.loc[photos["split"] == "query", "photo_id"].iloc[[0, 7]]
    candidates = candidates[~candidates["query_id"].isin(silent)]
    predictions = refine(candidates, photos, refine_params()).predictions
    assert set(predictions["query_id"]) == set(photos.loc[photos["split"] != "gallery", "photo_id"])
    assert predictions["query_id"].is_unique
    failed = predictions[predictions["query_id"].isin(silent)]
    assert (failed["status"] == NO_CANDIDATES).all()
    assert failed[["lat", "lon", "radius_km_50", "radius_km_90"]].isna().all(axis=None)
    rest = predictions[~predictions["query_id"].isin(silent)]
    assert (rest["status"] == "ok").all()
    assert rest[["lat", "lon", "radius_km_50", "radius_km_90"]].notna().all(axis=None)
    assert (rest["radius_km_50"] <= rest["radius_km_90"]).all()


def test_an_answer_is_one_of_the_candidates() -> None:
    photos = photo_table(validation=25, queries=30)
    candidates = candidate_table(photos)
    refined = refine(candidates, photos, refine_params())
    offered = set(zip(candidates["query_id"], candidates["lat"], candidates["lon"], strict=True))
    answers = refined.predictions
    assert set(zip(answers["query_id"], answers["lat"], answers["lon"], strict=True)) <= offered


def test_candidates_keep_their_rows_and_gain_cluster_and_order() -> None:
    photos = photo_table(validation=5, queries=10)
    candidates = candidate_table(photos)
    table = refine(candidates, photos, refine_params()).candidates
    pd.testing.assert_frame_equal(table[candidates.columns], candidates)
    assert table.groupby("query_id")["order"].apply(lambda o: sorted(o) == list(range(len(o)))).all()


def test_without_rerank_and_refiner_the_first_candidate_is_the_answer() -> None:
    photos = photo_table(validation=5, queries=10)
    candidates = candidate_table(photos)
    refined = refine(candidates, photos, refine_params(rerank="none", refiner="none"))
    best = candidates[candidates["rank"] == 0].set_index("query_id")
    answers = refined.predictions.set_index("query_id")
    assert (answers["lat"] == best["lat"].reindex(answers.index)).all()
    assert (refined.candidates["cluster"] == -1).all()


def test_the_truth_of_queries_is_never_looked_at() -> None:
    photos = photo_table(validation=25, queries=10)
    candidates = candidate_table(photos)
    moved = photos.copy()
    moved.loc[moved["split"] == "query", ["lat", "lon"]] = [1.0, 2.0]
    first = refine(candidates, photos, refine_params())
    second = refine(candidates, moved, refine_params())
    pd.testing.assert_frame_equal(first.predictions, second.predictions)
    assert first.calibration == second.calibration


def test_candidates_of_different_number() -> None:
    photos = photo_table(validation=3, queries=8)
    candidates = candidate_table(photos)
    few = candidates["query_id"] == candidates["query_id"].iloc[0]
    ragged = candidates[~few | (candidates["rank"] < 2)]
    predictions = refine(ragged, photos, refine_params()).predictions
    assert (predictions["status"] == "ok").all()


def test_no_candidates_at_all() -> None:
    photos = photo_table(validation=3, queries=4)
    refined = refine(candidate_table(photos).iloc[:0], photos, refine_params())
    assert (refined.predictions["status"] == NO_CANDIDATES).all()
    assert refined.calibration.failed == 3
    assert refined.candidates.empty


def test_tables_that_do_not_fit_are_refused() -> None:
    photos = photo_table(validation=3, queries=4)
    candidates = candidate_table(photos)
    with pytest.raises(DualGeoError, match="lack the column score"):
        refine(candidates.drop(columns="score"), photos, refine_params())
    with pytest.raises(DualGeoError, match="name the query elsewhere"):
        refine(candidates.assign(query_id="elsewhere"), photos, refine_params())
    with pytest.raises(DualGeoError, match="not ranked"):
        refine(candidates.assign(rank=candidates["rank"] + 1), photos, refine_params())
    with pytest.raises(DualGeoError, match="not ranked"):
        refine(pd.concat([candidates, candidates]), photos, refine_params())


def test_one_photo_gets_the_answer_the_table_gives() -> None:
    photos = photo_table(validation=25, queries=10)
    candidates = candidate_table(photos)
    refined = refine(candidates, photos, refine_params())
    for row in refined.predictions.itertuples():
        mine = refined.candidates[refined.candidates["query_id"] == row.query_id]
        one = refine_one(mine["lat"], mine["lon"], mine["score"], refine_params(), refined.calibration)
        assert (one.lat, one.lon, one.cluster_size, one.status) == (row.lat, row.lon, row.cluster_size, "ok")
        assert one.radius_km == pytest.approx({0.5: row.radius_km_50, 0.9: row.radius_km_90})
        assert one.position.tolist() == mine["order"].tolist()
        assert one.cluster.tolist() == mine["cluster"].tolist()


def test_one_photo_in_fiji_and_one_nowhere() -> None:
    fiji = refine_one(FIJI.lat[0], FIJI.lon[0], FIJI.score[0], refine_params(), None)
    assert fiji.lat is not None and fiji.lat < -16 and fiji.radius_km == {}
    nowhere = refine_one([], [], [], refine_params(), None)
    assert (nowhere.lat, nowhere.status) == (None, NO_CANDIDATES)


def test_the_stage_writes_the_same_bytes_twice(tmp_path: Path, project: Path) -> None:
    from dualgeo.datasets.contract import PHOTO_COLUMNS, write_photos
    from dualgeo.params import load_params
    from dualgeo.retrieval.filtered import write_filtered
    from dualgeo.stages import refine as refine_stage
    from dualgeo.stages import score as score_stage
    from dualgeo.workspace import Cell, Workspace

    params = load_params(project / "params.yaml")
    workspace, cell = Workspace(tmp_path), Cell("dual", 0)
    photos = photo_table(validation=25, queries=12)
    full = photos.reindex(columns=list(PHOTO_COLUMNS)).astype(object).where(lambda frame: frame.notna(), None)
    full = full.assign(lat=photos["lat"], lon=photos["lon"], shard="00000", sha256="0", accuracy_m=np.nan)
    write_photos(workspace.data(params.dataset), full)
    workspace.candidates(cell).parent.mkdir(parents=True)
    candidates = candidate_table(photos)
    candidates.to_parquet(workspace.candidates(cell))
    some = candidates[candidates["query_id"] == candidates["query_id"].iloc[-1]]
    write_filtered(workspace.filtered_candidates(cell), some.assign(dropped=2, dropped_own=2, dropped_alike=0))

    digests = []
    for _ in range(2):
        refine_stage.run(workspace, params, cell)
        score_stage.run(workspace, params, cell)
        files = [*workspace.refined(cell).iterdir(), *workspace.scores(cell).iterdir()]
        digests.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert digests[0] == digests[1]
    assert set(digests[0]) == {
        "predictions.parquet",
        "candidates.parquet",
        "filtered.parquet",
        "calibration.json",
        "lmm.parquet",
        "metrics.json",
        "strata.json",
        "curves.json",
        "queries.parquet",
        "validation.json",
    }
