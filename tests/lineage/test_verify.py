"""`dualgeo lineage verify` notices one changed byte anywhere, and only what has changed."""

import os
import re
import shutil
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from dualgeo.errors import DualGeoError
from dualgeo.lineage.verify_command import verify_lineage
from dualgeo.tracking.store import tracking_uri
from dualgeo.workspace import Workspace
from tests.lineage.conftest import History
from tests.lineage.toy import Project


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]):
    """Exit status of a verification and the lines that it prints about what does not hold."""

    def verified(project: Project, of: str = "") -> tuple[int, list[str]]:
        capsys.readouterr()
        status = verify_lineage(Workspace(project.root), of)
        said = capsys.readouterr().out
        faults = [re.sub(r" {2,}", " | ", line.strip()) for line in said.splitlines() if re.search(r" {2,}\S", line)]
        return status, faults[1:] if faults else [said]

    return verified


def flip(path: Path) -> None:
    """Change one byte and nothing that DVC looks at before it believes what it remembers: size, time, inode."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as handle:
        handle.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_whole_workspace_holds(history: History, verify) -> None:
    status, said = verify(history.project)
    assert status == 0
    outputs, inputs, links = 1 + 1 + 1 + 2 + 2 + 6 + 2, 2 + 3 + 4 + 6 + 6 + 3, 1 + 2 + 2 + 4 + 4 + 4
    counted = rf"{outputs} outputs, {inputs} inputs, 7 params, (\d+) links between entries, 4 MLflow runs"
    found = re.search(counted, said[0])
    assert found and int(found[1]) >= links, said


FILES = {
    "models/dual-0/model.safetensors": ["train@dual-0 | output", "refine@dual-0 | input", "report | input | models"],
    "scores/image-0/metrics.json": ["score@image-0 | output | scores/image-0/metrics.json", "report | input | scores"],
    "reports/summary.json": ["report | output | reports/summary.json"],
    "data/atlas/00000.tar": ["data.dvc | output | data", "validate | input | data/atlas", "embed | input | data/atlas"],
    "code/formula.py": [f"{name} | input | code" for name in ("validate", "embed", "train@dual-0", "report")],
    "cache/features/00000.arrow": ["embed | output", "train@dual-0 | input", "train@image-0 | input"],
}


def test_one_byte_of_any_file_is_noticed(copied: Project, verify) -> None:
    copied.call("dvc", "status")
    for file, expected in FILES.items():
        flip(copied.root / file)
        status, faults = verify(copied, "report")
        assert status == 1
        for start in expected:
            assert any(fault.startswith(start) for fault in faults), (start, faults)
        assert any(fault.startswith("validate") for fault in faults) == file.startswith(("data", "code")), faults
        assert not any(" link " in fault for fault in faults), "dvc.lock itself is as it was"
        flip(copied.root / file)
    assert verify(copied, "report")[0] == 0
    flip(copied.root / "reports/summary.json")
    assert "up to date" in copied.call("dvc", "status"), "DVC believes what it remembers; bytes must be read"


DIGESTS = [
    ("cache/features", "train@dual-0", ["train@dual-0 | input | cache", "train@dual-0 | link | cache/features"]),
    ("data/atlas/photos.parquet", "score@dual-0", ["score@dual-0 | input", "score@dual-0 | link | data/atlas/photos"]),
    ("scores/dual-0/metrics.json", "score@dual-0", ["score@dual-0 | output", "report | link | scores"]),
    ("models/dual-0", "train@dual-0", ["train@dual-0 | output", "refine@dual-0 | link", "train@dual-0 | MLflow"]),
    ("scores", "report", ["report | input | scores"]),
]


def test_one_digit_of_dvc_lock_is_noticed(copied: Project, verify) -> None:
    whole = (copied.root / "dvc.lock").read_text()
    for path, where, expected in DIGESTS:
        copied.write("dvc.lock", with_a_wrong_digit(whole, path, where))
        status, faults = verify(copied, "report")
        assert status == 1
        for start in expected:
            assert any(fault.startswith(start) for fault in faults), (start, faults)


def with_a_wrong_digit(lock: str, path: str, where: str) -> str:
    start = lock.index(f"path: {path}\n", lock.index(f"\n  {where}:\n"))
    digit = lock.index("md5: ", start) + len("md5: ")
    return lock[:digit] + ("0" if lock[digit] != "0" else "1") + lock[digit + 1 :]


def test_links_are_judged_without_the_bytes(copied: Project, verify) -> None:
    """Nothing was pulled: outputs are missing, and DVC's cache still tells what folders hold."""
    shutil.rmtree(copied.root / "data")
    whole = (copied.root / "dvc.lock").read_text()
    copied.write("dvc.lock", with_a_wrong_digit(whole, "data/atlas/photos.parquet", "score@dual-0"))
    _, faults = verify(copied)
    links = [fault for fault in faults if " | link | " in fault]
    assert len(links) == 1
    assert links[0].startswith("score@dual-0 | link | data/atlas/photos.parquet")
    assert any(fault.startswith("data.dvc | output | data |") and fault.endswith("missing") for fault in faults)


def test_one_digit_of_a_pin_is_noticed(copied: Project, verify) -> None:
    md5 = copied.entry("data.dvc").outs["data"]
    copied.replace("data.dvc", md5, ("0" if md5[0] != "0" else "1") + md5[1:])
    status, faults = verify(copied)
    assert status == 1
    assert any(fault.startswith("data.dvc | output | data") for fault in faults)


def test_a_changed_param_is_named_with_both_values(copied: Project, verify) -> None:
    copied.replace("params.yaml", "epochs: 2", "epochs: 3")
    copied.replace("params.yaml", "{seed: 10}", "{}")
    copied.replace("params.yaml", "segmentation: {grid: 8}", "segmentation: {grid: 9}")
    status, faults = verify(copied)
    assert status == 1
    assert "train@dual-0 | param | params.yaml: train.epochs | 2 | 3" in faults
    assert "score@dual-0 | param | params.yaml: score.seed | 10 | absent" in faults
    assert len(faults) == 4, "a param that no stage names is nobody's fault"


def test_runs_must_agree_with_dvc_lock(history: History, copied: Project, verify) -> None:
    client = MlflowClient(tracking_uri(Workspace(copied.root)))
    current = copied.run_id("score@dual-0")
    client.set_tag(current, "dualgeo.data_version", "0" * 16)
    status, faults = verify(copied)
    assert (status, len(faults)) == (1, 1)
    assert faults[0].startswith(f"score@dual-0 | MLflow | {current}")
    client.set_tag(current, "dualgeo.data_version", copied.entry("score@dual-0").data_version)
    client.set_tag(history.first_score, "dualgeo.current", "true")
    status, faults = verify(copied)
    assert status == 1
    assert any("2 current runs" in fault for fault in faults)
    assert any(history.first_score in fault for fault in faults)


def test_only_what_is_asked_for_is_verified(history: History, copied: Project, verify) -> None:
    flip(copied.root / "scores/image-0/metrics.json")
    assert verify(copied, "score@dual-0")[0] == 0
    assert verify(copied, "report")[0] == 1
    with pytest.raises(DualGeoError, match=r"older result.*dualgeo reproduce"):
        verify(copied, history.first_version)


def test_entries_of_stages_that_are_gone_are_left_out_and_named(copied: Project, capsys) -> None:
    copied.replace(
        "dvc.yaml",
        "[image, dual], seed: [0]}\n    cmd: python work.py score",
        "[dual], seed: [0]}\n    cmd: python work.py score",
    )
    flip(copied.root / "scores/image-0/queries.parquet")
    copied.call("dvc", "repro", "--quiet", "report")
    assert verify_lineage(Workspace(copied.root)) == 0
    assert "no longer has them: score@image-0" in capsys.readouterr().out


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match=r"no dvc\.lock"):
        verify_lineage(Workspace(tmp_path))


def test_the_exit_status_of_the_command(copied: Project) -> None:
    flip(copied.root / "data/atlas/photos.parquet")
    said = copied.call("dualgeo", "lineage", "verify", "data", fails=True)
    assert "What does not hold" in said and "1 do not hold" in said
