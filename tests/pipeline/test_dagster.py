"""The real graph through Dagster: the same stages, the same results, the same freshness as `dvc repro`."""

import json

import pytest
import yaml

from tests.pipeline.conftest import Copy

pytestmark = [pytest.mark.pipeline, pytest.mark.xdist_group("pipeline")]


def test_dagster_runs_what_an_edit_made_stale_and_leaves_dvc_nothing_to_do(small: Copy) -> None:
    params = small.root / "params.yaml"
    before = params.read_text()
    recorded = yaml.safe_load((small.root / "dvc.lock").read_text())["stages"]
    try:
        params.write_text(before.replace("top_k: 20", "top_k: 10"))
        done = small.run("dagster", "asset", "materialize", "--select", "*", "-m", "orchestration.definitions")
        said = done.stdout + done.stderr
        assert "RUN_SUCCESS" in said
        assert "Running stage 'retrieve@dual-0'" in said
        assert "Running stage 'train@dual-0'" not in said
        assert "up to date" in small.run("dvc", "status").stdout
        now = yaml.safe_load((small.root / "dvc.lock").read_text())["stages"]
        assert now["train@dual-0"] == recorded["train@dual-0"]
        assert now["retrieve@dual-0"]["outs"] != recorded["retrieve@dual-0"]["outs"]
        candidates = json.loads((small.root / "scores" / "dual-0" / "metrics.json").read_text())
        assert candidates["atlas"]["queries"] == 24
    finally:
        params.write_text(before)
        small.run("dvc", "repro", "-q")
    assert yaml.safe_load((small.root / "dvc.lock").read_text())["stages"] == recorded


def test_every_stage_of_the_graph_is_an_asset(small: Copy) -> None:
    listed = small.run("dagster", "asset", "list", "-m", "orchestration.definitions").stdout.split()
    stages = [line.split()[0] for line in small.run("dvc", "stage", "list").stdout.splitlines()]
    assert {name.replace("@", "/") for name in stages} | {"data"} <= set(listed)
