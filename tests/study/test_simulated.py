"""Simulated models in the ablation table: they lift as predicted, guessing costs nothing, and they are marked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from dualgeo.evaluation.compare import compare
from dualgeo.params import Params
from dualgeo.stages import ablate
from dualgeo.study.findings.files import ablation_cells
from dualgeo.study.findings.table import ablation_table
from dualgeo.study.trials.parquet import ABLATION_SCHEMA, read_table
from dualgeo.study.trials.simulated import SIMULATED, models_of, trials_of
from tests.lmm.made_cell import CELL, made_params, made_project
from tests.study.made import ablation, params, study

KEYS = ["query_id", "query_set", "photographer", "error_km"]


@pytest.fixture(scope="module")
def made() -> Params:
    section = {"simulated_km": [0.5, 10], "simulated_share": 0.5, "ablations": ["dual"], "top_k": [5], "eps_km": [50]}
    document = made_params(provider="none").model_dump(by_alias=True)
    return Params.model_validate(document | {"study": document["study"] | section})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, made: Params) -> pd.DataFrame:
    """What the stage `ablate` writes for a small project."""
    workspace = made_project(tmp_path_factory.mktemp("cell"))
    ablate.run(workspace, made, CELL)
    return read_table(workspace.ablation(CELL) / "queries.parquet", ABLATION_SCHEMA, "ablate")


def rows(table: pd.DataFrame, group: str, name: str, split: str = "query") -> pd.DataFrame:
    found = table[(table["group"] == group) & (table["name"] == name) & (table["split"] == split)]
    assert len(found) == {"query": 60, "validation": 48}[split]
    return found[KEYS]


def test_every_model_is_crossed_with_every_way_of_verification(made: Params, written: pd.DataFrame) -> None:
    names = written.loc[written["group"] == SIMULATED, "name"].unique().tolist()
    assert names == [trial.name for trial in trials_of(made)] and len(names) == 4 * 4
    assert "knows 50 % to 10 km, similarity" in names and "answers at random, consensus" in names
    assert "simulated" in SIMULATED


@pytest.mark.parametrize(
    "name", ["knows to 0.5 km, no verification", "knows to 0.5 km, similarity", "knows to 10 km, no verification"]
)
@pytest.mark.parametrize("km", [1.0, 25.0])
def test_a_model_that_knows_lifts_accuracy_as_its_noise_predicts(
    made: Params, written: pd.DataFrame, name: str, km: float
) -> None:
    model = next(model for model in models_of(made) if name.startswith(model.name))
    after, before = rows(written, SIMULATED, name)["error_km"], rows(written, "", "as configured")["error_km"]
    assert binomtest(int((after <= km).sum()), len(after), model.expected(km)).pvalue > 0.001
    if model.expected(km) > 0.5:
        assert (after <= km).mean() > (before <= km).mean() + 0.2


@pytest.mark.parametrize("verification", ["similarity", "consensus"])
def test_verified_guesses_lower_accuracy_by_no_more_than_its_interval(
    made: Params, written: pd.DataFrame, verification: str
) -> None:
    guessed = rows(written, SIMULATED, f"answers at random, {verification}")
    found = compare([guessed], [rows(written, "", "as configured")], made.score)["made"]
    assert all(difference.high >= 0 for difference in found.values())
    unverified = rows(written, SIMULATED, "answers at random, no verification")
    assert compare([unverified], [rows(written, "", "as configured")], made.score)["made"]["25"].high < 0


def with_simulated(made: Params, seed: int, share: float) -> pd.DataFrame:
    """A made table of a seed, in which every simulated model hits `share` of the photos."""
    table = ablation(made, seed)
    base = table[table["group"] == ""]
    draw = np.random.default_rng(seed)
    added = [
        base.assign(group=SIMULATED, name=t.name, error_km=np.where(draw.random(len(base)) < share, 0.5, 900.0))
        for t in trials_of(made)
    ]
    return pd.concat([table, *added], ignore_index=True)


def test_the_table_marks_simulated_lines_and_states_what_was_predicted() -> None:
    made = study({"atlas": 15}, simulated_km=[0.5, 10])
    tables = {"dual": [with_simulated(made.params, seed, 0.99) for seed in range(2)]}
    table = ablation_table(made.params, made.taken, made.validation, tables, 25.0)
    lines = {row.name: row for row in table.rows if row.group == SIMULATED}
    assert list(lines) == [trial.name for trial in trials_of(made.params)]
    assert lines["knows to 10 km, no verification"].note.endswith("predicted 0.5 within 1 km, 95.6 within 25 km")
    assert "predicted" not in lines["knows to 10 km, similarity"].note
    assert all("(simulated)" in ablation_cells(row)[0] for row in lines.values())


def test_simulated_lines_cost_the_measured_ones_no_power() -> None:
    made = study({"atlas": 15}, simulated_km=[0.5])
    without = {row.name: row.p for row in _table(made.params, made, False) if row.p is not None}
    with_ = {row.name: row.p for row in _table(made.params, made, True) if row.p is not None and row.group != SIMULATED}
    assert without and with_ == without


def _table(made_: Params, of: object, simulated: bool) -> tuple:
    taken, validation = of.taken, of.validation  # type: ignore[attr-defined]
    tables = [with_simulated(made_, s, 0.5) if simulated else ablation(made_, s) for s in range(2)]
    return ablation_table(made_, taken, validation, {"dual": tables}, 25.0).rows


def test_a_share_of_one_leaves_the_model_that_half_knows_out() -> None:
    everything = params(simulated_km=[3], simulated_share=1.0)
    assert [model.name for model in models_of(everything)] == ["knows to 3 km", "answers at random"]
    assert replace(models_of(everything)[0], knows=0.25).name == "knows 25 % to 3 km"


def test_the_stage_writes_the_same_bytes_twice(tmp_path: Path, made: Params) -> None:
    workspace, contents = made_project(tmp_path), []
    for _ in range(2):
        ablate.run(workspace, made, CELL)
        contents.append((workspace.ablation(CELL) / "queries.parquet").read_bytes())
    assert contents[0] == contents[1]
