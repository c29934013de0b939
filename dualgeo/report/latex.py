"""The result table for a paper: booktabs, intervals, and marks of significant differences."""

import math

from dualgeo.report.comparisons import Comparison
from dualgeo.report.findings import Figure, Row
from dualgeo.report.inputs import Run
from dualgeo.report.lmm.asked import MARK, asked_cells, second_stage
from dualgeo.report.style import style_of
from dualgeo.report.words import count, kilometres

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "−": "$-$", MARK: r"$^{\dagger}$",
}  # fmt: skip
MARKS = {"better": r"$^{\uparrow}$", "worse": r"$^{\downarrow}$"}


def latex_table(run: Run, rows: list[Row], comparisons: list[Comparison]) -> str:
    """A `table*` that needs only the package booktabs: percent within each distance, interval below, marks beside."""
    thresholds = run.params.score.thresholds_km
    columns = "ll" + "r" * (len(thresholds) + 1)
    head = ["query set", "system", *(rf"{km:,g}\,km" for km in thresholds), "median"]
    lines = [
        "% Needs \\usepackage{booktabs}.",
        r"\begin{table*}",
        r"\centering",
        r"\small",
        rf"\caption{{{_caption(run, comparisons)}}}",
        r"\label{tab:dualgeo}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
    ]
    for name in run.query_sets:
        lines.append(r"\midrule")
        marks = {(c.variant, c.km, c.alone): MARKS.get(c.verdict, "") for c in comparisons if c.query_set == name}
        for number, row in enumerate(r for r in rows if r.query_set == name):
            lines += _row(row, escaped(name) if number == 0 else "", thresholds, marks)
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table*}"]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as LaTeX prints it, whatever it holds."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _row(row: Row, name: str, thresholds: list[float], marks: dict[tuple[str, float, bool], str]) -> list[str]:
    """Two lines: the figures, and their intervals in small print; two more without the model, where one was asked."""
    alone = not row.asked and any(variant == row.variant and left_out for variant, _, left_out in marks)
    figures = [_figure(row.acc[km]) + marks.get((row.variant, km, alone), "") for km in thresholds]
    first = [name, escaped(row.marked), *figures, escaped(kilometres(row.median_km.mean))]
    second = ["", "", *(_interval(row.acc[km]) for km in thresholds), ""]
    lines = [first, second]
    if row.asked:
        without = [_figure(row.without[km]) + marks.get((row.variant, km, True), "") for km in thresholds]
        lines.append(["", escaped(row.left_out), *without, ""])
        lines.append(["", "", *(_interval(row.without[km]) for km in thresholds), ""])
    return [" & ".join(line) + (r" \\[2pt]" if number % 2 else r" \\") for number, line in enumerate(lines)]


def _figure(figure: Figure) -> str:
    if math.isnan(figure.mean):
        return "--"
    return f"{figure.mean:.1f}" if math.isnan(figure.sd) else rf"{figure.mean:.1f} $\pm$ {figure.sd:.1f}"


def _interval(figure: Figure) -> str:
    return "" if math.isnan(figure.low) else rf"{{\scriptsize [{figure.low:.1f}, {figure.high:.1f}]}}"


def _caption(run: Run, comparisons: list[Comparison]) -> str:
    confidence = f"{100 * run.params.score.confidence:g}"
    seeds = count(len(run.seeds), "seed")
    mean = f"mean over {seeds} $\\pm$ standard deviation" if len(run.seeds) > 1 else "one seed"
    text = rf"Percent of all queries of {escaped(run.params.dataset)} located within a distance ({mean}), "
    text += rf"with {confidence}\,\% intervals in brackets; failures are misses."
    if comparisons:
        baseline = escaped(style_of(comparisons[0].baseline).name)
        alpha = 1 - run.params.score.confidence
        text += rf" $\uparrow$, $\downarrow$: better or worse than {baseline} on the same queries"
        text += rf" ($p \leq {alpha:.2g}$, Holm-corrected over the distances)."
    if asked_cells(run):
        text += " " + escaped(second_stage(run))
    return text
