"""Write the study's files, and print it."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from dualgeo.files import write_json, write_text
from dualgeo.params import Params
from dualgeo.study.findings.ask import Findings, ask
from dualgeo.study.findings.files import (
    ablation_cells,
    ablation_csv,
    differences_csv,
    metrics,
    robustness_csv,
    verdict_markdown,
)
from dualgeo.study.findings.page import render_study
from dualgeo.study.findings.strip import strips_of
from dualgeo.study.findings.table import AblationTable
from dualgeo.study.findings.verdict import verdict
from dualgeo.workspace import Workspace

LOG_WIDTH = 120


def write_study(workspace: Workspace, params: Params) -> Findings:
    """Write reports/study/{index.html,verdict.md,differences.csv,robustness.csv,ablation.csv,study.json}."""
    findings = ask(workspace, params)
    example, strips = strips_of(workspace, params)
    folder = workspace.study
    write_text(folder / "index.html", render_study(findings, example, strips))
    write_text(folder / "verdict.md", verdict_markdown(findings))
    write_text(folder / "differences.csv", differences_csv(findings))
    write_text(folder / "robustness.csv", robustness_csv(findings))
    write_text(folder / "ablation.csv", ablation_csv(findings.ablation))
    write_json(folder / "study.json", metrics(findings))
    return findings


def print_study(workspace: Workspace, findings: Findings) -> None:
    """The verdict and the ablation table in the terminal, and where the page is."""
    console = console_of()
    head, *rest = verdict(findings.evidence)
    console.print(f"\n{head}", style="bold", highlight=False, markup=False)
    console.print(" ".join(rest), highlight=False, markup=False)
    console.print(ablation_table_of(findings.ablation))
    page = (workspace.study / "index.html").relative_to(workspace.root)
    console.print(f"The whole study: {page}", highlight=False, soft_wrap=True)


def console_of() -> Console:
    """As wide as the terminal, or as a log can show."""
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)


def ablation_table_of(table: AblationTable) -> Table:
    """The ablation table for the terminal."""
    title = f"Percent within {table.threshold_km:g} km; differences from {table.lead} as configured, p by Holm"
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("varied", "", "validation", "queries", "difference", "p"):
        shown.add_column(column, justify="left" if column in ("varied", "") else "right", no_wrap=True)
    before = ""
    for row in table.rows:
        if before and row.group != before:
            shown.add_section()
        group, name, validation, queries, interval, difference, p, note = ablation_cells(row)
        queries = f"{queries} ({interval})" if queries else ""
        shown.add_row("" if group == before else group, name, validation, queries, difference or note, p)
        before = row.group
    return shown
