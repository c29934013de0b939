"""`dualgeo show`: the result table in the terminal, where the report is, and what to open next."""

import sys

from rich.console import Console

from dualgeo.params import load_params
from dualgeo.report.comparisons import comparisons_of, headline, sentences
from dualgeo.report.findings import rows_of
from dualgeo.report.inputs import read_run
from dualgeo.report.textual import terminal_table
from dualgeo.report.write import STAND_IN_NOTE
from dualgeo.workspace import Workspace

TERMINAL_WIDTH = 120
"""For output that goes to a file or a log."""


def show_results(workspace: Workspace) -> None:
    """Print the findings of the last report; DualGeoError when nothing has been reported yet."""
    page = workspace.require(workspace.reports / "index.html", "report")
    params = load_params(workspace.params)
    run = read_run(workspace, params)
    rows, comparisons = rows_of(run), comparisons_of(run)
    console = Console(width=None if sys.stdout.isatty() else TERMINAL_WIDTH)
    console.print(terminal_table(run, rows))
    for line in [headline(run, rows, comparisons), *sentences(run, comparisons)]:
        console.print(line, highlight=False, markup=False)
    if not params.report.accuracy_is_meaningful:
        console.print(STAND_IN_NOTE, style="yellow")
    console.print(f"\nReport: {page}", highlight=False, soft_wrap=True)
    console.print(
        "Next:   source .venv/bin/activate, then `dualgeo locate PHOTO` or `dvc repro` after editing params.yaml;"
    )
    console.print("        `make dev` for the graph in Dagster, `make mlflow` to compare runs.")
