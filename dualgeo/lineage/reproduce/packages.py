"""Which installed packages differ from those that a commit's requirements.lock names."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LOCK = "requirements.lock"


def differing_packages(root: Path) -> list[str] | None:
    """`name 1.2 (then 1.1)` for each; None where the commit locked no versions."""
    path = root / LOCK
    if not path.is_file():
        return None
    found: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, then = line.partition("#")[0].partition(";")[0].strip().partition("==")
        if separator:
            now = _installed(name.partition("[")[0])
            # `2.13.0+cpu` is the same release built for another machine.
            if now.partition("+")[0] != then.strip().partition("+")[0]:
                found.append(f"{name} {now} (then {then.strip()})")
    return found


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
