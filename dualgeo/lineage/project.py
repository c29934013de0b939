"""What lineage looks at: the project folder with its dvc.lock, its bytes, its git history and its MLflow runs."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dualgeo.lineage.digests import Digests
from dualgeo.lineage.history import History
from dualgeo.lineage.records import Records
from dualgeo.lockfile import Lock, read_lock


@dataclass(frozen=True)
class Project:
    """A project folder; each part is read when it is first asked for."""

    root: Path

    @cached_property
    def lock(self) -> Lock:
        """dvc.lock and .dvc files as they lie here."""
        return read_lock(self.root)

    @cached_property
    def digests(self) -> Digests:
        return Digests(self.root)

    @cached_property
    def history(self) -> History:
        return History(self.root)

    @cached_property
    def records(self) -> Records:
        return Records(self.root)
