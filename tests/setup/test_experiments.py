"""`dvc exp run -S` composes params through Hydra with the locked versions, whose antlr4 is the one Dagster needs."""

import os
import subprocess
import sys
from pathlib import Path

import yaml


def test_an_experiment_takes_a_profile_and_changes_to_it(tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path / ".site")}
    environment["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "conf" / "profile").mkdir(parents=True)
    (tmp_path / "conf" / "config.yaml").write_text("defaults: [{profile: demo}, _self_]\n")
    for name, epochs in (("demo", 2), ("long", 20)):
        text = f"# @package _global_\ntrain: {{epochs: {epochs}, batch: 8}}\n"
        (tmp_path / "conf" / "profile" / f"{name}.yaml").write_text(text)
    (tmp_path / "params.yaml").write_text("train: {epochs: 2, batch: 8}\n")
    (tmp_path / "copy.py").write_text(
        "import pathlib as p; p.Path('out').write_text(p.Path('params.yaml').read_text())\n"
    )
    stage = {"cmd": "python copy.py", "params": ["train"], "outs": [{"out": {"cache": False}}]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"copy": stage}}))
    call("git", "init", "-q")
    call("dvc", "init", "-q")
    call("dvc", "config", "hydra.enabled", "true")
    call("git", "add", "-A")
    call("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", "start")
    call("dvc", "exp", "run", "-S", "profile=long", "-S", "train.batch=16")
    assert yaml.safe_load((tmp_path / "out").read_text()) == {"train": {"epochs": 20, "batch": 16}}
