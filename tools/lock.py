"""Write the lock files from the environment this runs in: `make lock` after changing a dependency and testing it.

The environment must hold what pyproject.toml asks for (`pip install -e '.[cpu,dev]'`). A lock names the whole closure,
so that it can be installed without resolving anything; local versions such as `+cpu` are left off, because the same
version of torch comes as another build on every platform.
"""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = (("linux", "Linux"), ("darwin", "Darwin"))
HEADER = """\
# {what}, for CPython 3.11 to 3.13 on Linux and macOS.
# Written by tools/lock.py; change pyproject.toml instead.
"""


def closure(requirements: list[str], environment: dict[str, str]) -> dict[str, str]:
    """Name -> installed version of everything `requirements` need on the described platform."""
    found: dict[str, str] = {}
    followed: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = frozenset(requirement.extras)
        if (name, extras) in followed:
            continue
        followed.add((name, extras))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{requirement} is needed but not installed here: pip install -e '.[cpu,dev]' first.")
        if not requirement.specifier.contains(installed.version, prereleases=True):
            sys.exit(f"{requirement} is needed but {installed.version} is installed here.")
        found[name] = Version(installed.version).public
        for text in installed.requires or []:
            child = Requirement(text)
            wanted = [{**environment, "extra": extra} for extra in ("", *extras)]
            if child.marker is None or any(child.marker.evaluate(each) for each in wanted):
                waiting.append(child)
    return found


def everywhere(requirements: list[str]) -> dict[str, str]:
    """The closure on every supported Python and platform together."""
    base = {key: str(value) for key, value in default_environment().items()}
    found: dict[str, str] = {}
    for python in PYTHONS:
        for sys_platform, system in PLATFORMS:
            platform = {"sys_platform": sys_platform, "platform_system": system}
            version = {"python_version": python, "python_full_version": f"{python}.5"}
            found |= closure(requirements, base | platform | version)
    return found


def write(path: Path, what: str, first: str, versions: dict[str, str]) -> None:
    """Write one lock file, sorted by name."""
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    path.write_text(HEADER.format(what=what) + first + "".join(lines), encoding="utf-8")
    print(f"{path.name}: {len(lines)} packages")


def main() -> None:
    """Write requirements.lock and requirements-dev.lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    running = everywhere(project["dependencies"] + extras["cpu"])
    testing = everywhere(project["dependencies"] + extras["cpu"] + extras["dev"])
    added = {name: version for name, version in testing.items() if name not in running}
    write(ROOT / "requirements.lock", "What dualgeo needs to run", "", running)
    write(ROOT / "requirements-dev.lock", "What its tests and checks need as well", "-r requirements.lock\n", added)


if __name__ == "__main__":
    main()
