"""The result of `dualgeo score` for a person: a table a query set, comparisons in words, and what was counted."""

from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dualgeo.evaluation.clusters import FEW, WILSON
from dualgeo.evaluation.compare import Difference
from dualgeo.evaluation.score import threshold_key
from dualgeo.evaluation.summary import Accuracy
from dualgeo.scoring.document import Result
from dualgeo.scoring.evaluate import Answers
from dualgeo.scoring.sentences import facts, reference_key
from dualgeo.scoring.systems import Pair, System

WIDTH = 120
"""For output that goes to a file or a log."""


def print_result(result: Result, stream: TextIO) -> None:
    """Print tables and sentences."""
    console = Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False)
    for line in _head(result):
        console.print(line, markup=False)
    for name, spread in result.query_sets.items():
        console.print(f"\n[bold]{escape(name)}[/bold]: {escape(str(spread))}")
        console.print(_table(result, name))
        for system in result.systems:
            for fact in facts(system, name):
                console.print(f"{system.name}: {fact}.", markup=False)
        for line in _limits(result, name):
            console.print(line, style="yellow", markup=False)
    for pair in result.pairs:
        _print_pair(console, result, pair)
    if len(result.pairs) > 1:
        count = len(result.pairs)
        console.print(f"p allows for the distances of a query set, not for the {count} comparisons.", style="yellow")
    console.print()
    for system in result.systems:
        for answers in system.answers:
            console.print(counted(system, answers), markup=False)
            for warning in answers.warnings:
                console.print(warning, style="yellow", markup=False)


def _head(result: Result) -> list[str]:
    truth, params = result.truth, result.options.params
    left_out = [
        f"{number:,} {what}"
        for number, what in ((truth.unplaced, "without a place are left out"), (truth.repeated, "repeat others"))
        if number
    ]
    return [
        f"Truth: {truth.name}, {truth.rows:,} rows{''.join(f', {text}' for text in left_out)}.",
        *truth.notes,
        f"Percent of all queries within each distance ({result.options.distance_name}); a query without an answer is a "
        f"miss. Intervals: {100 * params.confidence:g} %, {params.resamples:,} resamples, seed {params.seed}.",
    ]


def _table(result: Result, name: str) -> Table:
    keys = [threshold_key(threshold) for threshold in result.options.params.thresholds_km]
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("system", no_wrap=True, max_width=40)
    for key in keys:
        table.add_column(f"{key} km", justify="right", no_wrap=True)
    for number, system in enumerate(result.systems):
        if number:
            table.add_section()
        accuracy = [system.accuracy[name][key] for key in keys]
        runs = f" ({len(system.answers)} runs)" if len(system.answers) > 1 else ""
        table.add_row(escape(system.name) + runs, *(_value(found) for found in accuracy))
        # A bootstrap over photographers is the default; without photographers Wilson's is all there is.
        if accuracy[0].interval != WILSON:
            table.add_row("  over photographers", *(_range(found.low, found.high) for found in accuracy), style="dim")
        table.add_row(
            "  Wilson, naive", *(_range(found.wilson_low, found.wilson_high) for found in accuracy), style="dim"
        )
        table.add_row("  design effect", *(_effect(found.design_effect) for found in accuracy), style="dim")
    return table


def _value(accuracy: Accuracy) -> str:
    return f"{accuracy.mean:.1f}" if accuracy.sd is None else f"{accuracy.mean:.1f} ± {accuracy.sd:.1f}"


def _effect(effect: float | None) -> str:
    """No figure where it cannot be told: no photographers, or all queries hit or all missed."""
    return "-" if effect is None else f"{effect:.1f}"


def _range(low: float, high: float) -> str:
    return f"{low:.1f} to {high:.1f}"


def _limits(result: Result, name: str) -> list[str]:
    """What the figures of a query set cannot say."""
    spread = result.query_sets[name]
    limits: list[str] = []
    if spread.photos == 1:
        limits.append("One query: its interval spans nearly everything, and no difference can be shown with it.")
    elif spread.photographers == 1 and not spread.unknown:
        limits.append(
            "All photos are by one photographer, so there is nobody to resample: the intervals take photos as "
            "independent and hold for this photographer's photos only."
        )
    elif not spread.photographers:
        limits.append("No photographer is known, so photos count as independent; the intervals may be too narrow.")
    elif spread.photographers + spread.unknown < FEW:
        limits.append(
            f"Fewer than {FEW} photographers: the intervals are wide, and there are too few to check what they assume."
        )
    return limits


def _print_pair(console: Console, result: Result, pair: Pair) -> None:
    keys = [threshold_key(threshold) for threshold in result.options.params.thresholds_km]
    shares = f"{100 * result.options.params.confidence:g} %"
    console.print(f"\n[bold]{escape(pair.a)} minus {escape(pair.b)}[/bold], points with {shares} interval")
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("query set", no_wrap=True, max_width=40)
    for key in keys:
        table.add_column(f"{key} km", justify="right", no_wrap=True)
    for name, differences in pair.differences.items():
        table.add_row(escape(name), *(_difference(differences[key]) for key in keys))
        table.add_row("  p (Holm)", *(_p(differences[key].p_holm) for key in keys), style="dim")
        table.add_row("  detectable", *(f"{differences[key].detectable:.1f}" for key in keys), style="dim")
    console.print(table)
    for line in _sentences(result, pair):
        console.print(line, markup=False)


def _difference(difference: Difference) -> str:
    mark = "" if not difference.decided else "▲ " if difference.points > 0 else "▼ "
    return f"{mark}{difference.points:+.1f} ({difference.low:.1f} to {difference.high:.1f})"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _sentences(result: Result, pair: Pair) -> list[str]:
    """In words: every distance of a single query set, else one distance of each."""
    thresholds = result.options.params.thresholds_km
    if len(pair.differences) > 1:
        thresholds = [float(reference_key([threshold_key(km) for km in thresholds]))]
    return [
        f"{f'{name}: ' if len(pair.differences) > 1 else ''}{differences[threshold_key(km)].words(pair.a, pair.b, km)}."
        for name, differences in pair.differences.items()
        for km in thresholds
    ]


def counted(system: System, answers: Answers) -> str:
    """What became of the rows of one file, in a sentence."""
    counts = answers.counts
    parts = [f"{counts.answered:,} of {counts.queries:,} queries answered"]
    for number, words in (
        (counts.missing, "have no row (misses)"),
        (counts.empty, "have an empty answer (misses)"),
        (counts.by_name, "matched by file name only"),
        (counts.extra, "rows about other photos left out"),
        (counts.ambiguous, "of these could be several photos by file name"),
        (counts.elsewhere, "rows about photos of other splits left out"),
        (counts.repeated, "rows repeated another"),
    ):
        if number:
            parts.append(f"{number:,} {words}")
    return f"{system.name} ({answers.predictions.path}): {'; '.join(parts)}."
