"""MLflow's runs, read only: which one recorded a result, and what it carries."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualgeo.errors import DualGeoError
from dualgeo.lineage.history import LockText
from dualgeo.lockfile import Entry
from dualgeo.tracking import names
from dualgeo.tracking.store import said_plainly, tracking_uri
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

RECORDED_STAGES = ("train", "score")
DAGSTER_RUN = "dagster.run_id"
MOST_RUNS = 1000
PROVENANCE = "provenance"


@dataclass(frozen=True)
class RunRecord:
    """What the tags of one MLflow run say."""

    run_id: str
    experiment_id: str
    status: str
    started: str
    """ISO 8601, UTC."""
    tags: Mapping[str, str]

    @property
    def address(self) -> str:
        """`score@dual-0`, as DVC calls what was recorded."""
        return f"{self.tags.get(names.STAGE, '')}@{self.tags.get(names.CELL, '')}"

    @property
    def stage(self) -> str:
        return self.tags.get(names.STAGE, "")

    @property
    def cell(self) -> str:
        return self.tags.get(names.CELL, "")

    @property
    def commit(self) -> str:
        """Empty where the result was recorded afterwards, by somebody who did not run it."""
        return self.tags.get("git.commit", "")

    @property
    def dirty(self) -> bool:
        """Whether tracked files differed from the commit."""
        return self.tags.get("git.dirty") == "true"

    @property
    def data_version(self) -> str:
        return self.tags.get(names.DATA_VERSION, "")

    @property
    def inputs(self) -> str:
        return self.tags.get(names.INPUTS, "")

    @property
    def current(self) -> bool:
        """Whether it says of itself that its result is the one in the workspace."""
        return self.tags.get(names.CURRENT) == "true"


class Records:
    """The MLflow store of a workspace; one that does not exist has no runs and is not made."""

    def __init__(self, root: Path) -> None:
        self._workspace = Workspace(root)
        self.exists = (root / "mlruns" / "mlflow.db").is_file()

    def run(self, run_id: str) -> RunRecord | None:
        """The run with this id, or with an id that begins so; DualGeoError where several do."""
        if not self.exists:
            return None
        found = [run for run in self._search("") if run.run_id.startswith(run_id)]
        if len(found) > 1:
            raise DualGeoError(f"{len(found)} MLflow runs begin with {run_id}; give more of the id.")
        return found[0] if found else None

    def tagged(self, tag: str, value: str) -> list[RunRecord]:
        """Runs with a tag of this value, newest first."""
        if not self.exists or not re.fullmatch(r"[\w@./:+-]+", value):
            return []
        return self._search(f"tags.`{tag}` = '{value}'")

    def recording(self, entry: Entry) -> RunRecord | None:
        """The run that recorded the outputs of `entry`: the current one, else one of these inputs, else the newest."""
        if entry.stage not in RECORDED_STAGES or not entry.cell:
            return None
        made = [
            run
            for run in self.tagged(names.DATA_VERSION, entry.data_version)
            if run.address == entry.address and run.status == "FINISHED"
        ]
        return max(made, key=lambda run: (run.current, run.inputs == entry.input_digest, run.started), default=None)

    def current(self, address: str = "") -> list[RunRecord]:
        """The runs that say that their result lies in the workspace, of one address or of all."""
        return [run for run in self.tagged(names.CURRENT, "true") if address in ("", run.address)]

    def file(self, run: RunRecord, path: str) -> bytes | None:
        """One of the run's artifacts; None where it has no such file."""
        from mlflow.exceptions import MlflowException

        try:
            return Path(self._client.download_artifacts(run.run_id, path)).read_bytes()
        except (MlflowException, OSError):
            return None

    def lock_text(self, run: RunRecord) -> LockText | None:
        """The part of dvc.lock, with .dvc files, that the run carries; None where it carries none."""
        lock = self.file(run, f"{PROVENANCE}/dvc.lock")
        if lock is None:
            return None
        with said_plainly(self._workspace):
            listed = self._client.list_artifacts(run.run_id, PROVENANCE)
        found = {Path(each.path).name: self.file(run, each.path) for each in listed if each.path.endswith(".dvc")}
        data_files = {name: text.decode(errors="replace") for name, text in found.items() if text is not None}
        return LockText(lock.decode(errors="replace"), data_files)

    def metrics(self, run: RunRecord) -> dict[str, float]:
        """Every metric's last value."""
        with said_plainly(self._workspace):
            return dict(self._client.get_run(run.run_id).data.metrics)

    def epochs(self, run: RunRecord, metric: str) -> dict[int, float]:
        """One metric's value at each step."""
        with said_plainly(self._workspace):
            return {each.step: each.value for each in self._client.get_metric_history(run.run_id, metric)}

    def _search(self, where: str) -> list[RunRecord]:
        with said_plainly(self._workspace):
            experiments = [each.experiment_id for each in self._client.search_experiments()]
            found: list[RunRecord] = []
            token: str | None = None
            while True:
                page = self._client.search_runs(experiments, where, max_results=MOST_RUNS, page_token=token)
                found += [_record(run) for run in page]
                token = page.token
                if not token:
                    return sorted(found, key=lambda run: run.started, reverse=True)

    @cached_property
    def _client(self) -> "MlflowClient":
        # Not `open_store`: that one makes what is missing, and looking must change nothing.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        for chatty in ("mlflow.store.db.utils", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        from mlflow.tracking import MlflowClient

        with said_plainly(self._workspace):
            return MlflowClient(tracking_uri=tracking_uri(self._workspace))


def _record(run: "Run") -> RunRecord:
    started: Any = run.info.start_time
    when = datetime.fromtimestamp((started or 0) / 1000, UTC).isoformat(timespec="seconds")
    return RunRecord(run.info.run_id, str(run.info.experiment_id), str(run.info.status), when, dict(run.data.tags))
