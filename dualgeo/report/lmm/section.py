"""The part "What the model added": everything that its template shows, and the photos of which it shows pictures."""

from typing import Any

from dualgeo.lmm.learned import FILE as LEARNED
from dualgeo.params.lmm import Verification
from dualgeo.report.comparisons import Comparison, comparison_words
from dualgeo.report.findings import reference_km
from dualgeo.report.forest import difference_rows, forest
from dualgeo.report.inputs import Run, optional_json
from dualgeo.report.lmm.asked import asked_cells, models_of
from dualgeo.report.lmm.cost import cost_rows
from dualgeo.report.lmm.effect import Effect
from dualgeo.report.lmm.outcomes import outcome_rows, reason_rows
from dualgeo.report.lmm.samples import Sample, build_samples
from dualgeo.report.mapview import class_css
from dualgeo.report.style import style_of
from dualgeo.report.words import count, listed, percent
from dualgeo.report.worldmap import error_class

CHECKED: dict[Verification, str] = {
    "none": "the model's answer is taken as it is",
    "similarity": "the model's answer is taken where its image-GPS similarity in this system exceeds that of "
    "retrieval's answer by a margin learned on validation photos",
    "similarity-argmax": "of retrieved and generated places the one is taken that this system's own model finds most "
    "like the photo",
    "consensus": "retrieved and generated places are clustered on the globe and the middle of the winning cluster is "
    "taken",
}


def lmm_context(run: Run, effects: list[Effect]) -> tuple[dict[str, Any] | None, set[str]]:
    """What templates/lmm.html shows, None where nobody was asked; and the ids of the photos that it shows."""
    if not asked_cells(run):
        return None, set()
    samples, shown, cell = build_samples(run)
    reasons, more = reason_rows(run)
    return {
        "how": _how(run),
        "learned": _learned(run),
        "variants": [_variant(run, v, [e for e in effects if e.variant == v]) for v in _variants(effects)],
        "outcomes": outcome_rows(run),
        "reasons": reasons,
        "reasons_more": count(more, "question") if more else "",
        "costs": cost_rows(run),
        "cell": cell,
        "samples": [_sample(run, sample) for sample in samples],
    }, shown


def _learned(run: Run) -> list[dict[str, str]]:
    """What validation photos taught each system about the model's answers, in the words of the refine stage."""
    found = [(c.cell.name, optional_json(run.workspace.refined(c.cell) / LEARNED)) for c in asked_cells(run)]
    return [{"cell": name, "words": str(about["note"])} for name, about in found if about and about.get("note")]


def _variants(effects: list[Effect]) -> list[str]:
    return list(dict.fromkeys(effect.variant for effect in effects))


def _how(run: Run) -> str:
    lmm = run.params.lmm
    return (
        f"{listed(models_of(run))} (provider {lmm.provider}) was asked with strategy {lmm.strategy}: "
        f"{count(lmm.variants, 'variant')} of each prompt, up to {count(lmm.candidates, 'retrieved place')}, "
        f"{count(lmm.negatives, 'unlikely one')}. "
        f"Verification {lmm.verification}: {CHECKED[lmm.verification]}."
    )


def _variant(run: Run, variant: str, effects: list[Effect]) -> dict[str, Any]:
    pairs = [pair for effect in effects for pair in effect.comparisons]
    at = {pair.query_set: pair for pair in pairs if pair.km == reference_km(run.params.score.thresholds_km)}
    return {
        "name": style_of(variant).name,
        "rows": [_row(run, effect) for effect in effects],
        "forest": forest(run, pairs),
        "differences": [{**row, "words": _words(at[row["query_set"]])} for row in difference_rows(run, pairs)],
    }


def _words(pair: Comparison) -> str:
    if pair.verdict:
        return f"{pair.verdict} with the model by {abs(pair.difference.points):.1f} points"
    return comparison_words(pair)


def _row(run: Run, effect: Effect) -> dict[str, Any]:
    km = reference_km(run.params.score.thresholds_km)
    counts = {name: getattr(effect, name) for name in ("chosen", "nearer", "farther", "unmoved")}
    asked = f"{effect.queries:,}" if effect.queries == effect.of else f"{effect.queries:,} of {effect.of:,}"
    return {
        "query_set": effect.query_set,
        "asked": asked + (f" × {effect.seeds}" if effect.seeds > 1 else ""),
        "counts": [{"count": f"{n:,}", "share": f"{100 * n / effect.answers:.1f} %"} for n in counts.values()],
        "accuracy": [
            {
                "without": percent(effect.without[each].mean),
                "with": percent(effect.with_model[each].mean),
                "moves": f"{effect.helped[each]:,} helped, {effect.hurt[each]:,} hurt",
                "reference": each == km,
            }
            for each in run.params.score.thresholds_km
        ],
    }


def _sample(run: Run, sample: Sample) -> dict[str, Any]:
    thresholds = run.params.score.thresholds_km
    known = sample.error_km == sample.error_km
    css = class_css(int(error_class([sample.error_km], thresholds)[0]), len(thresholds)) if known else ""
    return {**vars(sample), "css": css}
