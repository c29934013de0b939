"""What a model would be asked about a trained system: which photos, with which places."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualgeo.datasets.contract import read_photos
from dualgeo.errors import DualGeoError
from dualgeo.lmm.asked import asked_photos
from dualgeo.lmm.negatives import negatives
from dualgeo.lmm.question import Question
from dualgeo.lmm.questions import questions_of_cell
from dualgeo.params import IndexParams
from dualgeo.refinement.refine import refine
from dualgeo.retrieval.candidates import read_candidates
from dualgeo.retrieval.filtered import read_filtered
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.workspace import Workspace
from tests.lmm.made_cell import CELL, made_params, made_project


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return made_project(tmp_path_factory.mktemp("cell"))


@pytest.fixture(scope="module")
def questions(workspace: Workspace) -> list[Question]:
    return questions_of_cell(workspace, made_params(), CELL)


def photos() -> pd.DataFrame:
    names = ["day"] * 30 + ["night"] * 30 + ["val-a"] * 20 + ["val-b"] * 20 + ["gallery"] * 20
    split = ["query"] * 60 + ["validation"] * 40 + ["gallery"] * 20
    return pd.DataFrame({"photo_id": [f"p{n:03d}" for n in range(120)], "dataset": names, "split": split})


def test_a_cap_holds_for_each_query_set_and_for_all_validation_photos_together() -> None:
    asked = asked_photos(photos(), 12)
    counts = asked.groupby("split")["photo_id"].count().to_dict()
    assert counts == {"query": 24, "validation": 12}
    assert asked.loc[asked["split"] == "query", "dataset"].value_counts().to_dict() == {"day": 12, "night": 12}
    assert len(asked_photos(photos(), None)) == 100 and len(asked_photos(photos(), 1000)) == 100


def test_which_photos_are_asked_about_depends_on_their_ids_alone() -> None:
    table = photos()
    asked = set(asked_photos(table, 10)["photo_id"])
    shuffled = table.sample(frac=1.0, random_state=3)
    assert set(asked_photos(shuffled, 10)["photo_id"]) == asked
    assert asked < set(asked_photos(table, 11)["photo_id"]), "asking about more photos asks none again in vain"
    without_some = table[~table["photo_id"].isin(sorted(asked)[:2])]
    assert len(asked - set(asked_photos(without_some, 10)["photo_id"])) == 2
    first = set(table.groupby("dataset").head(10)["photo_id"])
    assert asked - first, "else the choice would follow the order of the table"


def test_a_question_holds_all_that_was_retrieved_with_the_clusters_of_the_re_rank(
    workspace: Workspace, questions: list[Question]
) -> None:
    params = made_params()
    table = refine(read_candidates(workspace.candidates(CELL)), read_photos(workspace.data("made")), params.refine)
    plain = [question for question in questions if not question.filtered]
    assert [q.query_id for q in plain] == table.predictions["query_id"].tolist()
    assert {q.split for q in plain} == {"validation", "query"}
    for question in plain:
        rows = table.candidates[table.candidates["query_id"] == question.query_id]
        assert [place.photo_id for place in question.candidates] == rows["photo_id"].tolist()
        assert [place.cluster for place in question.candidates] == rows["cluster"].tolist()
        assert [place.lat for place in question.candidates] == rows["lat"].tolist()


def test_filtered_questions_never_show_a_place_that_was_left_out(
    workspace: Workspace, questions: list[Question]
) -> None:
    filtered = {q.query_id: q for q in questions if q.filtered}
    assert set(filtered) == set(read_filtered(workspace.filtered_candidates(CELL)).dropped.index)
    by = read_photos(workspace.data("made")).set_index("photo_id")["photographer"]
    for name, question in filtered.items():
        shown = [place.photo_id for place in (*question.candidates, *question.negatives)]
        assert shown and by[name] not in set(by[shown])
    plain = {q.query_id: q for q in questions if not q.filtered}
    assert any(plain[name].candidates != question.candidates for name, question in filtered.items())


@pytest.mark.parametrize("kind", ["flat", "ivf"])
def test_negatives_are_the_least_similar_of_other_peoples_photos(kind: str) -> None:
    draw = np.random.default_rng(5)
    rows = draw.standard_normal((800, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    gallery = pd.DataFrame(
        {"photo_id": [f"g{n}" for n in range(800)], "lat": 1.0, "lon": 2.0, "dataset": "g"}
        | {"photographer": [f"trip-{n % 40}" for n in range(800)]}
    )
    params = IndexParams(parts=["fused"], weights=[1.0], kind=kind, lists=8, probes=2)  # type: ignore[arg-type]
    index = GalleryIndex.build(rows, gallery, [("fused", 1.0)], params)
    asked = pd.DataFrame({"photo_id": ["a", "b"], "photographer": ["trip-3", None]})
    vectors = rows[[0, 1]]
    found = negatives(index, vectors, asked, 5)
    for vector, (name, own) in zip(vectors, [("a", "trip-3"), ("b", None)], strict=True):
        cosine = rows @ vector
        allowed = np.flatnonzero(gallery["photographer"] != own)
        similarities = [place.similarity for place in found[name]]
        assert len(found[name]) == 5 and similarities == sorted(similarities)
        assert not any(gallery.set_index("photo_id")["photographer"][p.photo_id] == own for p in found[name])
        if kind == "flat":
            expected = allowed[np.argsort(cosine[allowed])[:5]]
            assert [place.photo_id for place in found[name]] == [f"g{n}" for n in expected]
        else:
            assert max(similarities) < np.quantile(cosine, 0.2)


def test_a_strategy_without_places_needs_no_trained_model(workspace: Workspace, tmp_path: Path) -> None:
    shutil.copytree(workspace.root, tmp_path / "bare")
    bare = Workspace(tmp_path / "bare")
    shutil.rmtree(bare.model(CELL))
    assert not any(q.negatives for q in questions_of_cell(bare, made_params(strategy="zero-shot"), CELL))
    with pytest.raises(DualGeoError, match="train@dual-0"):
        questions_of_cell(bare, made_params(strategy="rag"), CELL)
    bare.candidates(CELL).unlink()
    with pytest.raises(DualGeoError, match="retrieve@dual-0"):
        questions_of_cell(bare, made_params(strategy="zero-shot"), CELL)
