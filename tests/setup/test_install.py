"""The locks say what pyproject.toml asks for, and the installer takes the right builds and survives being cut off."""

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def install() -> ModuleType:
    return load("install")


@pytest.fixture(scope="module")
def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"run": project["dependencies"], **project["optional-dependencies"]}


@pytest.mark.parametrize("part", ["run", "cpu", "dev"])
def test_every_declared_dependency_is_locked_at_a_version_it_allows(
    install: ModuleType, declared: dict[str, list[str]], part: str
) -> None:
    locked = install.locked_versions("run") | install.locked_versions("dev")
    for requirement in map(Requirement, declared[part]):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version} is locked"


def test_the_running_lock_is_what_these_tests_ran_with_and_names_no_build(install: ModuleType) -> None:
    from importlib.metadata import version

    for name, pinned in install.locked_versions("run").items():
        assert Version(pinned).local is None
        assert Version(version(name)).public == pinned, name


def test_both_faiss_builds_have_the_locked_version(install: ModuleType, declared: dict[str, list[str]]) -> None:
    [requirement] = map(Requirement, declared["gpu"])
    assert requirement.specifier.contains(install.locked_versions("run")["faiss-cpu"])


@pytest.mark.parametrize(
    ("requires", "platform", "cuda"),
    [
        (["filelock", "nvidia-cublas==13.1.0.3; platform_system == 'Linux'"], "linux", True),
        (["cuda-bindings<14,>=13.0.3; platform_system == 'Linux'", "sympy>=1.13.3"], "linux", True),
        (["nvidia-cublas==13.1.0.3; platform_system == 'Linux'"], "darwin", False),
        (["filelock", 'optree>=0.13.0; extra == "optree"', 'triton; extra == "speed"'], "linux", False),
    ],
)
def test_a_torch_that_brings_cuda_is_recognised(
    install: ModuleType, requires: list[str], platform: str, cuda: bool
) -> None:
    report = {
        "version": "1",
        "install": [{"metadata": {"name": "torch", "version": "2.13.0", "requires_dist": requires}}],
    }
    assert install.brings_cuda(report, platform) is cuda


def test_pips_own_report_of_a_package_is_understood(install: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname="small"\nversion="1"\ndependencies=["nvidia-cublas"]\n')
    command = ["-m", "pip", "install", "--dry-run", "--no-deps", "--no-build-isolation", "--quiet", "--report", "-"]
    said = subprocess.run([sys.executable, *command, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    assert install.brings_cuda(json.loads(said), "linux")


def test_a_package_that_pip_was_cut_off_at_is_installed_again(install: ModuleType, tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, files in {"whole-1.dist-info": ["METADATA", "RECORD"], "half-1.dist-info": ["METADATA"]}.items():
        (packages / name).mkdir(parents=True)
        for file in files:
            (packages / name / file).touch()
    install.remove_half_installed(tmp_path)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]


def test_nothing_is_promised_until_everything_is_done(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, object]] = []

    def cut_off(folder: Path, **options: object) -> None:
        calls.append(options)
        raise KeyboardInterrupt

    def done(folder: Path, **options: object) -> None:
        calls.append(options)

    monkeypatch.setattr(install, "install", cut_off)
    with pytest.raises(KeyboardInterrupt):
        install.bring_up_to_date(tmp_path, dev=False, gpu=True)
    monkeypatch.setattr(install, "install", done)
    install.bring_up_to_date(tmp_path, dev=False, gpu=None)
    assert calls[-1]["gpu"] is True, "a GPU that was asked for once stays"
    install.bring_up_to_date(tmp_path, dev=False, gpu=None)
    assert len(calls) == 2, "a complete installation is left alone"
    install.bring_up_to_date(tmp_path, dev=True, gpu=False)
    assert calls[-1] == {"dev": True, "gpu": False, "switched": True}
    install.bring_up_to_date(tmp_path, dev=False, gpu=False)
    assert len(calls) == 3, "the tests' environment holds what running needs"


def test_an_old_python_is_refused_in_a_sentence(install: ModuleType) -> None:
    with pytest.raises(install.InstallError, match=r"needs Python 3\.11 or newer, this is 3\.9"):
        install.require_platform((3, 9), "posix")


def test_two_calls_take_turns(install: ModuleType, tmp_path: Path) -> None:
    code = (
        "import importlib.util, sys; from pathlib import Path\n"
        "spec = importlib.util.spec_from_file_location('install', sys.argv[1])\n"
        "install = importlib.util.module_from_spec(spec); spec.loader.exec_module(install)\n"
        "with install.one_at_a_time(Path(sys.argv[2])): print('mine')"
    )
    command = [sys.executable, "-c", code, str(ROOT / "tools" / "install.py"), str(tmp_path / ".venv")]
    with install.one_at_a_time(tmp_path / ".venv"):
        other = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert other.stderr is not None
        assert "Waiting for another call" in other.stderr.readline()
        assert other.poll() is None
    assert other.communicate(timeout=30)[0] == "mine\n"


def test_the_ways_in_are_listed(tmp_path: Path) -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in said.splitlines() if line.startswith("  make ")][:3] == ["help", "demo", "test"]
