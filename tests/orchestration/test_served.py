"""A running `dagster dev` shows within a minute what anyone does to the project, and runs what it is told to."""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.orchestration.agreement import agree, data_command
from tests.orchestration.conftest import CELLS, DVC_YAML, KEYS, Project
from tests.orchestration.server import DagsterDev, wait_until
from tests.orchestration.test_runs import alive, started

MINUTE = 60


def cells(*stages: str) -> set[str]:
    return {f"{stage}/{cell}" for stage in stages for cell in CELLS}


def shows_stale(server: DagsterDev, expected: set[str]) -> None:
    """Within a minute exactly these assets are not fresh."""
    end = time.monotonic() + MINUTE
    while (found := server.stale()) != expected:
        assert time.monotonic() < end, f"{sorted(found)} instead of {sorted(expected)}"
        time.sleep(0.5)


@pytest.fixture(autouse=True)
def idle(served: tuple[Project, DagsterDev]) -> Iterator[None]:
    """Each test begins and ends with everything up to date, through a shell."""
    project, server = served
    project.call("dvc", "--wait-for-lock", "repro", "-q")
    shows_stale(server, set())
    yield


def test_everything_through_graphql_then_dvc_has_nothing_to_do(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.edit("validate", min_separation_m=150.0)
    run = server.launch()
    assert server.finish(run) == "SUCCESS"
    assert "Data and pipelines are up to date" in project.call("dvc", "repro")
    assert server.stale() == set()
    shown = {
        entry["label"]: entry
        for entry in server.assets()["train/dual-0"]["assetMaterializations"][0]["metadataEntries"]
    }
    assert {"ran", "seconds", "last loss", "megabytes", "trace it"} <= set(shown)


def test_an_edited_param_a_shell_repro_and_the_way_back(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    before = server.data_versions()
    project.edit("train", learning_rate=0.25)
    shows_stale(server, cells("train"))
    project.call("dvc", "repro", "-q")
    shows_stale(server, set())
    assert server.data_versions()["train/dual-0"] != before["train/dual-0"]
    project.edit("train", learning_rate=0.001)
    shows_stale(server, cells("train"))
    project.call("dvc", "repro", "-q")
    shows_stale(server, set())
    assert server.data_versions() == before


def test_what_the_cache_has_lost_shows_and_comes_back(served: tuple[Project, DagsterDev]) -> None:
    project, _ = served
    kept = project.root / ".kept"
    (project.root / ".dvc" / "cache" / "files" / "md5").rename(kept)
    shows_stale(served[1], KEYS)
    kept.rename(project.root / ".dvc" / "cache" / "files" / "md5")
    shows_stale(served[1], set())


def test_a_new_stage_appears_and_goes_and_a_broken_file_changes_nothing(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.write("dvc.yaml", DVC_YAML + "  extra:\n    cmd: echo more\n    deps: [reports/summary.json]\n")
    shows_stale(server, {"extra"})
    assert server.finish(server.launch("extra")) == "SUCCESS"
    shows_stale(server, set())
    project.write("dvc.yaml", "stages: [")
    time.sleep(12)
    assert set(server.statuses()) == KEYS | {"extra"}, "the last graph that could be read stays"
    project.write("dvc.yaml", DVC_YAML)
    wait_until(lambda: set(server.statuses()) == KEYS, MINUTE, "the stage's disappearance")
    shows_stale(server, set())


def test_cancelling_in_the_ui_stops_the_stage_within_seconds(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.edit("train", epochs=600)
    run = server.launch("train/dual-0")
    child = started(project.root)
    begun = time.monotonic()
    server.cancel(run)
    wait_until(lambda: not alive(child), 5, "the end of the stage")
    assert server.finish(run) == "CANCELED"
    assert time.monotonic() - begun < 30
    (project.root / "started").unlink()
    project.edit("train", epochs=12)
    assert "Running stage" not in project.call("dvc", "repro"), "DVC holds no lock and lost nothing"


def test_lines_of_a_stage_stream_into_the_log_and_a_failure_says_why(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.edit("train", neighbours=99)
    try:
        run = server.launch()
        wait_until(lambda: "epoch 1 of dual-0" in server.said(run), MINUTE, "a line of a stage")
        assert server.finish(run) == "FAILURE"
        said = server.said(run)
        assert "the loss of image-0 became nan" in said
        assert "Failed: train@image-0. The other results are kept." in said
        # DVC removes what a stage is to make before it runs it, so the score has lost what it read.
        shows_stale(server, {"train/image-0", "score/image-0"})
    finally:
        project.edit("train", neighbours=4)


def test_two_runs_at_once_lose_no_work(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.edit("train", learning_rate=0.125)
    runs = [server.launch("train/dual-0", "score/dual-0"), server.launch("train/image-1", "score/image-1")]
    project.call("dvc", "--wait-for-lock", "repro", "-q", "train@dual-1")
    assert [server.finish(run) for run in runs] == ["SUCCESS", "SUCCESS"]
    said = json.loads(project.call("dvc", "status", "--json").strip().splitlines()[-1])
    assert set(said) <= {"train@image-0", "score@dual-1", "report"}


def test_mlflow_is_brought_in_line_by_itself(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    project.edit("score", resamples=321)
    project.call("dvc", "repro", "-q")
    noted = project.root / ".dualgeo" / "mlflow" / "score@dual-0.json"
    wait_until(
        lambda: (
            noted.exists() and json.loads(noted.read_text())["data_version"] == server.data_versions()["score/dual-0"]
        ),
        2 * MINUTE,
        "the record of a score",
    )


def test_new_photos_run_everything_once_they_have_arrived(served: tuple[Project, DagsterDev]) -> None:
    project, server = served
    (project.root / "inbox").mkdir()
    (project.root / "inbox" / "photo.jpg").write_text("a photo")
    start = "mutation($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) { __typename } }"
    sensor = {
        "repositoryLocationName": server.location(),
        "repositoryName": "__repository__",
        "sensorName": "new_photos",
    }
    assert server.ask(start, sensor=sensor)["startSensor"]["__typename"] == "Sensor"
    runs = """{ runsOrError(filter: {pipelineName: "new_photos"}) { ... on Runs { results { runId status } } } }"""
    wait_until(lambda: bool(server.ask(runs)["runsOrError"]["results"]), 2 * MINUTE, "a run for the new photo")


def test_a_killed_dagster_dev_loses_no_result(toy: Project) -> None:
    toy.call("dvc", "repro", "-q", "validate")
    toy.edit("train", epochs=300)
    with toy.serve() as server:
        run = server.launch("train/dual-0", "score/dual-0")
        started(toy.root)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
    with toy.serve() as server:
        # The stage that was under way has ended and counts; what was to come after it has not run.
        wait_until(lambda: server.statuses()["train/dual-0"] == "FRESH", MINUTE, "the training's end")
        assert server.statuses()["score/dual-0"] == "MISSING"
        assert server.finish(run, MINUTE) == "FAILURE"
        assert "The process of this run is gone" in server.said(run)
        assert server.finish(server.launch("score/dual-0")) == "SUCCESS"


def test_dagster_dvc_and_mlflow_agree_after_random_edits(toy: Project) -> None:
    data_command(toy)
    with toy.serve() as server:
        agree(toy, server, edits=2, seed=7)
