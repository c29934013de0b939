"""Digests of files and folders as DVC computes them, from the bytes on disk; each file is read once."""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from dualgeo.lockfile import folder_md5, md5_of

ALWAYS_IGNORED = (".hg/", ".git/", ".git", ".dvc/")
IGNORE_FILE = ".dvcignore"


class Digests:
    """The md5 of any path below the project folder `root`, remembering what it has read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, str | None] = {}
        self._specs: dict[str, GitIgnoreSpec | None] = {}

    def md5(self, path: str) -> str | None:
        """The md5 of a file, or of a folder (`....dir`) without what .dvcignore lists; None if absent."""
        if (self.root / path).is_dir():
            return folder_md5(self.listing(path))
        return self.file(path)

    def listing(self, path: str) -> dict[str, str | None]:
        """The files of a folder as DVC sees it: path below it -> md5."""
        return {name: self.file(f"{path}/{name}") for name in self._walk(path)}

    def paths(self, path: str) -> list[str]:
        """Every file that md5(path) reads, as a path below the root."""
        if (self.root / path).is_dir():
            return [f"{path}/{name}" for name in self._walk(path)]
        return [path] if (self.root / path).is_file() else []

    def file(self, path: str) -> str | None:
        """The md5 of one file; None where there is none."""
        if path not in self._files:
            self._files[path] = md5_of(self.root / path)
        return self._files[path]

    def _walk(self, path: str) -> Iterator[str]:
        top = self.root / path
        for folder, folders, files in os.walk(top):
            below = Path(folder).relative_to(self.root).as_posix()
            folders[:] = [name for name in folders if not self._ignored(below, f"{name}/")]
            for name in files:
                if not self._ignored(below, name):
                    yield (Path(folder) / name).relative_to(top).as_posix()

    def _ignored(self, folder: str, name: str) -> bool:
        """The .dvcignore nearest to a file that has a word on it decides, as with .gitignore."""
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        for count in range(len(parts), -1, -1):
            spec = self._spec("/".join(parts[:count]))
            if spec is not None:
                decided = spec.check_file("/".join([*parts[count:], name])).include
                if decided is not None:
                    return decided
        return False

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            file = self.root / folder / IGNORE_FILE
            lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
            own = ALWAYS_IGNORED if folder == "" else ()
            self._specs[folder] = _compiled((*own, *map(str.strip, lines))) if lines or own else None
        return self._specs[folder]


@lru_cache(maxsize=64)
def _compiled(lines: Iterable[str]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(lines)
