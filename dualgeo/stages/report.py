"""Stage `report`: scores, pictures and checks of a run -> one HTML page, and the table for other tools."""

from rich.console import Console

from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.report.write import write_reports
from dualgeo.workspace import Workspace

LOG_WIDTH = 120


def run(workspace: Workspace, params: Params) -> None:
    """Write reports/index.html, table.md, table.tex, summary.json, plots/*.csv and figures/, and print the table."""
    table = write_reports(workspace, params)
    console = Console()
    (console if console.is_terminal else Console(width=LOG_WIDTH)).print(table)
    say(f"The whole report: {(workspace.reports / 'index.html').relative_to(workspace.root)}")
