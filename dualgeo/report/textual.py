"""The result table as Markdown and in the terminal."""

import math

from rich.table import Table
from rich.text import Text

from dualgeo.report.comparisons import Comparison, of_lead
from dualgeo.report.findings import Figure, Row, reference_km
from dualgeo.report.forest import difference_rows
from dualgeo.report.inputs import Run
from dualgeo.report.lmm.asked import MARK, asked_cells, second_stage, unlike
from dualgeo.report.style import style_of
from dualgeo.report.table import failed_text, interval_text
from dualgeo.report.words import count, kilometres, percent


def markdown(run: Run, rows: list[Row], comparisons: list[Comparison], notes: list[str]) -> str:
    """The table as GitHub Markdown, with the differences and how to read it."""
    thresholds = run.params.score.thresholds_km
    reference = reference_km(thresholds)
    head = ["query set", "system", *(f"{km:g} km" for km in thresholds), "median", "GeoScore"]
    head += [f"oracle {reference:g} km", "queries", "failed"]
    lines = [f"# DualGeo on {_cell_text(run.params.dataset)}", "", *[f"{note}\n" for note in notes], _line(head)]
    lines.append(_line(["---", "---", *["---:"] * (len(head) - 2)]))
    for name in run.query_sets:
        mine = [row for row in rows if row.query_set == name]
        marks = {(c.variant, c.km, c.alone): c.mark for c in comparisons if c.query_set == name}
        for row in mine:
            alone = not row.asked and (row.variant, reference, True) in marks
            cells = [_figure_text(row.acc[km]) + marks.get((row.variant, km, alone), "") for km in thresholds]
            score = "–" if math.isnan(row.geoscore.mean) else f"{row.geoscore.mean:,.0f}"
            cells += [kilometres(row.median_km.mean), score, percent(row.oracle[reference].mean), str(row.queries)]
            lines.append(_line([name, row.marked, *cells, failed_text(row)]))
            if row.asked:
                without = [_figure_text(row.without[km]) + marks.get((row.variant, km, True), "") for km in thresholds]
                lines.append(_line([name, row.left_out, *without, "", "", "", "", ""]))
        if mine:
            skill = [percent(mine[0].no_skill[km]) for km in thresholds]
            lines.append(_line([name, "*no skill*", *skill, "", "", "", "", ""]))
    lines += ["", _cell_text(second_stage(run))]
    lines += _difference_lines(run, of_lead(run, comparisons))
    return "\n".join(lines) + "\n"


def _difference_lines(run: Run, comparisons: list[Comparison]) -> list[str]:
    found = difference_rows(run, comparisons)
    if not found:
        return []
    thresholds = run.params.score.thresholds_km
    lead, baseline = (style_of(v).name for v in (comparisons[0].variant, comparisons[0].baseline))
    warning = unlike(run, comparisons[0].variant, comparisons[0].baseline)
    lines = ["", f"## {lead} minus {baseline}, in points", "", *([_cell_text(warning), ""] if warning else [])]
    lines += [_line(["query set", *(f"{km:g} km" for km in thresholds), f"within {reference_km(thresholds):g} km"])]
    lines += [_line(["---", *["---:"] * len(thresholds), "---"])]
    for row in found:
        cells = [f"{c['sign']}{c['points']} [{c['interval']}], {c['p']}" for c in row["cells"]]
        lines.append(_line([row["query_set"], *cells, row["words"]]))
    return lines


def _figure_text(figure: Figure) -> str:
    text = percent(figure.mean) if math.isnan(figure.sd) else f"{percent(figure.mean)} ± {percent(figure.sd)}"
    interval = interval_text(figure.low, figure.high)
    return f"{text} [{interval}]" if interval else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(_cell_text(cell) for cell in cells) + " |"


def _cell_text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def terminal_table(run: Run, rows: list[Row]) -> Table:
    """Variants x query sets for the terminal: percent within the reference distance, mean ± sd, and no skill."""
    km = reference_km(run.params.score.thresholds_km)
    seeds = count(len(run.seeds), "seed")
    title = f"Percent of photos placed within {km:g} km ({'mean ± sd over ' if len(run.seeds) > 1 else ''}{seeds})"
    note = Text(second_stage(run)) if asked_cells(run) else None
    table = Table(title=title, title_justify="left", caption=note, caption_justify="left")
    table.add_column("query set", no_wrap=True)
    for variant in run.variants:
        mark = f" {MARK}" if asked_cells(run, variant) else ""
        table.add_column(Text(style_of(variant).name + mark), justify="right", no_wrap=True)
    table.add_column("no skill", justify="right", style="dim")
    for name in run.query_sets:
        mine = {row.variant: row for row in rows if row.query_set == name}
        cells = [_terminal_cell(mine[v].acc[km]) if v in mine else "–" for v in run.variants]
        skill = next((percent(row.no_skill[km]) for row in mine.values()), "–")
        table.add_row(Text(name), *cells, skill)
    return table


def _terminal_cell(figure: Figure) -> str:
    return percent(figure.mean) if math.isnan(figure.sd) else f"{percent(figure.mean)} ± {percent(figure.sd)}"
