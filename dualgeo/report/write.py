"""Write the report's files, and give the table that ends a run in the terminal."""

import csv
import io
import math
from collections.abc import Iterable
from typing import Any

from rich.table import Table

from dualgeo.files import write_json, write_text
from dualgeo.params import Params
from dualgeo.report.comparisons import headline, sentences
from dualgeo.report.findings import Row
from dualgeo.report.inputs import Run, read_run
from dualgeo.report.latex import latex_table
from dualgeo.report.lmm.effect import Effect
from dualgeo.report.losses import usable_curve
from dualgeo.report.page import render_page
from dualgeo.report.results import Results, results_of
from dualgeo.report.textual import markdown, terminal_table
from dualgeo.workspace import Workspace

STAND_IN_NOTE = (
    "Stand-in encoders were made for Atlas: accuracy on real photos means little here; "
    "integrity is what this run shows."
)


def write_reports(workspace: Workspace, params: Params) -> Table:
    """Write reports/{index.html,table.md,table.tex,summary.json,plots/,figures/} and return the table for the terminal.

    Raises DualGeoError naming the file and the stage that makes it when an input is missing or unreadable.
    """
    from dualgeo.report.figures.write import write_figures  # matplotlib takes a second to import

    run = read_run(workspace, params)
    results = results_of(run)
    write_texts(run, results)
    write_figures(run, results)
    return terminal_table(run, results.rows)


def write_texts(run: Run, results: Results) -> None:
    """Write everything but the figures."""
    reports, rows, comparisons = run.workspace.reports, results.rows, results.comparisons
    notes = [headline(run, rows, comparisons), *sentences(run, comparisons)]
    if not run.params.report.accuracy_is_meaningful:
        notes.insert(0, f"**{STAND_IN_NOTE}**")
    write_text(reports / "index.html", render_page(run, results))
    write_text(reports / "table.md", markdown(run, rows, comparisons, notes))
    write_text(reports / "table.tex", latex_table(run, rows, comparisons))
    write_json(reports / "summary.json", summary(rows, results.effects))
    write_text(reports / "plots" / "accuracy.csv", accuracy_csv(rows))
    write_text(reports / "plots" / "loss.csv", loss_csv(run))


def summary(rows: list[Row], effects: list[Effect]) -> dict[str, dict[str, dict[str, Any]]]:
    """Means over seeds for `dvc metrics`: {variant: {query set: {acc_1, ..., median_km, geoscore, failed}}}.

    Where a model was asked, `lmm` says what it changed: docs/report.md names its figures.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        figures = {f"acc_{km:g}": _rounded(figure.mean) for km, figure in row.acc.items()}
        figures |= {"median_km": _rounded(row.median_km.mean), "geoscore": _rounded(row.geoscore.mean)}
        figures["failed"] = _rounded(sum(row.failed) / len(row.failed))
        found.setdefault(row.variant, {})[row.query_set] = figures
    for effect in effects:
        found[effect.variant][effect.query_set]["lmm"] = _effect_figures(effect)
    return found


def _effect_figures(effect: Effect) -> dict[str, float | None]:
    counts = {name: getattr(effect, name) for name in ("answers", "chosen", "nearer", "farther")}
    counts |= {f"helped_{km:g}": n for km, n in effect.helped.items()}
    counts |= {f"hurt_{km:g}": n for km, n in effect.hurt.items()}
    gains = {f"gain_{pair.km:g}": _rounded(pair.difference.points) for pair in effect.comparisons}
    tests = {f"p_holm_{pair.km:g}": float(f"{pair.difference.p_holm:.3g}") for pair in effect.comparisons}
    return counts | gains | tests


def accuracy_csv(rows: list[Row]) -> str:
    """variant, query_set, threshold_km, acc, low, high: percent, mean over seeds with its interval."""
    lines = (
        [row.variant, row.query_set, f"{km:g}", *(_text(v) for v in (figure.mean, figure.low, figure.high))]
        for row in rows
        for km, figure in row.acc.items()
    )
    return _csv(["variant", "query_set", "threshold_km", "acc", "low", "high"], lines)


def loss_csv(run: Run) -> str:
    """cell, epoch, loss of every training."""
    lines = (
        [r.cell.name, f"{epoch:g}", _text(loss)]
        for r in run.cells
        if (curve := usable_curve(r.curve)) is not None
        for epoch, loss in zip(curve["epoch"], curve["loss"], strict=True)
    )
    return _csv(["cell", "epoch", "loss"], lines)


def _csv(header: list[str], lines: Iterable[list[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
