"""DVC's settings for a worktree: the cache and the remotes of the main workspace."""

import configparser
import os
from pathlib import Path

from dualgeo.lineage.programs import ask


def write_settings(main: Path, worktree: Path) -> None:
    """Write the worktree's .dvc/config.local: the main cache, and every remote with its paths made absolute.

    It may hold credentials, so only the owner can read it. Raises ProgramFailed when dvc cannot name its cache.
    """
    stated = configparser.RawConfigParser()
    for name in ("config", "config.local"):
        stated.read(main / ".dvc" / name, encoding="utf-8")
    settings = configparser.RawConfigParser()
    for section in stated.sections():
        # The rest (Hydra, stages' defaults) is the commit's own.
        if section == "cache" or section.startswith("'remote"):
            settings[section] = {name: _absolute(value, main / ".dvc") for name, value in stated.items(section)}
    # Without autostage DVC gives advice about `git add` after every stage.
    settings["core"] = {"autostage": "true"}
    if stated.has_option("core", "remote"):
        settings.set("core", "remote", stated.get("core", "remote"))
    if "cache" not in settings:
        settings.add_section("cache")
    settings.set("cache", "dir", str(main / ask(main, "dvc", "cache", "dir")))
    path = worktree / ".dvc" / "config.local"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        settings.write(handle)


def remote_names(worktree: Path) -> list[str]:
    """Names of the DVC remotes that the worktree knows."""
    return [line.split()[0] for line in ask(worktree, "dvc", "remote", "list").splitlines() if line.strip()]


def _absolute(value: str, dvc_folder: Path) -> str:
    """DVC reads a relative path in its settings from the folder of the file, and the worktree's is another one."""
    return os.path.normpath(dvc_folder / value) if value.startswith(("./", "../")) else value
