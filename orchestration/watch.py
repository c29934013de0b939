"""The sensor that keeps Dagster and MLflow in line with the workspace, and one that takes in new photos."""

import fcntl
import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance

from dualgeo.lockfile import digest
from orchestration.dead_runs import end_dead_runs
from orchestration.graph import Node
from orchestration.jobs import AssetJob
from orchestration.metadata import preview_of
from orchestration.reload import reload_definitions
from orchestration.run import CommandFailed, run_tool
from orchestration.state import ABSENT, Project, State
from orchestration.sync import busy_keys, fingerprint, report_changes

SECONDS_BETWEEN_TICKS = 5
RECORDED_STAGES = ("train", "score")
SECONDS_TO_DRAW = 30.0


@dataclass(frozen=True)
class Seen:
    """What the last tick left behind."""

    fingerprint: str = ""
    """Of the workspace when everything in it had been reported."""
    results: str = ""
    """Digest of what was trained and scored."""
    recorded: str = ""
    """The same when MLflow was last brought in line."""

    @staticmethod
    def parse(cursor: str | None) -> "Seen":
        """Read a cursor; one of another version of this code is as good as none."""
        document = json.loads(cursor) if cursor else {}
        known = {field.name for field in fields(Seen)}
        return Seen(**{name: str(value) for name, value in document.items() if name in known})


class Watcher:
    """Looks at the workspace on each tick; `loaded` are the nodes that the definitions were made from."""

    def __init__(self, project: Project, loaded: list[Node]) -> None:
        self.project, self.root = project, project.root
        self.loaded = graph_digest(loaded)
        self.nodes = loaded
        self.reloading = False

    def tick(self, instance: DagsterInstance, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
        """Report what changed; ask for a run that records results once they have stopped changing.

        Only one of several `dagster dev` of this folder does so at a time: nothing is reported twice.
        """
        with _only_one(self.root / ".dagster" / "workspace.lock") as mine:
            return self._look(instance, cursor) if mine else dg.SkipReason("Another `dagster dev` is looking.")

    def _look(self, instance: DagsterInstance, cursor: str | None) -> dg.SensorResult:
        seen = Seen.parse(cursor)
        end_dead_runs(instance)
        before = fingerprint(self.root, self.nodes, self.project.cache())
        said: list[str] = []
        results = seen.results
        if before != seen.fingerprint:
            states = self.project.states()
            self.nodes = [state.node for state in states.values()]
            self._draw(states)
            said = report_changes(instance, self.root, states)
            self._keep_loaded()
            results = results_digest(states)
        settled = busy_keys(instance) == set()
        record = bool(results) and settled and results == seen.results != seen.recorded
        after = Seen(before if settled else "", results, results if record else seen.recorded)
        if not record and not said:
            reason = dg.SkipReason("The workspace is as Dagster knows it.")
            return dg.SensorResult(skip_reason=reason, cursor=json.dumps(asdict(after)))
        requests = [dg.RunRequest(run_key=None)] if record else []
        reason = None if requests else dg.SkipReason(f"Reported {len(said)}: {', '.join(said)[:500]}")
        return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=json.dumps(asdict(after)))

    def _draw(self, states: dict[str, State]) -> None:
        """Draw the pictures that stages did not: of results that DVC restored or pulled."""
        wanted = [
            address
            for address, state in states.items()
            if state.fresh and state.data_version != ABSENT and preview_of(self.root, state.node) is None
        ]
        if wanted:
            # What there is no time for, or no picture of, is shown without.
            with suppress(CommandFailed, TimeoutError):
                run_tool(self.root, "dualgeo", ["preview", *wanted], {}, _silent, SECONDS_TO_DRAW)

    def _keep_loaded(self) -> None:
        if not self.reloading and graph_digest(self.nodes) != self.loaded:
            self.reloading = reload_definitions()


def workspace_sensor(project: Project, loaded: list[Node], record: dg.JobDefinition) -> dg.SensorDefinition:
    """The sensor `workspace`: on by itself."""
    watcher = Watcher(project, loaded)

    @dg.sensor(
        name="workspace",
        job=record,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what happened outside Dagster: a shell's `dvc repro`, `dvc checkout`, `dvc pull`, an edit.",
    )
    def workspace(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return watcher.tick(context.instance, context.cursor)

    return workspace


def new_photos_sensor(root: Path, raw: Node, job: AssetJob) -> dg.SensorDefinition:
    """The sensor `new_photos`: runs `job` when the folder that `meta: {watch: ...}` of the .dvc file names has changed.

    Off until it is switched on. Photos that are still being copied wait for a tick at which nothing changed.
    """
    folder = root / Path(raw.watch).expanduser()

    @dg.sensor(
        name="new_photos",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Runs everything when photos come into {folder}.",
    )
    def new_photos(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not folder.is_dir():
            return dg.SkipReason(f"There is no folder {folder}; `meta: {{watch: ...}}` of {raw.address} names it.")
        now = folder_digest(folder)
        seen, _, taken = (context.cursor or "/").partition("/")
        settled = now == seen
        if not settled or now == taken:
            return dg.SensorResult(
                skip_reason=dg.SkipReason("Photos are arriving." if not settled else "No new photos."),
                cursor=f"{now}/{taken}",
            )
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=now)], cursor=f"{now}/{now}")

    return new_photos


def folder_digest(folder: Path) -> str:
    """Digest of names, sizes and times of the files below a folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    lines = [f"{file}\0{file.stat().st_size}\0{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def graph_digest(nodes: list[Node]) -> str:
    """Digest of everything that definitions are made from."""
    return digest([asdict(node) for node in nodes])


def results_digest(states: dict[str, State]) -> str:
    """Digest of what was trained and scored and lies here; empty where nothing was."""
    lying = {
        address: [state.data_version, state.made_by]
        for address, state in states.items()
        if state.node.stage in RECORDED_STAGES and state.recorded and state.data_version != ABSENT
    }
    return digest(lying) if lying else ""


@contextmanager
def _only_one(path: Path) -> Generator[bool]:
    """Hold a lock on `path`, or yield False where another process holds it; the system frees it when that one dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _silent(line: str) -> None:
    """What a preview says is of no use in a sensor's tick."""
