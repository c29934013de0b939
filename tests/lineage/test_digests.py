"""Digests are DVC's own, whatever a folder holds."""

import shutil
from pathlib import Path

import pytest
import yaml

from dualgeo.lineage.digests import Digests
from dualgeo.lineage.verify_command import verify_lineage
from dualgeo.lockfile import folder_md5, md5_of, parse_yaml
from dualgeo.workspace import Workspace
from tests.lineage.toy import Project

ODD = {
    "a/b": "nested",
    "a-b": "sorts between a and a/b",
    "a.b/c": "and so does this",
    "empty": "",
    "münchen 東京.txt": "names of any script",
    "quote'\"s": "quotes",
    "deep/er/and/deeper": "deep",
}
IGNORED = {"__pycache__/x.pyc": "bytes", "a/left.part": "half", "a/kept.part.txt": "kept", "deep/__pycache__/y": "x"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(".dvcignore", "# what no digest counts\n__pycache__\n*.part\n!deep/er/../x\n")
    made.call("dvc", "init", "--no-scm", "--quiet")
    return made


def test_folders_have_the_digest_that_dvc_gives_them(project: Project) -> None:
    for name, text in (ODD | IGNORED).items():
        project.write(f"odd/{name}", text)
    project.write("just a file", "text\r\n")
    (project.root / "odd/hollow").mkdir()
    project.call("dvc", "add", "--quiet", "odd", "just a file")
    for name in ("odd", "just a file"):
        stated = yaml.safe_load((project.root / f"{name}.dvc").read_text())["outs"][0]["md5"]
        assert Digests(project.root).md5(name) == stated
    plain = project.root / "plain"
    for name, text in ODD.items():
        project.write(f"plain/{name}", text)
    project.call("dvc", "add", "--quiet", "plain")
    assert md5_of(plain) == yaml.safe_load((project.root / "plain.dvc").read_text())["outs"][0]["md5"]
    shutil.rmtree(plain)
    assert Digests(project.root).md5("plain") is None


def test_ignore_files_of_folders_count_for_what_lies_below_them(project: Project) -> None:
    project.write("outer/.dvcignore", "*.log\n!keep.log\n/inner/tmp\n")
    for name in ("inner/a.log", "inner/keep.log", "inner/tmp/x", "inner/deep/tmp/x", "inner/b"):
        project.write(f"outer/{name}", name)
    project.call("dvc", "stage", "add", "--quiet", "--run", "--name", "s", "--deps", "outer/inner", "true")
    stated = parse_yaml((project.root / "dvc.lock").read_text(), "dvc.lock")["stages"]["s"]["deps"][0]["md5"]
    digests = Digests(project.root)
    assert sorted(digests.listing("outer/inner")) == ["b", "deep/tmp/x", "keep.log"]
    assert digests.md5("outer/inner") == stated


def test_params_are_read_as_dvc_reads_them(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    words = "word: on, other: yes, none: ~, text: '1e-3', list: [1, 2.5, no]"
    odd = f"p: {{small: 1e-3, tiny: 1.0e-06, n: 0o17, zeros: 0999, {words}}}\n"
    project.write("params.yaml", odd)
    project.call("dvc", "stage", "add", "--quiet", "--run", "--name", "s", "--params", "p", "true")
    assert verify_lineage(Workspace(project.root)) == 0, capsys.readouterr().out
    project.write("params.yaml", odd.replace("1e-3,", "1e-4,"))
    assert verify_lineage(Workspace(project.root)) == 1
    assert "params.yaml: p.small" in capsys.readouterr().out


def test_the_digest_of_a_listing_does_not_depend_on_its_order() -> None:
    assert folder_md5({"b": "1", "a/x": "2", "a-x": "3"}) == folder_md5({"a-x": "3", "a/x": "2", "b": "1"})
