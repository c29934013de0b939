"""A real `dagster dev` on a free port, asked through GraphQL as its own pages do."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")
LAUNCH = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
ASSETS = """{ assetNodes { assetKey { path } staleStatus staleCauses { reason key { path } }
  assetMaterializations(limit: 1) { runId tags { key value } metadataEntries { label __typename
  ... on MarkdownMetadataEntry { mdStr } ... on BoolMetadataEntry { boolValue } } } } }"""
NOT_DONE = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


class DagsterDev:
    """The running server of one project folder."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def assets(self) -> dict[str, dict[str, Any]]:
        """Asset key, joined by `/` -> what the asset's page shows."""
        nodes = self.ask(ASSETS)["assetNodes"]
        return {"/".join(node["assetKey"]["path"]): node for node in nodes}

    def statuses(self) -> dict[str, str]:
        """Asset key -> FRESH, STALE or MISSING."""
        return {key: node["staleStatus"] for key, node in self.assets().items()}

    def stale(self) -> set[str]:
        return {key for key, status in self.statuses().items() if status != "FRESH"}

    def data_versions(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, node in self.assets().items():
            for event in node["assetMaterializations"]:
                tags = {tag["key"]: tag["value"] for tag in event["tags"]}
                found[key] = tags["dagster/data_version"]
        return found

    def location(self) -> str:
        """How Dagster calls the place that the definitions come from."""
        found = self.ask("{ workspaceOrError { ... on Workspace { locationEntries { name } } } }")
        return found["workspaceOrError"]["locationEntries"][0]["name"]

    def launch(self, *keys: str, config: dict[str, object] | None = None) -> str:
        """Materialize assets (all of them without keys); returns the run's id."""
        selection = [{"path": key.split("/")} for key in keys or self.assets()]
        selector = {
            "repositoryLocationName": self.location(),
            "repositoryName": "__repository__",
            "jobName": "__ASSET_JOB",
            "assetSelection": selection,
            "assetCheckSelection": None,
        }
        params = {"selector": selector, "mode": "default", "runConfigData": config or {}}
        answer = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def status(self, run: str) -> str:
        asked = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return self.ask(asked, id=run)["runOrError"]["status"]

    def finish(self, run: str, seconds: float = 120) -> str:
        """Wait for the end of a run; returns its status."""
        return wait_until(lambda: None if (now := self.status(run)) in NOT_DONE else now, seconds, f"run {run}")

    def cancel(self, run: str) -> None:
        self.ask("mutation($id: String!) { terminateRun(runId: $id) { __typename } }", id=run)

    def said(self, run: str) -> str:
        """The messages of a run's log."""
        asked = """query($id: ID!) { logsForRun(runId: $id, limit: 1000) { ... on EventConnection {
          events { ... on MessageEvent { message }
            ... on ExecutionStepFailureEvent { error { message } failureMetadata { description } } } } } }"""
        return json.dumps(self.ask(asked, id=run)["logsForRun"]["events"])


def wait_until(look: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """What `look` returns once that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None and found is not False:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: nothing came of it within {seconds} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def dagster_dev(root: Path, program: Path, environment: dict[str, str], *arguments: str) -> Generator[DagsterDev]:
    """Start `dagster dev` in `root` and end it, with all it started, afterwards."""
    port, log = free_port(), root / "dagster-dev.log"
    command = [str(program), "dev", "--host", "127.0.0.1", "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    server = DagsterDev(process, port, log)
    try:
        wait_until(lambda: _answers(server), 90, f"dagster dev, which says:\n{log.read_text()[-2000:]}")
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(server: DagsterDev) -> bool:
    assert server.process.poll() is None, server.log.read_text()[-3000:]
    try:
        return bool(server.assets())
    except (OSError, urllib.error.URLError):
        return False
