"""Dagster shows the graph of dvc.yaml, with nothing of its own to keep in step."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dualgeo.errors import DualGeoError
from orchestration.build import build_definitions
from orchestration.checks import loss_verdict
from orchestration.graph import read_graph
from tests.orchestration.conftest import DVC_YAML, PARAMS, Project

ROOT = Path(__file__).resolve().parent.parent.parent


def keys(root: Path) -> set[str]:
    graph = build_definitions(root).resolve_asset_graph()
    return {key.to_user_string() for key in graph.get_all_asset_keys()}


def code_versions(root: Path) -> dict[str, str]:
    return {node.address: node.code_version for node in read_graph(root)}


def test_every_cell_is_an_asset_that_knows_what_it_reads(toy: Project) -> None:
    nodes = {node.address: node for node in read_graph(toy.root)}
    assert keys(toy.root) == {
        "data",
        "prepare",
        "report",
        *(f"train/{v}-{s}" for v in ("image", "dual") for s in (0, 1)),
    }
    assert nodes["prepare"].upstream == ("data.dvc",)
    assert nodes["train@dual-1"].upstream == ("prepare",)
    assert len(nodes["report"].upstream) == 4
    graph = build_definitions(toy.root).resolve_asset_graph()
    prepare = graph.get(dg.AssetKey("prepare"))
    assert (prepare.description, prepare.group_name) == ("Double the numbers", "first")


def test_a_new_stage_is_a_new_asset(toy: Project) -> None:
    toy.write("dvc.yaml", DVC_YAML + "  extra:\n    cmd: echo\n    deps: [summary.json]\n")
    assert "extra" in keys(toy.root)


def test_code_version_follows_params_code_and_command_of_the_stage_alone(toy: Project) -> None:
    before = code_versions(toy.root)
    toy.write("params.yaml", PARAMS.replace("epochs: 2", "epochs: 3"))
    changed = {address for address, version in code_versions(toy.root).items() if version != before[address]}
    assert changed == {"train@image-0", "train@image-1", "train@dual-0", "train@dual-1"}
    toy.write("params.yaml", PARAMS)
    assert code_versions(toy.root) == before
    toy.write("prepare.txt", "other code")
    changed = {address for address, version in code_versions(toy.root).items() if version != before[address]}
    assert changed == {"prepare"}


def test_a_broken_pipeline_file_is_one_sentence(toy: Project) -> None:
    toy.write("dvc.yaml", DVC_YAML + "  twice:\n    cmd: echo\n    outs: [prepared.txt]\n")
    with pytest.raises(DualGeoError, match=r"prepared\.txt"):
        read_graph(toy.root)


def test_definitions_of_this_project_load_without_heavy_libraries() -> None:
    heavy = ("torch", "transformers", "mlflow", "faiss", "great_expectations", "pandas")
    code = f"import sys, orchestration.definitions; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize(
    ("losses", "passes"), [("3.0 2.0", True), ("2.0 3.0", False), ("2.0 nan", False), ("", False), ("2.0", True)]
)
def test_the_loss_check_wants_finite_losses_that_fell(tmp_path: Path, losses: str, passes: bool) -> None:
    rows = [f"{number},{loss}\n" for number, loss in enumerate(losses.split(), 1)]
    (tmp_path / "curve.csv").write_text("epoch,loss\n" + "".join(rows))
    assert loss_verdict(tmp_path / "curve.csv")[0] is passes
