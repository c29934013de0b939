"""Stage `report`: scores, pictures and checks of a run -> one HTML page, and the table for other tools."""

from rich.console import Console

from dualgeo.params import Params
from dualgeo.report.write import write_reports
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """Write reports/index.html, table.md, summary.json and plots/*.csv, and print the table."""
    Console().print(write_reports(workspace, params))
