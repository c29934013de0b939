"""MLflow's current runs follow DVC: there and back again, through the run cache, in another clone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dualgeo.lockfile import read_lock
from dualgeo.params import load_params
from dualgeo.tracking.facts import contradict
from dualgeo.tracking.rebuild import track
from dualgeo.tracking.results import SCORE_FILES
from dualgeo.tracking.store import SCORES, TRAINING
from dualgeo.workspace import Workspace
from tests.tracking.made_results import PARAMS, PROJECT, current, runs

# Stages of the same shape as the real ones, which record themselves live and take no time.
MAKE = """
import sys
from pathlib import Path
from dualgeo.params import load_params
from dualgeo.tracking.runs import open_training_run, record_score
from dualgeo.workspace import Cell, Workspace
from tests.tracking.made_results import write_model, write_score
workspace, cell = Workspace(Path.cwd()), Cell("dual", 0)
params = load_params(workspace.params)
Path("ran").open("a").write(sys.argv[1] + " ")
if sys.argv[1] == "train":
    with open_training_run(workspace, params, cell) as run:
        run.log_epoch(1, {"loss": 3.5})
        run.log_epoch(2, {"loss": 1.25})
        write_model(workspace, cell, f"{params.train.epochs} epochs".encode())
else:
    write_score(workspace, cell, within_25=float(params.train.epochs))
    record_score(workspace, params, cell)
"""


def dvc(root: Path, *words: str) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(root / ".site")}
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment |= {"PYTHONPATH": str(PROJECT), "PATH": search}
    program = Path(sys.executable).with_name("dvc")
    done = subprocess.run([program, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def write_params(root: Path, epochs: int) -> None:
    document = yaml.safe_load(PARAMS.read_text())
    document["systems"] = {"variants": ["dual"], "seeds": [0]}
    document["train"]["epochs"] = epochs
    (root / "params.yaml").write_text(yaml.safe_dump(document))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "first"
    (root / "data" / "atlas").mkdir(parents=True)
    (root / "data" / "atlas" / "photos.txt").write_text("photos")
    (root / "make.py").write_text(MAKE)
    outs = [f"scores/dual-0/{name}" for name in SCORE_FILES]
    stages = {
        "train": {
            "matrix": {"cell": ["dual-0"]},
            "cmd": "python make.py train",
            "deps": ["data/atlas"],
            "params": ["dataset", "model", "train"],
            "outs": ["models/${item.cell}"],
        },
        "score": {
            "matrix": {"cell": ["dual-0"]},
            "cmd": "python make.py score",
            "deps": ["models/${item.cell}"],
            "params": ["dataset", "index", "retrieve", "refine", "score"],
            "outs": outs,
        },
    }
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    write_params(root, epochs=3)
    dvc(root, "init", "--no-scm", "--quiet")
    dvc(root, "add", "--quiet", "data")
    return root


def test_mlflow_follows_dvc_there_and_back_and_into_another_clone(project: Path, tmp_path: Path) -> None:
    workspace = Workspace(project)
    dvc(project, "repro", "--quiet")
    live = current(workspace)
    entries = read_lock(project).entries
    for address, run_id in live.items():
        link = json.loads((project / ".dualgeo" / "mlflow" / f"{address}.json").read_text())
        assert (link["run_id"], link["data_version"]) == (run_id, entries[address].data_version)
    assert track(workspace, load_params(workspace.params)).added == 0
    assert current(workspace) == live

    write_params(project, epochs=4)
    dvc(project, "repro", "--quiet")
    assert track(workspace, load_params(workspace.params)).added == 0
    there = current(workspace)
    assert set(there) == set(live) and not set(there.values()) & set(live.values())

    write_params(project, epochs=3)
    dvc(project, "repro", "--quiet")
    assert (project / "ran").read_text().split() == ["train", "score"] * 2, "DVC restores what it has seen"
    assert current(workspace) == there, "nothing ran, so MLflow cannot know yet"
    assert track(workspace, load_params(workspace.params)).added == 0
    assert current(workspace) == live

    second = tmp_path / "second"
    shutil.copytree(project, second, ignore=shutil.ignore_patterns("mlruns", ".dualgeo", "models", "scores"))
    dvc(second, "checkout", "--quiet")
    pulled = Workspace(second)
    assert track(pulled, load_params(pulled.params)).added == 2
    for experiment in (TRAINING, SCORES):
        [there_run] = [run for run in runs(workspace, experiment) if run.info.run_id in live.values()]
        [here_run] = runs(pulled, experiment)
        for tag in ("dualgeo.inputs", "dualgeo.data_version", "dualgeo.data"):
            assert here_run.data.tags[tag] == there_run.data.tags[tag]
        recorded = {name: value for name, value in there_run.data.metrics.items() if not name.startswith("system/")}
        assert recorded.items() <= here_run.data.metrics.items()
        assert not contradict(there_run.data.params, here_run.data.params)
        assert {"dataset", "variant", "seed"} <= there_run.data.params.keys() & here_run.data.params.keys()
