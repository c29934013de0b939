"""One version for each trained system, made once; the champion follows validation photos unless it is pinned."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import read_lock
from dualgeo.params import Params, load_params
from dualgeo.registry import package
from dualgeo.registry.register import promote, register
from dualgeo.serving.standing import best_cell
from dualgeo.tracking import store
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.store import TRAINING, experiment_id, open_store
from dualgeo.workspace import Workspace
from tests.registry.made_system import CELLS, Made, make_system
from tests.tracking.made_results import PARAMS, figures, write_lock


@pytest.fixture
def own(made: Made, tmp_path: Path) -> tuple[Workspace, Params]:
    """A copy of the workspace that a test may change, with no store yet."""
    root = Path(
        shutil.copytree(made.workspace.root, tmp_path / "own", ignore=shutil.ignore_patterns("mlruns", ".dualgeo"))
    )
    workspace = Workspace(root)
    return workspace, load_params(workspace.params)


def versions(workspace: Workspace) -> dict[str, dict[str, str]]:
    """Number -> tags."""
    found = open_store(workspace).search_model_versions("name = 'dualgeo'")
    return {str(version.version): version.tags for version in found}


def champion(workspace: Workspace) -> str:
    version = open_store(workspace).get_model_version_by_alias("dualgeo", "champion")
    return version.tags["cell"]


def lock_anew(workspace: Workspace) -> None:
    import yaml

    write_lock(workspace, CELLS, yaml.safe_load(workspace.params.read_text()))


def test_a_version_says_what_it_is_and_belongs_to_the_run_that_trained_it(registered: Made) -> None:
    workspace = registered.workspace
    client = open_store(workspace)
    tags = versions(workspace)
    assert {number: tag["cell"] for number, tag in tags.items()} == {"1": "image-0", "2": "dual-0"}
    entries = read_lock(workspace.root).entries
    expected = {
        "variant": "dual",
        "seed": "0",
        "dataset": "atlas",
        "dualgeo.data_version": entries["train@dual-0"].data_version,
        "dualgeo.index_version": entries["index@dual-0"].data_version,
        "dualgeo.current": "true",
    }
    assert expected.items() <= tags["2"].items()
    version = client.get_model_version("dualgeo", "2")
    run = client.get_run(version.run_id)
    assert run.data.tags["dvc.cell"] == "dual-0"
    [output] = run.outputs.model_outputs
    assert output.model_id in client.get_model_version_download_uri("dualgeo", "2")
    linked = json.loads(client.get_logged_model(output.model_id).tags["mlflow.modelVersions"])
    assert linked == [{"name": "dualgeo", "version": "2"}]


def test_the_champion_is_chosen_on_validation_photos_and_says_why(registered: Made) -> None:
    client = open_store(registered.workspace)
    model = client.get_registered_model("dualgeo")
    assert champion(registered.workspace) == "dual-0"
    assert model.tags["champion.chosen"] == "by rule"
    assert model.tags["champion.why"].startswith("61.0 % of validation photos within 25 km")
    assert best_cell(registered.workspace, load_params(registered.workspace.params)).name == "dual-0"
    better_on_queries = registered.workspace.scores(CELLS[0]) / "metrics.json"
    assert json.loads(better_on_queries.read_text())["atlas-night"]["acc"]["25"]["value"] == 60.0


def test_registering_again_changes_nothing_and_new_content_is_a_new_version(own: tuple[Workspace, Params]) -> None:
    workspace, params = own
    runs = track(workspace, params).runs
    assert register(workspace, params, runs).added == {"image-0": "1", "dual-0": "2"}
    before = versions(workspace)
    again = register(workspace, params, runs)
    assert (again.added, again.known, versions(workspace)) == ({}, 2, before)
    old = workspace.root.parent / "old"
    shutil.copytree(workspace.root, old, ignore=shutil.ignore_patterns("mlruns"))
    make_system(workspace, CELLS[1], _photos(workspace), seed=5)
    lock_anew(workspace)
    assert register(workspace, params, track(workspace, params).runs).added == {"dual-0": "3"}
    now = {number: tags["dualgeo.current"] for number, tags in versions(workspace).items()}
    assert now == {"1": "true", "2": "false", "3": "true"}
    assert open_store(workspace).get_model_version_by_alias("dualgeo", "champion").version == 3
    for name in ("models", "index", "refined"):
        shutil.rmtree(workspace.root / name)
        shutil.copytree(old / name, workspace.root / name)
    shutil.copy(old / "dvc.lock", workspace.root / "dvc.lock")
    assert register(workspace, params, track(workspace, params).runs).added == {}
    assert open_store(workspace).get_model_version_by_alias("dualgeo", "champion").version == 2


def test_the_champion_can_be_pinned_and_given_back_to_the_rule(
    own: tuple[Workspace, Params], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, params = own
    runs = track(workspace, params).runs
    register(workspace, params, runs)
    said = str(promote(workspace, params, "image-0", "asked by the curators"))
    assert said == "The champion is now version 1, image-0, by hand: asked by the curators (it was version 2)."
    tags = versions(workspace)["1"]
    assert (tags["champion.chosen"], tags["champion.why"]) == ("by hand", "asked by the curators")
    assert tags["champion.who"] and tags["champion.when"].endswith("+00:00")
    register(workspace, params, runs)
    assert champion(workspace) == "image-0", "a pin holds"
    assert "is now version 2, dual-0, by rule" in str(promote(workspace, params, "", ""))
    register(workspace, params, runs)
    assert champion(workspace) == "dual-0"
    for what, sentence in (
        ("dual-9", "No version of dual-9 is registered"),
        ("17", r"no version 17 .* 1 \(image-0\), 2 \(dual-0\)"),
        ("what?", "'what\\?' is no cell name"),
    ):
        with pytest.raises(DualGeoError, match=sentence):
            promote(workspace, params, what, "")
    assert champion(workspace) == "dual-0"


def test_ties_go_to_the_first_in_params(own: tuple[Workspace, Params]) -> None:
    workspace, params = own
    for cell in CELLS:
        (workspace.scores(cell) / "validation.json").write_text(json.dumps({"atlas-validation": figures(44.0)}))
    lock_anew(workspace)
    register(workspace, params, track(workspace, params).runs)
    assert champion(workspace) == "image-0"


def test_parts_that_do_not_belong_together_are_left_out(
    own: tuple[Workspace, Params], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, params = own
    lock = workspace.root / "dvc.lock"
    kept = lock.read_text()
    make_system(workspace, CELLS[1], _photos(workspace), seed=5)
    assert set(register(workspace, params, {}).refused) == {"dual-0"}
    lock.unlink()
    assert register(workspace, params, {}).refused["image-0"] == "dvc.lock does not know its model"
    lock.write_text(kept)
    assert "dual-0 is left out" in capsys.readouterr().err
    assert {tags["cell"] for tags in versions(workspace).values()} == {"image-0"}


def test_what_a_crash_left_is_cleared_away(own: tuple[Workspace, Params], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, params = own
    runs = track(workspace, params).runs

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(package, "write_package", crash)
        register(workspace, params, runs)
    assert versions(workspace) == {}
    assert len(register(workspace, params, runs).added) == 2
    client = open_store(workspace)
    left = client.search_logged_models([experiment_id(client, TRAINING)])
    assert sorted(str(model.status) for model in left) == ["READY", "READY"]
    folders = list((workspace.root / "mlruns/artifacts/training/models").iterdir())
    assert {folder.name for folder in folders} == {model.model_id for model in left}


def test_a_moved_folder_is_registered_anew(own: tuple[Workspace, Params]) -> None:
    workspace, params = own
    register(workspace, params, track(workspace, params).runs)
    there = Workspace(workspace.root.rename(workspace.root.parent / "there"))
    assert len(register(there, params, track(there, params).runs).added) == 2
    version = open_store(there).get_model_version_by_alias("dualgeo", "champion")
    assert (version.version, version.tags["cell"]) == (4, "dual-0")
    assert register(there, params, track(there, params).runs).added == {}


def test_errors_are_a_sentence(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS.read_text())
    program = [sys.executable, "-m", "dualgeo", "promote", "--root", str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "dualgeo: Nothing is registered yet; run `dualgeo track` first.\n")
    monkeypatch.setattr(store, "SECONDS_A_WRITER_WAITS", 0.2)
    with closing(sqlite3.connect(tmp_path / "mlruns" / "mlflow.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DualGeoError, match="database is locked"):
            promote(Workspace(tmp_path), load_params(PARAMS), "dual-0", "")


def _photos(workspace: Workspace) -> list[bytes]:
    import numpy as np

    from tests.views.tiny import jpeg, scene

    random = np.random.default_rng(4)
    return [jpeg(scene(random, 64, 64)) for _ in range(6)]
