"""The real graph through Dagster: it finds and leaves the state that `dvc repro` finds and leaves."""

import pytest
import yaml

from tests.pipeline.conftest import Copy

pytestmark = pytest.mark.pipeline


def materialize(copy: Copy, selection: str) -> str:
    done = copy.run("dagster", "asset", "materialize", "--select", selection, "-m", "orchestration.definitions")
    return done.stdout + done.stderr


def test_what_dvc_has_run_dagster_finds_up_to_date(small: Copy) -> None:
    said = materialize(small, "*")
    assert "RUN_SUCCESS" in said
    assert "report is up to date" in said
    assert "Running stage" not in said
    assert "Data and pipelines are up to date" in small.run("dvc", "status").stdout


def test_an_edited_param_runs_what_follows_from_it_and_dvc_agrees(small: Copy) -> None:
    before = (small.root / "params.yaml").read_text()
    params = yaml.safe_load(before)
    params["refine"]["eps_km"] = 60.0
    try:
        (small.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        said = materialize(small, 'key:"refine/dual-0"+')
        ran = {line.split("'")[1] for line in said.splitlines() if "Running stage '" in line}
        # Scores are only made anew where the answers changed, so that stage may have nothing to do.
        may = {"score@dual-0", "robustness@dual-0", "study"}
        assert {"refine@dual-0", "report"} <= ran <= {"refine@dual-0", "report", *may}
        # The other system's refinement is still to be done, which is what DVC says as well.
        assert "refine@image-0" in small.run("dvc", "status").stdout
    finally:
        (small.root / "params.yaml").write_text(before)
        small.run("dvc", "repro", "-q")
