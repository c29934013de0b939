"""params.yaml: every mistake is one sentence with its key; profiles are valid; the demo is what is committed."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dualgeo.errors import DualGeoError
from dualgeo.params import load_params
from dualgeo.profiles import apply_profile, compose
from dualgeo.workspace import Cell, Workspace

PROFILES = ["demo", "small", "photos", "published", "mp16"]


def _changed(project: Path, folder: Path, change) -> Path:
    document = yaml.safe_load((project / "conf" / "profile" / "demo.yaml").read_text())
    change(document)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def _unknown(document):
    document["train"]["learning_rte"] = 1


def _negative(document):
    document["train"]["batch"] = -5


def _missing(document):
    del document["refine"]


def _wrong_type(document):
    document["views"]["image"]["grid"] = "four"


def _twice(document):
    document["systems"]["seeds"] = [0, 0]


def _heads(document):
    document["model"]["heads"] = 7


def _traversal(document):
    document["dataset"] = "../elsewhere"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_unknown, "unknown key `train.learning_rte`"),
        (_negative, "`train.batch` (got -5)"),
        (_missing, "`refine` is missing"),
        (_wrong_type, "`views.image.grid` (got 'four')"),
        (_twice, "seeds names a value twice"),
        (_heads, "width 128 must be a multiple of heads 7"),
        (_traversal, "`dataset` (got '../elsewhere')"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_key(project: Path, tmp_path: Path, change, sentence: str) -> None:
    path = _changed(project, tmp_path, change)
    with pytest.raises(DualGeoError) as raised:
        load_params(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["train: [", "", "just words", "\xff\xfe"])
def test_what_is_no_params_file_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DualGeoError, match=r"params\.yaml"):
        load_params(path)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_valid(project: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(compose(project / "conf", name, []))
    load_params(path)


def test_every_profile_is_listed_here(project: Path) -> None:
    assert sorted(path.stem for path in (project / "conf" / "profile").glob("*.yaml")) == sorted(PROFILES)


def test_the_committed_params_are_the_demo_profile(project: Path) -> None:
    committed = subprocess.run(["git", "show", "HEAD:params.yaml"], cwd=project, capture_output=True, text=True)
    if committed.returncode:
        pytest.skip("this copy of the project is no git checkout")
    assert committed.stdout == compose(project / "conf", "demo", [])


def test_a_profile_that_would_not_be_valid_leaves_params_as_they_were(project: Path, tmp_path: Path) -> None:
    (tmp_path / "conf").symlink_to(project / "conf")
    workspace = Workspace(tmp_path)
    apply_profile(workspace, "small", ["train.epochs=3"])
    assert load_params(workspace.params).train.epochs == 3
    before = workspace.params.read_bytes()
    for name, override, sentence in [
        ("small", "train.epochs=-1", r"train\.epochs"),
        ("small", "train.epoch=3", "epoch"),
        ("nowhere", "train.epochs=3", "choose one of demo"),
    ]:
        with pytest.raises(DualGeoError, match=sentence):
            apply_profile(workspace, name, [override])
        assert workspace.params.read_bytes() == before


def test_cells_read_back_as_they_are_written() -> None:
    for cell in (Cell("dual", 0), Cell("dual-no-attention", 12)):
        assert Cell.parse(cell.name) == cell
    with pytest.raises(DualGeoError, match="VARIANT-SEED"):
        Cell.parse("dual")


def _dualgeo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dualgeo", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nothing"], "There is no stage 'nothing'"),
        (["run", "train"], "needs a cell"),
        (["run", "validate", "dual-0"], "has no cells"),
        (["run", "validate"], "params.yaml does not exist"),
        (["locate", "photo.jpg"], "params.yaml does not exist"),
    ],
)
def test_the_command_line_fails_with_a_sentence_and_status_1(tmp_path: Path, arguments, sentence: str) -> None:
    done = _dualgeo(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_locating_before_anything_was_trained_says_what_to_do(project: Path, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(compose(project / "conf", "demo", []))
    done = _dualgeo("locate", "photo.jpg", cwd=tmp_path)
    assert done.returncode == 1
    assert "run `make demo` or `dvc repro` first" in done.stderr


def test_help_and_params_load_no_heavy_library(project: Path) -> None:
    script = "import sys, dualgeo.cli, dualgeo.params; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["torch", "transformers", "mlflow", "faiss", "pandas", "numpy", "great_expectations", "sklearn", "hydra"]
    done = subprocess.run([sys.executable, "-c", script, *heavy], cwd=project, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
