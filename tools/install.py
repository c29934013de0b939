"""Make .venv with the locked packages. Needs nothing but Python 3.11+ and a network; `make` calls it before everything.

A second call that finds nothing to do takes a blink, a call after an interrupted one goes on where that stopped,
and two calls at once wait for each other.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": ["requirements.lock"], "dev": ["requirements-dev.lock", "requirements-geoclip.lock"]}
PIP = "pip==26.3"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")
LINES_SHOWN_ON_FAILURE = 25


class InstallError(Exception):
    """One sentence for the person at the keyboard."""


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and install; a problem is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(description="Make .venv with the locked packages.")
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    parser.add_argument(
        "--gpu", default="", help="1: CUDA builds of torch and faiss, 0: CPU builds; default as before, else CPU"
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        require_platform(sys.version_info[:2], os.name)
        with one_at_a_time(options.venv):
            bring_up_to_date(options.venv, dev=options.dev, gpu={"1": True, "0": False}.get(options.gpu))
    except InstallError as error:
        sys.exit(f"install: {error}")
    except KeyboardInterrupt:
        sys.exit("install: stopped; the next call goes on from here.")


def require_platform(version: tuple[int, ...], system: str) -> None:
    """Refuse what cannot work before anything is written."""
    if version < (3, 11):
        found = ".".join(map(str, version))
        raise InstallError(f"DualGeo needs Python 3.11 or newer, this is {found}; name one: make PYTHON=python3.12 ...")
    if system != "posix":
        raise InstallError("DualGeo is set up on Linux and macOS; on Windows use WSL.")


def bring_up_to_date(folder: Path, *, dev: bool, gpu: bool | None) -> None:
    """Install unless the stamp in `folder` says that all of it is there; `gpu` None keeps the earlier choice."""
    stamp = read_stamp(folder)
    before = stamp.get("gpu")
    chosen = bool(before) if gpu is None else gpu
    parts = ["run", "dev"] if dev else ["run"]
    digests = {part: digest(part) for part in LOCKS}
    if before == chosen and all(stamp.get(part) == digests[part] for part in parts):
        return
    # Until the end the stamp promises nothing but which builds lie there, so a cut-off call is taken up again.
    write_stamp(folder, {"gpu": before if before is not None else chosen})
    install(folder, dev=dev, gpu=chosen, switched=before not in {None, chosen})
    kept = {part: value for part, value in stamp.items() if digests.get(part) == value}
    write_stamp(folder, kept | {part: digests[part] for part in parts} | {"gpu": chosen})
    say(f"{folder.name} is ready.")


def install(folder: Path, *, dev: bool, gpu: bool, switched: bool) -> None:
    """Bring `folder` to the locked state; every step leaves alone what is already right."""
    python = make_environment(folder)
    remove_half_installed(folder)
    pip(python, "install", PIP)
    locked = locked_versions("run") | (locked_versions("dev") if dev else {})
    if gpu:
        locked["faiss-gpu"] = locked.pop("faiss-cpu")
    if switched:
        pip(python, "uninstall", "--yes", "torch", "faiss-cpu", "faiss-gpu")
    torch = f"torch=={locked.pop('torch')}"
    listed = folder / "locked.txt"
    listed.write_text("".join(f"{name}=={version}\n" for name, version in locked.items()), encoding="utf-8")
    say(f"Installing {len(locked) + 1} locked packages into {folder.name}; the first time this takes a minute or two.")
    if not is_installed(folder, torch):
        pip(python, "install", "--no-compile", *torch_source(python, torch, gpu=gpu), "-c", str(listed), torch)
    pip(python, "install", "--no-compile", "--no-deps", "-r", str(listed), total=len(locked))
    pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    # In one go on all cores instead of by pip one after the other. Files for other Pythons do not compile; no matter.
    run(python, "-m", "compileall", "-q", "-j", "0", "-x", r"/(tests?|testing)/", str(site_packages(folder)))


def make_environment(folder: Path) -> Path:
    """The Python of `folder`; makes the environment, or mends one whose making was cut off."""
    python = folder / "bin" / "python"
    broken = False
    if os.path.lexists(python):
        asked = run(python, "-c", "import sys, pip; print(sys.version_info >= (3, 11))")
        if asked.returncode == 0 and asked.stdout.strip() == "True":
            return python
        if asked.returncode == 0:
            raise InstallError(f"{folder} holds a Python older than 3.11; remove that folder and run this again.")
        broken = run(python, "-c", "").returncode != 0
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if importlib.util.find_spec("ensurepip") is None:
        raise InstallError(f"this Python lacks ensurepip (Debian, Ubuntu: apt install python{version}-venv).")
    say(f"Making {folder.name} with Python {version} ({sys.executable}).")
    stamp = read_stamp(folder)
    venv.EnvBuilder(with_pip=True, symlinks=True, clear=broken).create(folder)
    write_stamp(folder, stamp)
    return python


def remove_half_installed(folder: Path) -> None:
    """Forget packages that pip was cut off at: it writes RECORD last and takes a package without it for installed."""
    for information in site_packages(folder).glob("*.dist-info"):
        if not (information / "RECORD").exists():
            shutil.rmtree(information)


def is_installed(folder: Path, pin: str) -> bool:
    """Whether `name==version` lies in `folder`, as whatever build of it."""
    name, _, version = pin.partition("==")
    return any(site_packages(folder).glob(f"{name}-{version}*.dist-info"))


def torch_source(python: Path, torch: str, *, gpu: bool) -> list[str]:
    """Pip's options that make it take the build of torch that is wanted.

    On Linux the package index's own build may be the one for CUDA, with gigabytes of libraries; where pip would take
    that one and no GPU is wanted, the same version comes from PyTorch's index of CPU builds.
    """
    if gpu:
        return []
    report = pip(python, "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-", torch)
    if brings_cuda(json.loads(report), sys.platform):
        return ["--no-deps", "--index-url", TORCH_CPU_INDEX]
    return ["--no-deps"]


def brings_cuda(report: dict[str, list[dict[str, dict[str, list[str]]]]], platform: str) -> bool:
    """Whether pip's installation report names CUDA libraries among what its packages require."""
    needs = [need for item in report["install"] for need in item["metadata"].get("requires_dist", [])]
    return platform == "linux" and any(need.startswith(CUDA_PACKAGES) and "extra ==" not in need for need in needs)


def locked_versions(part: str) -> dict[str, str]:
    """Name -> version in the lock files of one part."""
    lines = [line.strip() for name in LOCKS[part] for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    pins = [line.partition("==") for line in lines if "==" in line and not line.startswith("#")]
    return {name: version for name, _, version in pins}


def digest(part: str) -> str:
    """Digest of everything that decides what belongs to a part."""
    import tomllib  # Python 3.11 has it, and this file must load before that is known

    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = json.dumps([document["build-system"], document["project"], PIP], sort_keys=True)
    return hashlib.sha256(declared.encode() + b"".join((ROOT / name).read_bytes() for name in LOCKS[part])).hexdigest()


def read_stamp(folder: Path) -> dict[str, object]:
    """What the last complete call left in `folder`; empty where there was none."""
    try:
        return json.loads((folder / "dualgeo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(folder: Path, stamp: dict[str, object]) -> None:
    """Note what `folder` holds."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "dualgeo.json.part"
    temporary.write_text(json.dumps(stamp), encoding="utf-8")
    temporary.replace(folder / "dualgeo.json")


@contextlib.contextmanager
def one_at_a_time(folder: Path):
    """Hold a lock beside `folder`, so that two calls do not write into it at once."""
    import fcntl  # not on Windows, which is refused in words before this

    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another call that is setting up {folder.name}.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def site_packages(folder: Path) -> Path:
    """Where the environment's packages lie."""
    return next((folder / "lib").glob("python3.*/site-packages"))


def pip(python: Path, *arguments: str, total: int = 0) -> str:
    """Run pip and return what it printed; InstallError with the end of its output when it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    last: collections.deque[str] = collections.deque(maxlen=LINES_SHOWN_ON_FAILURE)
    printed: list[str] = []
    seen = 0
    report = "--report" in arguments
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if report else subprocess.STDOUT,
        env=environment(),
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            printed.append(line)
            last.append(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            count(seen, total, unpacking=line.startswith("Installing collected"))
    if process.returncode != 0:
        raise InstallError(f"`pip {' '.join(arguments)}` failed; its last words:\n{''.join(last)}")
    return "".join(printed)


def count(seen: int, total: int, *, unpacking: bool) -> None:
    """Show how far pip is: a counter in a terminal, nothing in a log."""
    if total and sys.stderr.isatty():
        text = f"\r  {total} fetched, unpacking ...\n" if unpacking else f"\r  {min(seen, total)}/{total} "
        print(text, end="", file=sys.stderr, flush=True)


def run(*command: Path | str) -> subprocess.CompletedProcess[str]:
    """Run a command quietly."""
    try:
        return subprocess.run(
            [str(part) for part in command], env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        return subprocess.CompletedProcess([], 1, "", str(error))


def environment() -> dict[str, str]:
    """The environment without what would send pip or Python elsewhere."""
    diverting = {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_HASHES", "PYTHONHOME", "PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in diverting}


def say(line: str) -> None:
    """Print one line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
