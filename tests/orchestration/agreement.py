"""Random edits, each followed by a repro from a random side; then Dagster, DVC and MLflow must say the same.

`python -m tests.orchestration.agreement --edits 50` does this on the miniature project and prints what was compared.
"""

import argparse
import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import yaml

from dualgeo.lockfile import read_lock
from tests.orchestration.conftest import CELLS, DVC_YAML, Project, commit, make_project
from tests.orchestration.server import DagsterDev

SECONDS_TO_AGREE = 120
PARAMS = [
    ("train", "learning_rate", (0.001, 0.002, 0.003)),
    ("score", "resamples", (10, 20, 30)),
    ("validate", "min_separation_m", (100.0, 150.0, 200.0)),
]
CURRENT = """
select cell.value, stage.value, version.value from runs
join tags cell on cell.run_uuid = runs.run_uuid and cell.key = 'dvc.cell'
join tags stage on stage.run_uuid = runs.run_uuid and stage.key = 'dvc.stage'
join tags version on version.run_uuid = runs.run_uuid and version.key = 'dualgeo.data_version'
join tags current on current.run_uuid = runs.run_uuid and current.key = 'dualgeo.current' and current.value = 'true'
where runs.lifecycle_stage = 'active'
"""


class Editor:
    """Edits of the kinds that users make, chosen by a seed."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project, self.chance = project, random.Random(seed)
        self.commits = [commit(project, "start")]

    def edit(self) -> str:
        """Do one and say which."""
        kinds: list[Callable[[], str]] = [
            self.params,
            self.params,
            self.code,
            self.data,
            self.lose,
            self.checkout,
            self.command,
        ]
        return self.chance.choice(kinds)()

    def params(self) -> str:
        section, name, values = self.chance.choice(PARAMS)
        now = yaml.safe_load((self.project.root / "params.yaml").read_text(encoding="utf-8"))[section][name]
        value = self.chance.choice([value for value in values if value != now])
        self.project.edit(section, **{name: value})
        return f"{section}.{name} = {value}"

    def code(self) -> str:
        now = (self.project.root / "code.txt").read_text(encoding="utf-8")
        text = self.chance.choice([text for text in ("code", "other code", "third code") if text != now])
        self.project.write("code.txt", text)
        return f"code: {text}"

    def data(self) -> str:
        name = self.chance.choice(["numbers.txt", "extra.txt"])
        now = (self.project.root / "data" / "atlas" / name).read_text(encoding="utf-8")
        text = self.chance.choice([text for text in ("4", "5", "6") if text != now])
        self.project.write(f"data/atlas/{name}", text)
        self.project.call("dvc", "add", "-q", "data")
        return f"data/{name} = {text}, pinned"

    def lose(self) -> str:
        cell = self.chance.choice(CELLS)
        lost = self.chance.choice([f"models/{cell}", f"scores/{cell}", "reports/validation", ".dvc/cache/files"])
        shutil.rmtree(self.project.root / lost, ignore_errors=True)
        return f"lost {lost}"

    def command(self) -> str:
        now = (self.project.root / "dvc.yaml").read_text(encoding="utf-8")
        words = "report again" if now == DVC_YAML else "report"
        self.project.write("dvc.yaml", DVC_YAML.replace("work.py report", f"work.py {words}"))
        return f"command: {words}"

    def checkout(self) -> str:
        self.commits.append(commit(self.project, f"edit {len(self.commits)}"))
        earlier = self.chance.choice(self.commits)
        self.project.call("git", "checkout", "-q", earlier)
        # What the cache has lost cannot come back: stages run again, and raw data have to be brought in again.
        with self.project.start("dvc", "checkout", "-q") as process:
            process.communicate(timeout=120)
        if not (self.project.root / "data" / "atlas" / "numbers.txt").exists():
            self.project.call("python", "work.py", "data")
            self.project.call("dvc", "add", "-q", "data")
        return f"checkout of {earlier[:7]}"


def data_command(project: Project) -> None:
    """Edited data stay as they are: the miniature's own command would draw them anew in each run."""
    text = (project.root / "data.dvc").read_text(encoding="utf-8")
    project.write("data.dvc", text.replace("command: python work.py data", "command: ''"))


def repro(project: Project, server: DagsterDev, side: str) -> None:
    """Bring everything up to date through `side`."""
    if side == "shell":
        project.call("dvc", "--wait-for-lock", "repro", "-q")
    else:
        status = server.finish(server.launch(), 300)
        assert status == "SUCCESS", status


def disagreement(project: Project, server: DagsterDev) -> str | None:
    """What the three say differently right now, or None. dvc.lock is the truth that the others are held to."""
    dvc = json.loads(project.call("dvc", "status", "--json").strip().splitlines()[-1])
    stale = server.stale()
    if dvc or stale:
        return f"dvc status: {dvc}; Dagster shows as stale: {sorted(stale)}"
    entries = read_lock(project.root).entries
    wanted = {address.removesuffix(".dvc").replace("@", "/"): entry.data_version for address, entry in entries.items()}
    shown, current = server.data_versions(), mlflow_current(project.root)
    recorded = {key: version for key, version in wanted.items() if key.startswith(("train/", "score/"))}
    if shown != wanted:
        return f"Dagster's data versions: {shown} instead of {wanted}"
    return None if current == recorded else f"MLflow's current runs: {current} instead of {recorded}"


def mlflow_current(root: Path) -> dict[str, str]:
    """Asset key -> data version of the MLflow run that counts as current; read from its database, which is fast."""
    path = root / "mlruns" / "mlflow.db"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        rows = connection.execute(CURRENT).fetchall()
    assert len(rows) == len({row[:2] for row in rows}), f"more than one current run: {rows}"
    return {f"{stage}/{cell}": version for cell, stage, version in rows}


def agree(project: Project, server: DagsterDev, edits: int, seed: int, say: Callable[[str], object] = print) -> None:
    """Do `edits` edits; AssertionError with the disagreement where one lasts for more than two minutes."""
    editor, sides = Editor(project, seed), random.Random(seed + 1)
    for number in range(1, edits + 1):
        edit, side = editor.edit(), sides.choice(["shell", "Dagster"])
        repro(project, server, side)
        begun = time.monotonic()
        while (said := disagreement(project, server)) is not None:
            assert time.monotonic() - begun < SECONDS_TO_AGREE, f"edit {number} ({edit}, repro by {side}): {said}"
            time.sleep(1)
        say(f"{number:3d}. {edit}; repro by {side}; all agree after {time.monotonic() - begun:.0f} s")


def main() -> None:
    """Do it in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project")
        data_command(project)
        with project.serve() as server:
            agree(project, server, given.edits, given.seed, lambda line: print(line, flush=True))
    print(f"{given.edits} edits: Dagster's freshness, dvc status and MLflow's current runs agreed every time.")


if __name__ == "__main__":
    main()
