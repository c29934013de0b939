"""Every variant against the baseline on the same queries: points, interval, corrected p, and that in words."""

import math
from dataclasses import dataclass

from dualgeo.evaluation.compare import Difference, compare
from dualgeo.evaluation.pairs import pairs_of
from dualgeo.evaluation.score import threshold_key
from dualgeo.report.findings import Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.lmm.asked import asked_unlike, without_model
from dualgeo.report.style import style_of
from dualgeo.report.words import listed, p_text, percent, signed

ALONE = "with the model left out, "


@dataclass(frozen=True)
class Comparison:
    """What `variant` gains over `baseline` on one query set within one distance."""

    query_set: str
    variant: str
    baseline: str
    km: float
    difference: Difference
    alone: bool = False
    """Whether the answers of a large multimodal model were left out, because not all of these systems asked one."""

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "" where no difference could be shown once all distances are allowed for."""
        if not self.difference.decided or self.difference.points == 0:
            return ""
        return "better" if self.difference.points > 0 else "worse"

    @property
    def mark(self) -> str:
        """▲ better, ▼ worse, or nothing."""
        return {"better": "▲", "worse": "▼"}.get(self.verdict, "")


def comparisons_of(run: Run) -> list[Comparison]:
    """All comparisons, those of the lead variant first; none where there is nothing to compare."""
    if all(r.queries.empty for r in run.cells):
        return []
    found: list[Comparison] = []
    for variant, baseline in pairs_of(run.variants):
        alone = asked_unlike(run, variant, baseline)
        mine, other = ([without_model(r) if alone else r.queries for r in run.of(name)] for name in (variant, baseline))
        by_set = compare(mine, other, run.params.score)
        found += [
            Comparison(name, variant, baseline, km, by_set[name][threshold_key(km)], alone)
            for name in run.query_sets
            if name in by_set
            for km in run.params.score.thresholds_km
        ]
    return found


def of_lead(run: Run, comparisons: list[Comparison]) -> list[Comparison]:
    """The comparisons of the variant that the report's claims are about."""
    return [c for c in comparisons if c.variant == run.lead]


def headline(run: Run, rows: list[Row], comparisons: list[Comparison]) -> str:
    """One sentence: the lead variant on the first query set, and whether it beats its baseline there."""
    km = reference_km(run.params.score.thresholds_km)
    filled = [row for row in rows if row.queries and row.variant == run.lead]
    if not filled:
        return "This run answered no queries, so there is nothing to report."
    row = filled[0]
    found = [c for c in of_lead(run, comparisons) if c.query_set == row.query_set and c.km == km]
    alone = bool(found) and found[0].alone
    start = f"{ALONE if alone else ''}{row.name} places {percent(row.shown(km, alone).mean)} % of the {row.query_set}"
    start = f"{start[0].upper()}{start[1:]} queries within {km:g} km"
    if not found:
        return f"{start} of where they were taken."
    baseline = next(r for r in rows if r.query_set == row.query_set and r.variant == found[0].baseline)
    start += f", {baseline.name} {percent(baseline.shown(km, alone).mean)} %"
    gain = found[0].difference
    if not found[0].verdict:
        return f"{start}: no difference could be shown ({signed(gain.points)} points, {evidence(found[0])})."
    return f"{start}: {row.name} is {found[0].verdict} by {abs(gain.points):.1f} points ({evidence(found[0])})."


def evidence(comparison: Comparison) -> str:
    """95 % interval −2.1 to +0.3, p = 0.35."""
    gain = comparison.difference
    return f"{100 * gain.confidence:g} % interval {signed(gain.low)} to {signed(gain.high)}, {p_text(gain.p_holm)}"


def sentences(run: Run, comparisons: list[Comparison]) -> list[str]:
    """What the comparison says about the other query sets, grouped by its outcome."""
    km = reference_km(run.params.score.thresholds_km)
    others = [c for c in of_lead(run, comparisons) if c.km == km and c.query_set != run.query_sets[0]]
    if not others:
        return []
    lead, baseline = style_of(others[0].variant).name, style_of(others[0].baseline).name
    groups = {
        f"{lead} is better than {baseline} on": [c for c in others if c.verdict == "better"],
        f"{lead} is worse than {baseline} on": [c for c in others if c.verdict == "worse"],
        "no difference could be shown on": [c for c in others if not c.verdict],
    }
    parts = [
        f"{opening} {listed([f'{c.query_set} ({signed(c.difference.points)})' for c in group])}"
        for opening, group in groups.items()
        if group
    ]
    return [f"Within {km:g} km, {ALONE if others[0].alone else ''}" + "; ".join(parts) + "."]


def comparison_words(comparison: Comparison) -> str:
    """One query set's outcome in words, with what this many photos could not have shown."""
    gain = comparison.difference
    lead, baseline = style_of(comparison.variant).name, style_of(comparison.baseline).name
    if comparison.verdict:
        return f"{lead} {comparison.verdict} than {baseline} by {abs(gain.points):.1f} points"
    if gain.detectable > 0 and math.isfinite(gain.detectable):
        return f"no difference could be shown; below {gain.detectable:.1f} points none could have been"
    return "no difference could be shown"
