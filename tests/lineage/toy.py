"""A small real project: git, DVC, and MLflow runs; stages as in the real graph, each a line of Python."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from dualgeo.lockfile import Entry, parse_yaml, read_lock
from dualgeo.tracking.figures import score_metrics, validation_metrics
from dualgeo.tracking.names import SCORES, TRAINING
from dualgeo.tracking.store import experiment_id, open_store, tracking_uri
from dualgeo.workspace import Workspace

SCRIPTS = Path(sys.executable).parent
DVC_YAML = """
vars: [params.yaml]
stages:
  validate:
    cmd: python work.py validate
    deps: ["data/${dataset}", code]
    params: [dataset, validate]
    outs: [reports/validation]
  embed:
    cmd: python work.py embed
    deps: ["data/${dataset}", reports/validation, code]
    params: [views.image]
    outs: [cache/features: {persist: true}]
  train:
    matrix: {variant: [image, dual], seed: [0]}
    cmd: python work.py train ${item.variant}-${item.seed}
    deps: [cache/features, code]
    params: [train]
    outs: ["models/${item.variant}-${item.seed}"]
  refine:
    matrix: {variant: [image, dual], seed: [0]}
    cmd: python work.py refine ${item.variant}-${item.seed}
    deps: ["data/${dataset}/photos.parquet", "models/${item.variant}-${item.seed}", code]
    outs: ["refined/${item.variant}-${item.seed}"]
  score:
    matrix: {variant: [image, dual], seed: [0]}
    cmd: python work.py score ${item.variant}-${item.seed}
    deps: ["data/${dataset}/photos.parquet", "refined/${item.variant}-${item.seed}", code]
    params: [score]
    outs: ["scores/${item.variant}-${item.seed}/queries.parquet", "scores/${item.variant}-${item.seed}/validation.json"]
    metrics: ["scores/${item.variant}-${item.seed}/metrics.json"]
  report:
    cmd: python work.py report
    deps: [models, scores, code]
    outs: [reports/index.html]
    metrics: [reports/summary.json]
"""
PARAMS = """
dataset: atlas
validate: {strict: on}
views: {image: {grid: 4}, segmentation: {grid: 8}}
train: {epochs: 2, rate: 1e-3}
score: {seed: 0}
"""
FORMULA = "def figure(text):\n    return sum(map(ord, text)) % 997 / 7\n"
# Reads what the stage before it wrote, so that a change anywhere changes all that follows.
WORK = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, "code")
from formula import figure
stage, cell = sys.argv[1], (sys.argv + [""])[2]
params = Path("params.yaml").read_text()
if os.environ.get("TOY_SLOW") == f"{stage}@{cell}":
    Path("started").write_text("")
    time.sleep(120)
if os.environ.get("TOY_FULL") == stage:
    raise OSError(28, "No space left on device")
def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
def section(name):
    return next(line for line in params.splitlines() if line.startswith(name))
if stage == "data":
    write("data/atlas/photos.parquet", "a table of photos")
    write("data/atlas/00000.tar", "photos" * 100)
elif stage == "validate":
    write("reports/validation/validation.json", str(figure(Path("data/atlas/00000.tar").read_text())))
elif stage == "embed":
    write("cache/features/00000.arrow", section("views") + Path("reports/validation/validation.json").read_text())
elif stage == "train":
    features = Path("cache/features/00000.arrow").read_text()
    curve = [(epoch, figure(features + section("train") + cell * epoch)) for epoch in (1, 2)]
    write(f"models/{cell}/curve.csv", "epoch,loss\\n" + "".join(f"{e},{v:.6g}\\n" for e, v in curve))
    write(f"models/{cell}/config.json", json.dumps({"variant": cell}))
    write(f"models/{cell}/model.safetensors", str(curve))
elif stage == "refine":
    write(f"refined/{cell}/predictions.parquet", Path(f"models/{cell}/model.safetensors").read_text())
elif stage == "score":
    text = Path(f"refined/{cell}/predictions.parquet").read_text() + section("score")
    def figures(name):
        value = figure(text + name)
        return {"acc": {"25": {"value": value, "low": value / 2, "high": value * 1.1}}, "median_km": value / 3}
    write(f"scores/{cell}/metrics.json", json.dumps({name: figures(name) for name in ("atlas", "atlas-night")}))
    write(f"scores/{cell}/validation.json", json.dumps({"atlas-validation": figures("validation")}))
    write(f"scores/{cell}/queries.parquet", text)
else:
    cells = {c: json.loads(Path(f"scores/{c}-0/metrics.json").read_text()) for c in ("image", "dual")}
    summary = {c: {s: {"acc_25": f["acc"]["25"]["value"]} for s, f in sets.items()} for c, sets in cells.items()}
    write("reports/summary.json", json.dumps(summary))
    write("reports/index.html", str(summary))
"""
IGNORED = ".dualgeo/\n.site/\nmlruns/\n__pycache__/\n/cache\n/models\n/refined\n/scores\n/reports\n/data\n"


@dataclass(frozen=True)
class Project:
    """The folder and what one types in it."""

    root: Path

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def environment(self) -> dict[str, str]:
        author = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dvc = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(self.root / ".site")}
        return {**os.environ, **author, **dvc, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}

    def start(self, *command: str, **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment() | extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def call(self, *command: str, fails: bool = False, **extra: str) -> str:
        with self.start(*command, **extra) as process:
            said, _ = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, said
        return said

    def commit(self, message: str) -> str:
        self.call("git", "add", "--all")
        self.call("git", "commit", "--quiet", "--allow-empty", "-m", message)
        return self.call("git", "rev-parse", "HEAD").strip()

    def entry(self, address: str) -> Entry:
        return read_lock(self.root).entries[address]

    def run_id(self, address: str, *, current: bool = True) -> str:
        """The recorded run of a cell: the current one, or the other."""
        client = MlflowClient(tracking_uri(Workspace(self.root)))
        stage, _, cell = address.partition("@")
        experiment = experiment_id(client, TRAINING if stage == "train" else SCORES)
        where = f"tags.`dvc.cell` = '{cell}' and tags.`dualgeo.current` = '{str(current).lower()}'"
        return client.search_runs([experiment], where)[0].info.run_id


def make_project(root: Path) -> Project:
    """A project with raw data pinned and committed, in which nothing has run."""
    made = Project(root)
    files = {"dvc.yaml": DVC_YAML, "params.yaml": PARAMS, "work.py": WORK, "code/formula.py": FORMULA}
    files |= {".gitignore": IGNORED, ".dvcignore": "__pycache__\n*.part\n", "requirements.lock": "rich==0.1\n"}
    for name, text in files.items():
        made.write(name, text)
    made.call("git", "init", "--quiet", "-b", "main")
    made.call("dvc", "init", "--quiet")
    made.call("python", "work.py", "data")
    made.call("dvc", "add", "--quiet", "data")
    made.replace("data.dvc", "outs:", "meta: {command: python work.py data}\nouts:")
    made.commit("The project")
    return made


def store_of(project: Project) -> MlflowClient:
    """A client of the project's store, made when there is none; a copied project keeps the store it was copied with."""
    workspace = Workspace(project.root)
    if (project.root / "mlruns" / "mlflow.db").exists():
        return MlflowClient(tracking_uri(workspace))
    return open_store(workspace)


def record(project: Project, address: str, commit: str, *, patch: bytes | None = None, **more: str) -> str:
    """Record the result of a cell as it lies in `project`, as a live run and `dualgeo track` do; returns the run id."""
    entry = project.entry(address)
    client = store_of(project)
    training = entry.stage == "train"
    experiment = experiment_id(client, TRAINING if training else SCORES)
    for old in client.search_runs([experiment], f"tags.`dvc.cell` = '{entry.cell}'"):
        client.set_tag(old.info.run_id, "dualgeo.current", "false")
    tags = {"dvc.stage": entry.stage, "dvc.cell": entry.cell, "dualgeo.current": "true"}
    tags |= {"dualgeo.data_version": entry.data_version, "dualgeo.inputs": entry.input_digest}
    tags |= {"git.commit": commit, "git.dirty": str(patch is not None).lower()} if commit else {}
    run_id = client.create_run(experiment, tags=tags | more).info.run_id
    _log_figures(project, client, run_id, entry)
    _log_provenance(project, client, run_id, entry, patch)
    client.set_terminated(run_id, "FINISHED")
    return run_id


def _log_figures(project: Project, client: MlflowClient, run_id: str, entry: Entry) -> None:
    if entry.stage == "train":
        curve = project.root / "models" / entry.cell / "curve.csv"
        client.log_artifact(run_id, str(curve))
        for line in curve.read_text().splitlines()[1:]:
            epoch, loss = line.split(",")
            client.log_metric(run_id, "loss", float(loss), step=int(epoch))
        return
    folder = project.root / "scores" / entry.cell
    metrics = score_metrics(json.loads((folder / "metrics.json").read_text()))
    metrics |= validation_metrics(json.loads((folder / "validation.json").read_text()))
    client.log_batch(run_id, metrics=[Metric(name, value, 0, 0) for name, value in metrics.items()])


def _log_provenance(project: Project, client: MlflowClient, run_id: str, entry: Entry, patch: bytes | None) -> None:
    document = parse_yaml((project.root / "dvc.lock").read_text(), "dvc.lock")
    closure = read_lock(project.root).closure(entry.address).entries
    stages = {name: stated for name, stated in document["stages"].items() if name in closure}
    client.log_text(run_id, yaml.safe_dump({"schema": "2.0", "stages": stages}), "provenance/dvc.lock")
    client.log_artifact(run_id, str(project.root / "data.dvc"), "provenance")
    if patch is not None:
        client.log_text(run_id, patch.decode(), "provenance/changes.patch")
