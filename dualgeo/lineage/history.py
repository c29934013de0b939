"""The dvc.lock and .dvc files that git's commits hold: where an entry was pinned, and where an older result lies."""

import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lineage.git import Blobs, GitRefused, git, git_lines, is_git
from dualgeo.lockfile import Entry, Lock, parse_lock

LIMIT = 2000
"""Commits of dvc.lock that a search looks at."""
LOG = "--format=%H%x00%cI%x00%s"
_KEY = re.compile(r"^  (?=\S)", re.MULTILINE)


@dataclass(frozen=True)
class Commit:
    """A commit that holds an entry."""

    sha: str
    date: str
    """When it was committed, ISO 8601 with offset."""
    subject: str
    or_earlier: bool = False
    """The search ended here, and an earlier commit may hold it too."""


@dataclass(frozen=True)
class LockText:
    """dvc.lock and the .dvc files as text: what a worktree needs, and what `Lock` is read from."""

    lock: str
    data_files: dict[str, str]

    def parse(self) -> Lock:
        """Read it; raises DualGeoError as parse_lock."""
        return parse_lock(self.lock, self.data_files)


def read_text(root: Path) -> LockText:
    """dvc.lock and .dvc files as they lie in `root`."""
    lock = root / "dvc.lock"
    data_files = {file.name: file.read_text(encoding="utf-8") for file in sorted(root.glob("*.dvc")) if file.is_file()}
    return LockText(lock.read_text(encoding="utf-8") if lock.exists() else "", data_files)


class History:
    """The commits of the project in `root`, newest first; every distinct entry is parsed once."""

    def __init__(self, root: Path, limit: int = LIMIT) -> None:
        self.root, self.limit = root, limit
        self.exists = is_git(root)
        self._parsed: dict[tuple[str, str], Entry | None] = {}

    def pinned(self, entries: Iterable[Entry]) -> dict[str, Commit | str]:
        """By address the commit that brought exactly this entry into dvc.lock (the last one to do so), or why none."""
        files: dict[str, list[Entry]] = {}
        for entry in entries:
            files.setdefault(_file_of(entry.address), []).append(entry)
        found: dict[str, Commit | str] = {}
        for file, wanted in files.items():
            found |= self._pinned_in(file, wanted)
        return found

    def text_at(self, commit: str) -> LockText | None:
        """dvc.lock and .dvc files of a commit; None where it is gone or has none."""
        try:
            names = git(self.root, "ls-tree", "--name-only", commit, "./").splitlines()
        except GitRefused:
            return None
        with Blobs(self.root) as blobs:
            lock = blobs.read(commit, "dvc.lock")
            data_files = {name: blobs.read(commit, name) for name in names if name.endswith(".dvc")}
        if lock is None:
            return None
        texts = {name: text.decode(errors="replace") for name, text in data_files.items() if text is not None}
        return LockText(lock.decode(errors="replace"), texts)

    def find(self, wanted: Callable[[Entry], bool], address: str = "") -> tuple[Commit, Entry] | None:
        """The newest commit of any branch whose dvc.lock (or .dvc file) holds an entry that is `wanted`.

        With `address` only entries of that name are looked at. Looks at `limit` commits at most.
        """
        if not self.exists:
            return None
        for commit, blocks in self._commits(_file_of(address), "HEAD", "--all"):
            for name in [address] if address else sorted(blocks):
                entry = self._entry(name, blocks)
                if entry is not None and wanted(entry):
                    return commit, entry
        return None

    def _pinned_in(self, file: str, entries: list[Entry]) -> dict[str, Commit | str]:
        if not self.exists:
            return dict.fromkeys((entry.address for entry in entries), "there is no git history here")
        found: dict[str, Commit] = {}
        waiting, looked = list(entries), 0
        for commit, blocks in self._commits(file, "HEAD"):
            looked += 1
            held = [entry for entry in waiting if self._entry(entry.address, blocks) == entry]
            # A commit further back that holds it too is where it came from; one that does not ends the search.
            waiting = [entry for entry in waiting if entry in held or entry.address not in found]
            found |= {entry.address: commit for entry in held}
            if not waiting:
                break
        cut = looked >= self.limit
        if cut:
            found |= {
                entry.address: replace(found[entry.address], or_earlier=True)
                for entry in waiting
                if entry.address in found
            }
        reason = f"not in the last {looked} commits of {file}" if cut else f"no commit of {file} holds it"
        return {entry.address: found.get(entry.address, reason) for entry in entries}

    def _commits(self, file: str, *revisions: str) -> Generator[tuple[Commit, dict[str, str]]]:
        """The commits that changed `file`, with the text of each of its entries."""
        log = git_lines(self.root, "log", "--topo-order", LOG, f"-n{self.limit}", *revisions, "--", file)
        try:
            with Blobs(self.root) as blobs:
                for line in log:
                    sha, date, subject = line.split("\0", 2)
                    text = (blobs.read(sha, file) or b"").decode(errors="replace")
                    yield Commit(sha, date, subject), _blocks(text) if file == "dvc.lock" else {file: text}
        finally:
            log.close()

    def _entry(self, address: str, blocks: dict[str, str]) -> Entry | None:
        """One entry, without parsing the others."""
        known = (address, blocks.get(address, ""))
        if known not in self._parsed:
            self._parsed[known] = _parse(*known) if known[1] else None
        return self._parsed[known]


def _parse(address: str, block: str) -> Entry | None:
    try:
        lock = parse_lock("", {address: block}) if address.endswith(".dvc") else parse_lock(f"stages:\n{block}", {})
    except DualGeoError:
        return None
    return lock.entries.get(address)


def _blocks(text: str) -> dict[str, str]:
    """The lines of each entry of a dvc.lock, as DVC writes it: one mapping a stage, indented by two."""
    parts = _KEY.split(text.partition("\nstages:\n")[2])
    return {part.partition("\n")[0].rstrip().rstrip(":").strip("'\""): f"  {part}" for part in parts if part.strip()}


def _file_of(address: str) -> str:
    return address if address.endswith(".dvc") else "dvc.lock"
