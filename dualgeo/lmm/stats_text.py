"""Figures of the answer store as lines for a terminal."""

from collections.abc import Iterator

from dualgeo.lmm.stats import Group, Stats

FAILURES_SHOWN = 12
LONGEST_REASON = 90


def lines_of(stats: Stats, max_usd: float | None) -> Iterator[str]:
    """What `dualgeo lmm stats` prints; `max_usd` is the configured limit, None where params.yaml is absent."""
    waiting = f"; {stats.not_taken_in} more came with results, for the next run" if stats.not_taken_in else ""
    yield f"{stats.answers} answers stand{waiting}."
    yield f"{stats.bought} exchanges were had here, {stats.came_with_results} came with results."
    limit = f" of lmm.max_usd {max_usd:g}" if max_usd is not None else ""
    yield f"{stats.spent_usd:.4f} US dollars{limit} are spent."
    if stats.unseen_attempts:
        yield (
            f"  {stats.unseen_usd:.4f} of it for {stats.unseen_attempts} attempts of killed runs, at their dearest: "
            "they may have been charged."
        )
    if stats.in_batches:
        yield f"  {stats.in_batches} requests lie in message batches; run the same again to collect them."
    for group in stats.groups:
        yield from _group(group)
    yield from _ends(stats)
    if stats.cells:
        yield "Requests of each system that the store answers:"
    for cell in stats.cells:
        yield f"  {cell.cell:<24}{cell.kept} of {cell.requests} ({cell.rows} rows)"
    for where in stats.damaged:
        yield f"Damaged: {where}; its answer is asked again when it is needed."
    if stats.torn:
        yield f"{stats.torn} ends of lines that crashes left unfinished are in torn.txt."


def _group(group: Group) -> Iterator[str]:
    yield f"{group.model} ({group.mode}): {group.exchanges} exchanges, {group.usd:.4f} US dollars"
    yield f"  {group.input_tokens:,} input and {group.output_tokens:,} output tokens, {group.attempts} attempts"
    if group.lost:
        yield f"  {group.lost} attempts were lost; {group.possible_usd:.4f} US dollars more may have been charged"
    if group.latency_s:
        yield "  seconds to an answer: " + ", ".join(f"{name} {value:g}" for name, value in group.latency_s.items())


def _ends(stats: Stats) -> Iterator[str]:
    if stats.outcomes:
        yield "Ends: " + ", ".join(f"{count} {name}" for name, count in stats.outcomes.items())
    for failure in stats.failures[:FAILURES_SHOWN]:
        reason = failure.reason
        short = reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."
        yield f"  {failure.count:>6}  {failure.outcome}: {short}"
    if len(stats.failures) > FAILURES_SHOWN:
        yield f"          and {len(stats.failures) - FAILURES_SHOWN} other reasons; `--json` lists them all."
