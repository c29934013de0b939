"""`dualgeo lineage`: print where a result comes from."""

import json
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dualgeo.lineage.exports import as_json, as_mermaid
from dualgeo.lineage.figures import ReportRow
from dualgeo.lineage.graph import build
from dualgeo.lineage.project import Project
from dualgeo.lineage.targets import resolve
from dualgeo.lineage.text import draw
from dualgeo.workspace import Workspace

LOG_WIDTH = 160
"""For output that goes to a file or a program."""


def show_lineage(workspace: Workspace, what: str, form: str = "tree", check: bool = True) -> None:
    """Print the lineage of `what` as `tree`, `json` or `mermaid`. DualGeoError for what is not known here."""
    project = Project(workspace.root)
    target = resolve(project, what)
    graph = build(project, target.roots, check)
    if form == "json":
        print(json.dumps(as_json(what, target, graph), indent=2, default=str))
        return
    if form == "mermaid":
        print(as_mermaid(graph), end="")
        return
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    if target.row:
        console.print(_row_table(target.row))
    draw(console, graph)
    for note in target.notes:
        console.print(Text(note), soft_wrap=True)


def _row_table(row: ReportRow) -> Table:
    cells = list(dict.fromkeys(cell for figure in row.figures for cell in figure.by_cell))
    table = Table(title=f"{row.query_set}, {row.variant}", title_justify="left", box=None, pad_edge=False)
    for heading in ("figure", "report", *cells):
        table.add_column(Text(heading), justify="left" if heading == "figure" else "right", no_wrap=True)
    for figure in row.figures:
        reported = "-" if figure.reported is None else f"{figure.reported:g}"
        table.add_row(figure.name, reported, *(_number(figure.by_cell.get(cell)) for cell in cells))
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"
