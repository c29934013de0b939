"""What the stage `refine` leaves of a model that was asked, made by the real asking with a provider in this process."""

from collections.abc import Callable

from dualgeo.lmm.ask import ask
from dualgeo.lmm.asking import Counted, note_asking
from dualgeo.lmm.cell import write_said
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.lmm.store import AnswerStore
from dualgeo.workspace import Cell, Workspace
from tests.lmm.exchanges import HereProvider, params_for, picture_for, questions, reply_with


def write_asked(
    workspace: Workspace,
    cell: Cell,
    count: int = 4,
    end: Callable[[Request], Reply] = lambda request: reply_with(),
    **params: object,
) -> None:
    """refined/<cell>/lmm.parquet, lmm.json and answers.jsonl of the photos q0, q1, ... and the asking's note."""
    folder = workspace.refined(cell)
    folder.mkdir(parents=True, exist_ok=True)
    provider, lmm = Counted(HereProvider(end)), params_for(**params)
    with AnswerStore.open(workspace.answers) as store:
        before = store.spent_usd
        table = ask(questions(count), picture_for, lmm, store, provider)
        table["chosen"] = table["outcome"] == "answered"
        write_said(folder, table)
        store.export(table["key"], folder / "answers.jsonl")
        note_asking(workspace, cell, table, provider.sent, (before, store.spent_usd), lmm.max_usd)
