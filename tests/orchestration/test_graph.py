"""Dagster shows the graph of dvc.yaml, with nothing of its own to keep in step."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dualgeo.errors import DualGeoError
from orchestration.build import build_definitions
from orchestration.graph import read_graph
from tests.orchestration.conftest import CELLS, DVC_YAML, KEYS, Project

ROOT = Path(__file__).resolve().parent.parent.parent


def keys(root: Path) -> set[str]:
    graph = build_definitions(root).resolve_asset_graph()
    return {key.to_user_string() for key in graph.get_all_asset_keys()}


def code_versions(root: Path) -> dict[str, str]:
    return {node.address: node.code_version for node in read_graph(root)}


def changed(before: dict[str, str], root: Path) -> set[str]:
    return {address for address, version in code_versions(root).items() if version != before.get(address)}


def test_every_cell_is_an_asset_that_knows_what_it_reads(toy: Project) -> None:
    nodes = {node.address: node for node in read_graph(toy.root)}
    assert keys(toy.root) == KEYS
    assert nodes["validate"].upstream == ("data.dvc",)
    assert nodes["train@dual-1"].upstream == ("data.dvc", "validate")
    assert nodes["report"].upstream == tuple(f"score@{cell}" for cell in CELLS)
    validate = build_definitions(toy.root).resolve_asset_graph().get(dg.AssetKey("validate"))
    assert (validate.description, validate.group_name) == ("Count the numbers", "first")


def test_a_new_stage_is_a_new_asset(toy: Project) -> None:
    toy.write("dvc.yaml", DVC_YAML + "  extra:\n    cmd: echo\n    deps: [reports/summary.json]\n")
    assert keys(toy.root) == KEYS | {"extra"}


def test_a_stage_between_the_stages_of_a_cell_is_no_circle(toy: Project) -> None:
    between = "  pool:\n    cmd: echo\n    deps: [models]\n    outs: [pool.txt]\n"
    rest = '    deps: [pool.txt, "models/${item.variant}-${item.seed}"]\n    params: [score]\n'
    own = '    deps: ["models/${item.variant}-${item.seed}"]\n    params: [score]\n'
    assert own in DVC_YAML
    toy.write("dvc.yaml", DVC_YAML.replace(own, rest) + between)
    assert keys(toy.root) == KEYS | {"pool"}
    build_definitions(toy.root).resolve_implicit_global_asset_job_def()


def test_code_version_follows_params_code_and_command_of_the_stage_alone(toy: Project) -> None:
    before = code_versions(toy.root)
    toy.edit("train", epochs=3)
    assert changed(before, toy.root) == {f"train@{cell}" for cell in CELLS}
    toy.edit("train", epochs=12)
    assert changed(before, toy.root) == set()
    toy.write("code.txt", "other code")
    assert changed(before, toy.root) == {"validate"}
    toy.write("code.txt", "code")
    toy.write("dvc.yaml", DVC_YAML.replace("work.py report", "work.py report "))
    assert changed(before, toy.root) == set(), "white space at the end is no other command for DVC"
    toy.write("dvc.yaml", DVC_YAML.replace("work.py report", "work.py report again"))
    assert changed(before, toy.root) == {"report"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (DVC_YAML + "  twice:\n    cmd: echo\n    outs: [reports/validation]\n", "reports/validation"),
        (
            DVC_YAML + "  round:\n    cmd: echo\n    deps: [reports/summary.json]\n    outs: [code.txt]\n",
            "both a dependency and an output",
        ),
        (DVC_YAML.replace("cmd: python work.py report", "command: x"), "extra keys not allowed|dvc.yaml"),
        ("stages: [", "dvc.yaml"),
        (DVC_YAML.replace("${systems.seeds}", "${systems.seedz}"), "seedz"),
    ],
)
def test_a_broken_pipeline_file_is_one_sentence(toy: Project, text: str, sentence: str) -> None:
    toy.write("dvc.yaml", text)
    with pytest.raises(DualGeoError, match=sentence) as raised:
        build_definitions(toy.root)
    assert "\n" not in str(raised.value)


def test_raw_data_that_nothing_fetches_have_no_command(toy: Project) -> None:
    (toy.root / "data.dvc").write_text((toy.root / "data.dvc").read_text().partition("meta")[0])
    commands = {node.address: node.command for node in read_graph(toy.root)}
    assert commands["data.dvc"] == "dualgeo atlas", "params ask for Atlas"
    toy.write("params.yaml", (toy.root / "params.yaml").read_text().replace("dataset: atlas", "dataset: photos"))
    commands = {node.address: node.command for node in read_graph(toy.root)}
    assert commands["data.dvc"] == ""


def test_definitions_of_this_project_load_without_heavy_libraries() -> None:
    heavy = ("torch", "transformers", "mlflow", "faiss", "great_expectations", "pandas")
    code = f"import sys, orchestration.definitions; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_what_compares_cells_makes_no_cell_wait_for_another() -> None:
    job = build_definitions(ROOT).get_repository_def().get_job("everything")
    waits = {name.name: {on.node for on in upstream.values()} for name, upstream in job.graph.dependencies.items()}
    assert "step_cell_image_0" in waits["step_ablate_dual_0"]
    for name, upstream in waits.items():
        if name.startswith("step_cell_"):
            assert upstream == {f"step_{stage}" for stage in ("data", "segment", "embed", "leakage")}, name


def test_a_stage_may_be_called_like_a_job(toy: Project) -> None:
    toy.write("dvc.yaml", DVC_YAML + "  study:\n    cmd: echo more\n    deps: [reports/summary.json]\n")
    repository = build_definitions(toy.root).get_repository_def()
    assert "study" in repository.job_names
    selected = repository.get_job("study").asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in selected} == {*KEYS, "study"}


def test_jobs_schedule_and_sensors(toy: Project) -> None:
    repository = build_definitions(toy.root).get_repository_def()
    assert {"demo", "everything", "rescore", "record", "new_photos"} <= set(repository.job_names)
    rescored = repository.get_job("rescore").asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in rescored} == {"report", *(f"score/{cell}" for cell in CELLS)}
    [schedule] = repository.schedule_defs
    states = {sensor.name: sensor.default_status.value for sensor in repository.sensor_defs}
    assert (schedule.name, schedule.default_status.value) == ("nightly_benchmark", "STOPPED")
    assert states == {"workspace": "RUNNING", "new_photos": "STOPPED"}
