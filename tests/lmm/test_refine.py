"""The stage `refine` with a model: whose answer stands is said of every photo, and nothing is asked or paid twice."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dualgeo.datasets.contract import read_photos
from dualgeo.geo.sphere import geodesic_km
from dualgeo.lmm import cell as cell_module
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.cell import similarity_of_cell
from dualgeo.lmm.generated import Generated
from dualgeo.lmm.learned import Learned
from dualgeo.lmm.provider import Take
from dualgeo.lmm.refine_one import refine_one_with_lmm
from dualgeo.lmm.request import Request
from dualgeo.lmm.simulated import SimulatedModel
from dualgeo.lmm.store import AnswerStore
from dualgeo.lmm.table import LMM_SCHEMA
from dualgeo.params import Params
from dualgeo.refinement.radius import Calibration
from dualgeo.refinement.rerank import Candidates
from dualgeo.stages import refine as stage
from dualgeo.workspace import Workspace
from tests.lmm.made_cell import CELL, PROJECT, made_params, made_project
from tests.lmm.simulated_provider import SimulatedProvider

REFUSED = [f"made-{n:03d}" for n in range(0, 60, 7)]
KNOWS = SimulatedModel(2.0, 0.9)


@pytest.fixture(scope="module")
def retrieved(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project in which `refine` has run without a model."""
    workspace = made_project(tmp_path_factory.mktemp("cell"))
    stage.run(workspace, made_params(provider="none"), CELL)
    return workspace


@pytest.fixture
def workspace(retrieved: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, to ask in."""
    shutil.copytree(retrieved.root, tmp_path / "project")
    return Workspace(tmp_path / "project")


def provider(workspace: Workspace, model: SimulatedModel = KNOWS) -> SimulatedProvider:
    photos = read_photos(workspace.data("made"))
    return SimulatedProvider(model, photos, ends=dict.fromkeys(REFUSED, "refused"))


def run(
    workspace: Workspace, params: Params, monkeypatch: pytest.MonkeyPatch, model: object | None = None
) -> pd.DataFrame:
    """Refine with a simulated provider; returns the predictions."""
    asked = model or provider(workspace)
    monkeypatch.setattr(cell_module, "provider_for", lambda *_: asked)
    stage.run(workspace, params, CELL)
    return predictions(workspace)


def predictions(workspace: Workspace) -> pd.DataFrame:
    return pd.read_parquet(workspace.refined(CELL) / "predictions.parquet").set_index("query_id")


def errors_km(workspace: Workspace, table: pd.DataFrame) -> pd.Series:
    truth = read_photos(workspace.data("made")).set_index("photo_id").loc[table.index]
    return pd.Series(geodesic_km(truth["lat"], truth["lon"], table["lat"], table["lon"]), table.index)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_photo_ends_with_an_answer_and_a_stated_source(
    workspace: Workspace, retrieved: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = predictions(retrieved), run(workspace, made_params(), monkeypatch)
    assert after.index.tolist() == before.index.tolist()
    assert set(after["status"]) == {"ok"} and set(after["source"]) == {"retrieval", "lmm"}
    assert after["lmm_outcome"].value_counts().to_dict() == {"answered": 108 - len(REFUSED), "refused": len(REFUSED)}
    coordinates = ["lat", "lon"]
    alone = ["without_lmm_lat", "without_lmm_lon"]
    np.testing.assert_array_equal(after[alone].to_numpy(), before[coordinates].to_numpy())
    stood = after["source"] == "retrieval"
    np.testing.assert_array_equal(after.loc[stood, coordinates].to_numpy(), before.loc[stood, coordinates].to_numpy())
    assert stood[REFUSED].all(), "a photo that the model refused keeps its retrieval answer"
    query = after["split"] == "query"
    within = (errors_km(workspace, after)[query] <= 25).mean()
    assert within > (errors_km(retrieved, before)[query] <= 25).mean() + 0.1, "the model knows and is believed"
    assert not ((after["lat"].abs() < 0.01) & (after["lon"].abs() < 0.01)).any()


def test_the_table_of_what_was_said_marks_what_became_the_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = run(workspace, made_params(), monkeypatch)
    folder = workspace.refined(CELL)
    table = pq.read_table(folder / "lmm.parquet")
    assert table.schema.equals(LMM_SCHEMA)
    said = table.to_pandas()
    plain = said[~said["filtered"]].set_index("query_id")
    assert (plain["chosen"] == (final.loc[plain.index, "source"] == "lmm")).all()
    chosen = plain[plain["chosen"]]
    assert len(chosen) > 30
    np.testing.assert_array_equal(chosen[["lat", "lon"]], final.loc[chosen.index, ["lat", "lon"]])
    assert plain["similarity"].notna().tolist() == (plain["outcome"] == "answered").tolist()
    assert plain["similarity"].abs().max() <= 1
    filtered = pd.read_parquet(folder / "filtered.parquet").set_index("query_id")
    assert set(filtered.index) == set(said.loc[said["filtered"], "query_id"]) and len(filtered) == 6
    assert filtered["source"].notna().all() and {"lmm_outcome", "without_lmm_lat", "dropped"} <= set(filtered)
    summary = json.loads((folder / "lmm.json").read_text(encoding="utf-8"))
    assert summary["chosen"] == int(said["chosen"].sum()) and summary["outcomes"]["refused"] >= len(REFUSED)


def test_a_second_run_sends_nothing_and_writes_the_same_bytes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = provider(workspace)
    run(workspace, made_params(), monkeypatch, first)
    before = contents(workspace.refined(CELL))
    filtered = set(pd.read_parquet(workspace.refined(CELL) / "filtered.parquet")["query_id"])
    twice = [name for name in set(first.sent) if first.sent.count(name) > 1]
    assert twice and set(twice) <= filtered, "the filtered search asks again about what it found instead"
    again = provider(workspace)
    run(workspace, made_params(), monkeypatch, again)
    assert again.sent == [] and contents(workspace.refined(CELL)) == before


def test_what_came_with_the_results_is_not_bought_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run(workspace, made_params(), monkeypatch)
    before = contents(workspace.refined(CELL))
    shutil.rmtree(workspace.answers)
    colleague = provider(workspace)
    run(workspace, made_params(), monkeypatch, colleague)
    assert colleague.sent == [] and contents(workspace.refined(CELL)) == before
    run(workspace, made_params(verification="consensus"), monkeypatch, colleague)
    assert colleague.sent == [], "verifying in another way asks nothing"


def test_without_a_provider_all_is_as_if_no_model_existed(
    workspace: Workspace, retrieved: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace, made_params(), monkeypatch)
    stage.run(workspace, made_params(provider="none"), CELL)
    assert contents(workspace.refined(CELL)) == contents(retrieved.refined(CELL))
    assert pq.read_table(workspace.refined(CELL) / "lmm.parquet").num_rows == 0
    assert not (workspace.refined(CELL) / "answers.jsonl").exists()
    run(workspace, made_params(cells=["image-0"]), monkeypatch)
    assert contents(workspace.refined(CELL)) == contents(retrieved.refined(CELL)), "lmm.cells names another system"


def test_without_a_provider_no_heavy_library_is_loaded(workspace: Workspace) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from dualgeo.stages import refine; from dualgeo.workspace import Workspace;"
        "from tests.lmm.made_params_only import PARAMS, CELL;"
        f"refine.run(Workspace(Path({str(workspace.root)!r})), PARAMS, CELL);"
        "print(sorted({'torch', 'anthropic', 'openai', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Poor(SimulatedProvider):
    """Runs out of money after so many answers."""

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        def until_broke() -> Iterable[Request]:
            for number, request in enumerate(requests):
                if number == 30:
                    raise BudgetEndsError("The next request could cost more than is left.")
                yield request

        super().answer(until_broke(), budget, take)


def test_when_the_money_ends_nothing_is_half_written_and_what_was_bought_is_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(workspace.refined(CELL))
    poor = Poor(KNOWS, read_photos(workspace.data("made")))
    with pytest.raises(BudgetEndsError, match="nothing is paid twice"):
        run(workspace, made_params(), monkeypatch, poor)
    assert contents(workspace.refined(CELL)) == before
    assert [path.name for path in workspace.refined(CELL).parent.iterdir()] == [CELL.name], (
        "nothing is left lying about"
    )
    assert len(AnswerStore.look(workspace.answers)) == 30
    rest = provider(workspace)
    final = run(workspace, made_params(), monkeypatch, rest)
    assert len(rest.sent) + 30 == len(set(rest.sent) | set(poor.sent)) + 5 and final["lmm_outcome"].notna().all()


def test_photos_that_the_money_did_not_reach_keep_answer_and_radii_of_retrieval(
    workspace: Workspace, retrieved: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = Poor(KNOWS, read_photos(workspace.data("made")))
    final = run(workspace, made_params(when_budget_ends="retrieval"), monkeypatch, poor)
    missed = final["lmm_outcome"] == "not asked"
    assert missed.sum() == 108 - 30 and (final.loc[missed, "source"] == "retrieval").all()
    same = ["lat", "lon", "radius_km_50", "radius_km_90"]
    np.testing.assert_array_equal(final.loc[missed, same], predictions(retrieved).loc[missed, same])


def test_a_cap_leaves_the_other_photos_as_they_were(
    workspace: Workspace, retrieved: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    final, before = run(workspace, made_params(photos_per_set=25), monkeypatch), predictions(retrieved)
    asked = final["lmm_outcome"].notna()
    assert final[asked].groupby("split").size().to_dict() == {"query": 25, "validation": 25}
    same = ["lat", "lon", "radius_km_50", "radius_km_90", "source"]
    pd.testing.assert_frame_equal(final.loc[~asked, same], before.loc[~asked, same])
    learned = Learned.load(workspace.refined(CELL))
    assert learned is not None and learned.margin.photos == 25


@pytest.mark.parametrize("verification", ["none", "similarity", "similarity-argmax", "consensus"])
def test_radii_hold_for_the_answers_that_result(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, verification: str
) -> None:
    final = run(workspace, made_params(verification=verification), monkeypatch)
    validation = final[final["split"] == "validation"]
    errors = errors_km(workspace, validation)
    assert (errors <= validation["radius_km_90"]).mean() >= 0.9
    assert (errors <= validation["radius_km_50"]).mean() >= 0.5
    assert validation["radius_km_90"].notna().all()


def test_one_photo_is_answered_as_the_stage_answers_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    params = made_params()
    final = run(workspace, params, monkeypatch)
    folder = workspace.refined(CELL)
    said = pd.read_parquet(folder / "lmm.parquet")
    said = said[~said["filtered"]].set_index("query_id")
    found = pd.read_parquet(workspace.candidates(CELL)).sort_values("rank").groupby("query_id")
    similarity = similarity_of_cell(workspace, params, CELL)
    calibration, learned = Calibration.load(folder / "calibration.json"), Learned.load(folder)
    names = [*REFUSED[:2], *final.index[(final["split"] == "query") & (final["source"] == "lmm")][:4]]
    assert len(names) == 6
    for name in names:
        rows = found.get_group(name)
        candidates = Candidates(*(rows[c].to_numpy(np.float64)[None] for c in ("lat", "lon", "score")))
        generated = Generated(*(said.loc[[name], c].to_numpy(np.float64)[None] for c in ("lat", "lon", "radius_km")))
        located = refine_one_with_lmm(
            candidates, generated, similarity([name]), params.refine, params.lmm, calibration, learned
        )
        row = final.loc[name]
        assert (located.lat, located.lon, located.source) == (row["lat"], row["lon"], row["source"])
        assert located.radius_km[0.9] == pytest.approx(row["radius_km_90"], rel=1e-9)
        unlearned = refine_one_with_lmm(
            candidates, generated, similarity([name]), params.refine, params.lmm, calibration, None
        )
        assert unlearned.source == "retrieval", "without validation photos similarity believes nobody"
