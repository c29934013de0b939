"""A small real DVC project beside real Dagster definitions: raw data, one stage, a matrix of cells, and a summary."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(sys.executable).parent
DVC_YAML = """
vars: [params.yaml]
stages:
  prepare:
    desc: Double the numbers
    meta: {group: first, kinds: [python]}
    cmd: python work.py prepare
    deps: [data/numbers.txt, prepare.txt]
    params: [factor]
    outs: [prepared.txt]
  train:
    matrix:
      variant: [image, dual]
      seed: [0, 1]
    cmd: python work.py train ${item.variant}-${item.seed}
    deps: [prepared.txt]
    params: [train]
    outs: ["models/${item.variant}-${item.seed}"]
  report:
    cmd: python work.py report
    deps: [models]
    metrics: [summary.json: {cache: false}]
"""
WORK = """
import json, os, pathlib, sys, time
here = pathlib.Path()
stage, cell = sys.argv[1], (sys.argv + [""])[2]
print(stage, cell, "context", os.environ.get("DUALGEO_RUN_CONTEXT", "none"), flush=True)
params = (here / "params.yaml").read_text()
if stage == "data":
    (here / "data").mkdir(exist_ok=True)
    (here / "data" / "numbers.txt").write_text("1 2 3")
elif stage == "prepare":
    (here / "prepared.txt").write_text(params.splitlines()[0] + (here / "data" / "numbers.txt").read_text())
elif stage == "train":
    if f"fail: {cell}" in params:
        sys.exit(f"the loss of {cell} became nan")
    if "slow: true" in params:
        (here / "started").write_text(str(os.getpid()))
        time.sleep(300)
    folder = here / "models" / cell
    folder.mkdir(parents=True)
    (folder / "curve.csv").write_text("epoch,loss\\n1,3.0\\n2,1.5\\n")
else:
    (here / "summary.json").write_text(json.dumps({"cells": len(list((here / "models").iterdir()))}))
"""
PARAMS = "factor: 2\ntrain:\n  epochs: 2\n  fail: none\n  slow: false\n"
DEFINITIONS = """
from pathlib import Path
from orchestration.build import build_definitions
defs = build_definitions(Path(__file__).resolve().parent)
"""
DAGSTER_YAML = """
storage: {sqlite: {base_dir: .dagster/storage}}
telemetry: {enabled: false}
"""


@dataclass
class Project:
    """The folder and what one types in it."""

    root: Path

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def environment(self) -> dict[str, str]:
        quiet = {"DAGSTER_DISABLE_TELEMETRY": "1", "DVC_NO_ANALYTICS": "1", "DAGSTER_HOME": ""}
        path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **quiet, "PATH": path, "DVC_SITE_CACHE_DIR": str(self.root / ".site")}

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(SCRIPTS / command[0]), *command[1:]],
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def call(self, *command: str, fails: bool = False) -> str:
        with self.start(*command) as process:
            said, _ = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, said
        return said

    def materialize(self, selection: str, *more: str, fails: bool = False) -> str:
        command = ["dagster", "asset", "materialize", "--select", selection, "-f", "definitions.py"]
        return self.call(*command, *more, fails=fails)


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    """A project whose raw data are pinned and in which nothing has run."""
    made = Project(tmp_path)
    files = {"dvc.yaml": DVC_YAML, "work.py": WORK, "params.yaml": PARAMS, "prepare.txt": "code"}
    files |= {"definitions.py": DEFINITIONS, "dagster.yaml": DAGSTER_YAML}
    for name, text in files.items():
        made.write(name, text)
    made.call("dvc", "init", "--no-scm", "--quiet")
    made.call("python", "work.py", "data")
    made.call("dvc", "add", "--quiet", "data")
    pinned = (tmp_path / "data.dvc").read_text(encoding="utf-8")
    made.write("data.dvc", pinned + "meta: {command: python work.py data}\n")
    return made
