"""MLflow tells the story of the report: comparisons over all seeds, few metrics, and tables for the rest."""

import json
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run

from dualgeo.evaluation.compare import compare
from dualgeo.params import Params
from dualgeo.tracking.figures import score_metrics
from dualgeo.tracking.names import COMPARISONS
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.runs import record_score
from dualgeo.tracking.store import SCORES, experiment_id, open_store
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import CELL, artifact_text, artifacts, pulled, runs, write_lock, write_score

CELLS = [Cell(variant, seed) for variant in ("image", "dual") for seed in (0, 1)]
SHARE = {"value": 40.0, "low": 30.0, "high": 50.0}


@pytest.fixture
def two_seeds(params: Params) -> Params:
    return params.model_copy(
        update={"systems": params.systems.model_copy(update={"variants": ["image", "dual"], "seeds": [0, 1]})}
    )


@pytest.fixture
def scored(workspace: Workspace) -> Workspace:
    """Two variants with two seeds; dual is far better."""
    pulled(workspace, CELLS)
    for cell in CELLS:
        write_score(workspace, cell, within_25=(80.0 if cell.variant == "dual" else 30.0) + cell.seed)
    write_lock(workspace, CELLS)
    return workspace


def comparisons(workspace: Workspace, current: bool = True) -> list[Run]:
    client = open_store(workspace)
    where = f"tags.`dualgeo.current` = '{str(current).lower()}'"
    return list(client.search_runs([experiment_id(client, COMPARISONS)], where))


def test_a_comparison_holds_what_compare_says(scored: Workspace, two_seeds: Params, tmp_path: Path) -> None:
    track(scored, two_seeds)
    [run] = comparisons(scored)
    sides = [
        [pd.read_parquet(scored.scores(Cell(variant, seed)) / "queries.parquet") for seed in (0, 1)]
        for variant in ("dual", "image")
    ]
    gain = compare(sides[0], sides[1], two_seeds.score)["atlas-night"]["25"]
    assert gain.decided
    parts = ("", "_low", "_high", "_p", "_detectable")
    picked = {part: run.data.metrics[f"atlas-night/gain_25{part}"] for part in parts}
    assert picked == {
        "": gain.points, "_low": gain.low, "_high": gain.high, "_p": gain.p_holm, "_detectable": gain.detectable,
    }  # fmt: skip
    assert run.data.params["seeds"] == "[0, 1]" and run.data.params["baseline"] == "image"
    assert gain.words("dual", "image", 25.0) in run.data.tags["mlflow.note.content"]
    table = json.loads(artifact_text(scored, run, "differences.json", tmp_path))
    assert {"p", "p_holm", "mcnemar_p", "design_effect", "units", "decided"} <= set(table["columns"])
    assert len(table["data"]) == len(two_seeds.score.thresholds_km)
    runs_of_scores = [runs(scored, SCORES, cell)[0].info.run_id for cell in [*CELLS[2:], *CELLS[:2]]]
    assert run.data.tags["dualgeo.score_runs"].split() == runs_of_scores


def test_the_scores_tell_the_same_story(scored: Workspace, two_seeds: Params) -> None:
    track(scored, two_seeds)
    [run] = comparisons(scored)
    sentence = run.data.tags["mlflow.note.content"].strip().splitlines()[-1]
    for cell in CELLS:
        note = runs(scored, SCORES, cell)[0].data.tags["mlflow.note.content"]
        assert (sentence in note) == (cell.variant == "dual")


def test_comparing_again_makes_no_run_and_other_scores_make_one(scored: Workspace, two_seeds: Params) -> None:
    track(scored, two_seeds)
    [first] = comparisons(scored)
    track(scored, two_seeds)
    assert [run.to_dictionary() for run in comparisons(scored)] == [first.to_dictionary()]
    write_score(scored, CELL, within_25=33.0)
    write_lock(scored, CELLS)
    track(scored, two_seeds)
    [second] = comparisons(scored)
    assert second.info.run_id != first.info.run_id
    assert [run.info.run_id for run in comparisons(scored, current=False)] == [first.info.run_id]
    write_score(scored, CELL, within_25=80.0)
    write_lock(scored, CELLS)
    track(scored, two_seeds)
    assert [run.info.run_id for run in comparisons(scored)] == [first.info.run_id], "back to the first, none doubled"


def test_a_pair_waits_until_every_seed_is_scored(scored: Workspace, params: Params) -> None:
    assert len(params.systems.seeds) == 3
    track(scored, params)
    assert comparisons(scored) == []


def test_a_table_that_cannot_be_read_is_said_and_costs_nothing_else(
    scored: Workspace, two_seeds: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    (scored.scores(CELL) / "queries.parquet").write_bytes(b"no table")
    tracked = track(scored, two_seeds)
    assert len(tracked.runs) == 8
    assert comparisons(scored) == []
    assert "dual against image was not compared" in "".join(capsys.readouterr())


def test_curves_and_strata_are_artifacts(workspace: Workspace, params: Params, tmp_path: Path) -> None:
    write_score(workspace, CELL)
    record_score(workspace, params, CELL)
    [run] = runs(workspace, SCORES)
    kept = {"metrics.json", "validation.json", "strata.json", "curves.json", "tables/strata.json"}
    assert kept | {"curves/risk_coverage.csv", "curves/recall_area.csv"} <= artifacts(workspace, run)
    table = json.loads(artifact_text(workspace, run, "tables/strata.json", tmp_path))
    row = dict(zip(table["columns"], table["data"][0], strict=True))
    assert (row["query_set"], row["by"], row["stratum"], row["acc_25_high"]) == (
        "atlas-night",
        "settlement",
        "city",
        99,
    )
    text = artifact_text(workspace, run, "curves/risk_coverage.csv", tmp_path)
    assert text.splitlines() == [
        "query_set,threshold_km,share,acc,best", "atlas-night,25,0.5,90.0,100.0", "atlas-night,25,1.0,61.0,61.0",
    ]  # fmt: skip


def test_only_what_is_compared_by_eye_becomes_a_metric() -> None:
    figures = {
        "queries": 60,
        "acc": {"25": SHARE},
        "design_effect": {"25": 1.5, "1": None},
        "places": {"country": {**SHARE, "queries": 60, "no_place": 0}},
        "radius": {"0.9": {"coverage": 88.0, "low": 80.0, "high": 93.0, "median_km": 12.0, "queries": 60}},
        "radius_coverage": {"0.9": 88.0},
        "oracle_at": {"1": {"25": 30.0}, "20": {"25": 90.0}},
        "filtered": {"queries_affected": 5, "photographer": {"queries": 5, "rows": 9}, "acc": {"25": SHARE}},
        "risk_coverage": {"confidence": "radius_km_50", "aurc": {"25": 20.0}, "acc": {"0.5": {"25": 90.0}}},
        "recall_area": {"answer": 44.0, "candidates_25": 50.0},
    }
    assert score_metrics({"night": figures}) == {
        "night/queries": 60,
        "night/acc_25": 40, "night/acc_25_low": 30, "night/acc_25_high": 50,
        "night/design_effect_25": 1.5,
        "night/country": 40, "night/country_low": 30, "night/country_high": 50,
        "night/radius_coverage_0.9": 88, "night/radius_coverage_0.9_low": 80, "night/radius_coverage_0.9_high": 93,
        "night/radius_km_0.9": 12,
        "night/filtered_acc_25": 40, "night/filtered_acc_25_low": 30, "night/filtered_acc_25_high": 50,
        "night/filtered_queries_affected": 5,
        "night/aurc_25": 20,
        "night/area_km2_for_half": 44,
    }  # fmt: skip
