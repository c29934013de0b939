"""The whole graph at a small size, through DVC: results, freshness, kill -9 in every stage, experiments, locate."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import yaml

from tests.pipeline.conftest import Copy

pytestmark = pytest.mark.pipeline

QUERY_SETS = ["atlas", "atlas-night", "atlas-fog", "atlas-rain", "atlas-snow", "atlas-autumn", "atlas-unseen"]
STAGES = ["validate", "segment", "embed", "leakage", "train", "index", "retrieve", "refine", "score", "report"]
STUDY_STAGES = ["ablate"]
CELL_STAGES = ["train", "index", "retrieve", "refine", "score", "ablate"]
KILL_AFTER_S = [0.3 + 1.6 * step for step in range(12)]
SCORES = ["scores/dual-0/metrics.json", "scores/image-0/metrics.json"]
RESULTS = ["reports/summary.json", "reports/table.md", "reports/study/study.json", *SCORES]


def _digests(copy: Copy) -> dict[str, str]:
    """Stage -> digests of its outputs, as DVC recorded them."""
    lock = yaml.safe_load((copy.root / "dvc.lock").read_text())
    return {name: json.dumps([out["md5"] for out in stage["outs"]]) for name, stage in lock["stages"].items()}


def _ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def test_every_system_is_scored_on_every_query_set(small: Copy) -> None:
    for cell in ("image-0", "dual-0"):
        metrics = json.loads((small.root / "scores" / cell / "metrics.json").read_text())
        assert set(QUERY_SETS) <= set(metrics)
        for name in QUERY_SETS:
            values = metrics[name]
            assert values["queries"] == 24
            accuracy = values["acc"]["25"]
            assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 100
            assert values["oracle"]["25"]["value"] >= accuracy["value"]
    page = (small.root / "reports" / "index.html").read_text()
    assert "atlas-night" in page and "http://" not in page.replace("http://www.w3.org", "")


def test_the_study_gives_a_verdict_over_every_condition(small: Copy) -> None:
    found = json.loads((small.root / "reports" / "study" / "study.json").read_text())
    corrupted = [f"atlas/{corruption}-3" for corruption in ("fog", "jpeg")]
    assert set(found["conditions"]) == {*QUERY_SETS, *corrupted}
    assert found["helps"] + found["hurts"] + found["undecided"] == len(QUERY_SETS) + len(corrupted)
    assert found["answer"] in ("earns", "costs", "mixed", "open")
    page = (small.root / "reports" / "study" / "index.html").read_text()
    assert all(name in page for name in corrupted) and "http://" not in page.replace("http://www.w3.org", "")
    told = small.run("dualgeo", "verdict").stdout
    assert "Over all 9 conditions" in " ".join(told.split()) and "reports/study/index.html" in told
    assert "re-rank" in small.run("dualgeo", "ablation").stdout


def test_a_second_repro_runs_nothing(small: Copy) -> None:
    done = small.run("dvc", "repro")
    assert _ran(done.stdout) == set()
    assert "Data and pipelines are up to date" in done.stdout


def test_an_edited_training_param_reruns_training_and_what_follows(small: Copy) -> None:
    before = (small.root / "params.yaml").read_text()
    (small.root / "params.yaml").write_text(before.replace("learning_rate: 0.001", "learning_rate: 0.002"))
    try:
        ran = _ran(small.run("dvc", "repro", "report").stdout)
        assert {name.split("@")[0] for name in ran} == {"train", "index", "retrieve", "refine", "score", "report"}
    finally:
        (small.root / "params.yaml").write_text(before)
        restored = small.run("dvc", "repro")
    # What a model answered stays where it is between runs, so DVC keeps no run of `refine`: it runs again, to the same.
    assert {name.split("@")[0] for name in _ran(restored.stdout)} == {"refine"}, (
        "the run cache should have restored all"
    )


@pytest.mark.parametrize("stage", [*STAGES, *STUDY_STAGES])
def test_kill_9_in_a_stage_then_repro_gives_the_undisturbed_result(small: Copy, stage: str) -> None:
    expected = _digests(small)
    results = {name: (small.root / name).read_bytes() for name in RESULTS}
    name = f"{stage}@dual-0" if stage in CELL_STAGES else stage
    kills = 0
    # Later and later, so that start-up, the work itself and the writing are all hit, until the stage outruns the kill.
    for delay in KILL_AFTER_S:
        process = small.start("dvc", "repro", "--force", "--single-item", name)
        at_work = _stage_process(process, stage)
        time.sleep(delay)
        if not _held(at_work):
            assert process.wait(timeout=60) == 0
            break
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
        kills += 1
    assert kills > 0
    small.run("dvc", "repro")
    assert _digests(small) == expected
    assert {name: (small.root / name).read_bytes() for name in RESULTS} == results


def _held(process: psutil.Process) -> bool:
    """Stop the stage where it is; False when it has ended. A held stage cannot end between the look and the kill."""
    try:
        process.suspend()
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _stage_process(process: subprocess.Popen[bytes], stage: str) -> psutil.Process:
    """The stage's own process, as soon as DVC has started it."""
    deadline = time.monotonic() + 60
    wanted = ["run", stage]
    while time.monotonic() < deadline and process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        for child in children:
            if "dualgeo" in " ".join(_words(child)[:2]) and _words(child)[2:4] == wanted:
                return child
        time.sleep(0.05)
    raise AssertionError(f"stage {stage} did not start")


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_two_repros_at_once_do_not_spoil_each_other(small: Copy) -> None:
    expected = _digests(small)
    first = small.start("dvc", "--wait-for-lock", "repro", "--force", "--single-item", "score@dual-0")
    second = small.start("dvc", "--wait-for-lock", "repro", "--force", "--single-item", "score@image-0")
    assert first.wait(timeout=120) == 0
    assert second.wait(timeout=120) == 0
    assert _digests(small) == expected


def test_a_failed_expectation_stops_the_pipeline_and_leaves_earlier_results(small: Copy) -> None:
    results = {name: (small.root / name).read_bytes() for name in RESULTS}
    before = (small.root / "params.yaml").read_text()
    (small.root / "params.yaml").write_text(before.replace("min_separation_m: 200.0", "min_separation_m: 900000.0"))
    try:
        done = small.run("dvc", "repro", check=False)
        assert done.returncode != 0
        assert _ran(done.stdout) == {"validate"}
        assert {name: (small.root / name).read_bytes() for name in RESULTS} == results
    finally:
        (small.root / "params.yaml").write_text(before)
        small.run("dvc", "repro")


def test_an_experiment_composes_params_from_a_profile(small: Copy) -> None:
    done = small.run("dvc", "exp", "run", "-S", "profile=small", "-S", "score.resamples=501")
    assert {name.split("@")[0] for name in _ran(done.stdout)} == {"score", "report", "study"}
    assert yaml.safe_load((small.root / "params.yaml").read_text())["score"]["resamples"] == 501
    small.run("dualgeo", "profile", "small")
    small.run("dvc", "repro")


def test_a_photo_is_located_as_the_pipeline_located_it(small: Copy, tmp_path: Path) -> None:
    import pandas as pd

    from dualgeo.datasets.contract import read_photos, shard_path
    from dualgeo.datasets.shards import read_shard

    data = small.root / "data" / "atlas"
    photos = read_photos(data)
    query = photos[photos["dataset"] == "atlas"].iloc[0]
    content = dict(read_shard(shard_path(data, query["shard"])))[query["photo_id"]]["jpg"]
    (tmp_path / "photo.jpg").write_bytes(content)
    done = small.run("dualgeo", "locate", str(tmp_path / "photo.jpg"), "--system", "dual-0", "--json")
    answer = json.loads(done.stdout)
    predictions = pd.read_parquet(small.root / "refined" / "dual-0" / "predictions.parquet").set_index("query_id")
    expected = predictions.loc[query["photo_id"]]
    assert answer["lat"] == pytest.approx(expected["lat"], abs=1e-6)
    assert answer["lon"] == pytest.approx(expected["lon"], abs=1e-6)
    assert answer["radius_km"]["0.9"] == pytest.approx(expected["radius_km_90"], rel=1e-3)
    (tmp_path / "broken.jpg").write_bytes(content[:300])
    failed = small.run("dualgeo", "locate", str(tmp_path / "broken.jpg"), str(tmp_path / "photo.jpg"), check=False)
    assert failed.returncode == 1
    assert "broken.jpg" in failed.stderr and "Traceback" not in failed.stderr
    assert "photo.jpg" in failed.stdout
