"""How sure the figures are, in words: clusters of photos, many comparisons, and what could not have been shown."""

import math
from typing import Any

from dualgeo.evaluation.clusters import BOOTSTRAP
from dualgeo.report.comparisons import Comparison, of_lead
from dualgeo.report.findings import Row, reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.words import count


def certainty_context(run: Run, rows: list[Row], comparisons: list[Comparison]) -> dict[str, Any]:
    """What the page says about its own certainty."""
    lead = [row for row in rows if row.variant == run.lead and row.queries]
    mine = of_lead(run, comparisons)
    return {
        "effect_notes": [effect_note(row, reference_km(run.params.score.thresholds_km)) for row in lead],
        "correction_note": correction_note(run, comparisons),
        "detectable_note": detectable_note(mine, reference_km(run.params.score.thresholds_km)),
        "naive_note": naive_note(mine),
    }


def effect_note(row: Row, km: float) -> dict[str, str]:
    """One query set's design effect at the reference distance, in words."""
    asked = count(row.queries, "photo")
    if row.interval != BOOTSTRAP:
        said = f"{asked}; fewer than two photographers are known, so photos count as independent."
        return {"query_set": row.query_set, "words": said}
    effect = row.effect.get(km)
    if effect is None:
        said = f"{asked} by {count(row.units, 'photographer')}; all or none are within {km:g} km: no design effect."
        return {"query_set": row.query_set, "words": said}
    start = f"{asked} by {count(row.units, 'photographer')}; design effect {effect:.1f} within {km:g} km: "
    if effect <= 1.05:
        return {"query_set": row.query_set, "words": start + "photos of one photographer are as good as independent."}
    worth, wider = max(1, round(row.queries / effect)), math.sqrt(effect)
    said = f"they tell as much as {worth:,} independent photos, and the interval is {wider:.1f} times as wide."
    return {"query_set": row.query_set, "words": start + said}


def correction_note(run: Run, comparisons: list[Comparison]) -> str:
    """How p was corrected, and what remains to be kept in mind."""
    if not comparisons:
        return ""
    alpha = 100 * (1 - run.params.score.confidence)
    distances = len(run.params.score.thresholds_km)
    families = len({(c.variant, c.query_set) for c in comparisons})
    shown = sum(bool(c.verdict) for c in comparisons)
    return (
        f"The {distances} distances of a query set are tested together: p is corrected by Holm's method, and a sign "
        f"stands only where the corrected p is at most {alpha / 100:g}. So the chance of any false sign is at most "
        f"{alpha:g} % in each pair of systems and query set. This page makes "
        f"{count(families, 'such family', 'such families')} of tests and is not corrected across them; "
        f"{count(shown, 'comparison')} of {len(comparisons)} "
        f"{'carries' if shown == 1 else 'carry'} a sign. The intervals stand for one comparison each."
    )


def detectable_note(comparisons: list[Comparison], km: float) -> str:
    """The smallest difference that each query set could have shown at the reference distance."""
    found = [c for c in comparisons if c.km == km and 0 < c.difference.detectable < math.inf]
    if not found:
        return ""
    least, most = (pick(found, key=lambda c: c.difference.detectable) for pick in (min, max))
    lead, baseline = style_of(found[0].variant).name, style_of(found[0].baseline).name
    start = f"Within {km:g} km, a true difference between {lead} and {baseline} is found with 80 % power from "
    if least is most:
        return f"{start}{least.difference.detectable:.1f} points on."
    return (
        f"{start}{least.difference.detectable:.1f} points on ({least.query_set}) to {most.difference.detectable:.1f} "
        f"({most.query_set}). Smaller ones need more photographers or more seeds, not more photos of the same."
    )


def naive_note(comparisons: list[Comparison]) -> str:
    """Where McNemar's test, which takes photos as independent, would have decided otherwise."""
    tested = [c for c in comparisons if c.difference.mcnemar_p is not None]
    if not tested:
        return ""
    alpha = 1 - tested[0].difference.confidence
    bold = [c for c in tested if (c.difference.mcnemar_p or 0) <= alpha and not c.verdict]
    return (
        f"McNemar's exact test, which takes every photo as independent and every distance alone, would have put a sign "
        f"at {count(len(bold), 'further comparison')} of {len(tested)}."
    )
