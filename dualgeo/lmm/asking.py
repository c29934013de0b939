"""How the last asking of a cell went on this machine: what came from the store, what was sent, what that cost.

It says how an answer got here, not what it is, so it is no output of the pipeline: `.dualgeo/lmm/<cell>.json`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json, write_json
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Provider, Take
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.lmm.summary import calls_of
from dualgeo.lockfile import md5_of
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class Asking:
    """One asking of a cell."""

    table: str
    """md5 of the lmm.parquet that it made."""
    requests: int
    sent: int
    """Requests that were not in the store."""
    usd: float
    """What they cost, lost attempts at their dearest."""
    spent_usd: float
    """What this project has spent in all since, of `max_usd`."""
    max_usd: float

    @property
    def hits(self) -> int:
        """Requests whose answer was in the store."""
        return max(0, self.requests - self.sent)


class Counted:
    """A provider whose ends are counted."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name
        self.sent = 0

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider."""

        def counted(request: Request, reply: Reply) -> None:
            self.sent += 1
            take(request, reply)

        self._provider.answer(requests, budget, counted)


def note_asking(
    workspace: Workspace, cell: Cell, said: pd.DataFrame, sent: int, spent_usd: tuple[float, float], max_usd: float
) -> None:
    """Write down how the asking went that made refined/<cell>; `spent_usd`: by this project before it and after."""
    before, after = spent_usd
    table = md5_of(workspace.refined(cell) / "lmm.parquet")
    asking = Asking(table or "", calls_of(said).requests, sent, after - before, after, max_usd)
    write_json(note_path(workspace, cell), asdict(asking))


def noted_asking(workspace: Workspace, cell: Cell) -> Asking | None:
    """How the asking went that made the lmm.parquet that lies here; None where it was made elsewhere."""
    try:
        asking = Asking(**read_json(note_path(workspace, cell)))  # pyright: ignore[reportArgumentType]
        same = asking.table == md5_of(workspace.refined(cell) / "lmm.parquet")
    except (OSError, TypeError, DualGeoError):
        return None
    return asking if same else None


def note_path(workspace: Workspace, cell: Cell) -> Path:
    """Where the note lies; Dagster reads it as well."""
    return workspace.root / ".dualgeo" / "lmm" / f"{cell.name}.json"
