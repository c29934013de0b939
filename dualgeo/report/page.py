"""One self-contained HTML file: everything computed here in Python, laid out by the templates beside it."""

import math
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

import dualgeo
from dualgeo.report import integrity, table
from dualgeo.report.credits import credit_context
from dualgeo.report.curves import accuracy_panels, calibration_chart, coverages, loss_panels
from dualgeo.report.examples import Example, build_examples
from dualgeo.report.findings import Difference, Row, failures_of, headline, reference_km, sentences
from dualgeo.report.inputs import Run
from dualgeo.report.mapview import class_css, map_context
from dualgeo.report.style import style_of
from dualgeo.report.validation import validation_context
from dualgeo.report.words import count, kilometres, percent
from dualgeo.report.worldmap import error_class

FAILURES_SHOWN = 200


def render_page(run: Run, rows: list[Row], differences: list[Difference]) -> str:
    """The report as HTML. The same run gives the same text, byte for byte."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dualgeo.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    context: dict[str, Any] = {}
    for part in (_headline, _results, _curves, _examples, _integrity):
        context |= part(run, rows, differences)
    return environment.get_template("page.html").render(
        **context,
        css=_own("page.css"),
        js=_own("page.js"),
        world=map_context(run),
        version=dualgeo.__version__,
        dataset=run.params.dataset,
        several_seeds=len(run.seeds) > 1,
        seeds_text=count(len(run.seeds), "seed"),
        lead_name=style_of(run.lead).name,
        thresholds=[f"{km:,g}" for km in run.params.score.thresholds_km],
        reference_km=f"{reference_km(run.params.score.thresholds_km):,g}",
        confidence=f"{100 * run.params.score.confidence:g}",
    )


def _own(name: str) -> Markup:
    """A style sheet or script that ships with the package, as it is."""
    return Markup((files("dualgeo.report") / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704 - own file


def unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" km", "\N{NO-BREAK SPACE}km")


def _headline(run: Run, rows: list[Row], differences: list[Difference]) -> dict[str, Any]:
    splits = run.photos["split"].value_counts()
    failed = len(failures_of(run))
    systems = f"{len(run.variants)} × {len(run.seeds)}" if len(run.seeds) > 1 else f"{len(run.variants)}"
    facts = [
        ("dataset", run.params.dataset),
        ("gallery photos", f"{int(splits.get('gallery', 0)):,}"),
        ("queries", f"{int(splits.get('query', 0)):,}"),
        ("query sets", f"{len(run.query_sets)}"),
        ("variants × seeds" if len(run.seeds) > 1 else "variants", systems),
        ("queries without answer", f"{failed:,}"),
        ("files left out", f"{len(run.quarantine):,}"),
    ]
    return {
        "headline": unbroken(headline(run, rows, differences)),
        "sentences": [unbroken(sentence) for sentence in sentences(run, differences)],
        "meaningful": run.params.report.accuracy_is_meaningful,
        "facts": [{"label": label, "value": value} for label, value in facts],
    }


def _results(run: Run, rows: list[Row], differences: list[Difference]) -> dict[str, Any]:
    failures = failures_of(run)
    baseline = style_of(differences[0].baseline).name if differences else ""
    confidence = f"{100 * run.params.score.confidence:g}"
    return {
        "table": table.blocks(run, rows),
        "top_k": run.params.retrieve.top_k,
        "failures": failures[:FAILURES_SHOWN],
        "failure_count": count(len(failures), "query", "queries"),
        "failures_more": f"{len(failures) - FAILURES_SHOWN:,} more" if len(failures) > FAILURES_SHOWN else "",
        "differences": table.difference_rows(run, differences),
        "forest": table.forest(run, differences),
        "baseline_name": baseline,
        "difference_method": f"Points of accuracy that {style_of(run.lead).name} gains over {baseline}: both answer "
        f"the same queries, seeds are averaged for each query, and the {confidence} % interval comes from resampling "
        "photographers. Where it includes zero, no difference could be shown.",
        "chance_note": chance_note(len(differences), run.params.score.confidence),
        "failure_sentence": f"{count(len(failures), 'query', 'queries')} got no answer from at least one system; the "
        "list is below the result table."
        if failures
        else "Every query got an answer from every system.",
    }


def chance_note(comparisons: int, confidence: float) -> str:
    """How many signs to expect where nothing differs: the intervals are not corrected for their number."""
    by_chance = comparisons * (1 - confidence)
    return f"Of {count(comparisons, 'comparison')}, about {by_chance:.1f} would show a sign by chance alone."


def _curves(run: Run, rows: list[Row], differences: list[Difference]) -> dict[str, Any]:
    covered = coverages(run)
    legend = [
        {"name": style_of(v).name, "meaning": style_of(v).meaning, "swatch": table.swatch(v)} for v in run.variants
    ]
    return {
        "variant_legend": legend,
        "accuracy_panels": accuracy_panels(run),
        "loss_panels": loss_panels(run),
        "calibration": calibration_chart(run, covered),
        "coverage_rows": integrity.coverage_rows(covered),
        "radius_levels": " and ".join(f"{100 * level:g}" for level in sorted(run.params.refine.radius_coverage)),
        "quality": integrity.mask_quality(run.quality),
    }


def _examples(run: Run, rows: list[Row], differences: list[Difference]) -> dict[str, Any]:
    examples, photos = build_examples(run)
    return {
        "examples": [_example_context(run, example) for example in examples],
        "first_seed": run.of(run.lead)[0].cell.seed,
        **credit_context(run.photos, photos),
    }


def _example_context(run: Run, example: Example) -> dict[str, Any]:
    failed = math.isnan(example.error_km)
    number = int(error_class([example.error_km], run.params.score.thresholds_km)[0])
    mask = example.mask
    return {
        **vars(example),
        "error": "no answer" if failed else kilometres(example.error_km),
        "css": "" if failed else class_css(number, len(run.params.score.thresholds_km)),
        "detail": example.status if failed else f"from the true place, {example.query_set}",
        "mask_text": ", ".join(f"{c.name} {percent(c.percent)} %" for c in mask.classes) if mask else "",
        "coordinates": f"true place {example.lat:.4f}, {example.lon:.4f}",
        "candidates": [
            {**vars(c), "distance": kilometres(c.distance_km), "moved": c.rank != c.order} for c in example.candidates
        ],
    }


def _integrity(run: Run, rows: list[Row], differences: list[Difference]) -> dict[str, Any]:
    return {
        "validation": validation_context(run.validation),
        "quarantine": integrity.quarantine(run),
        "notes": integrity.notes(run),
        "parts": integrity.parts(run.photos),
        "digest": run.digest,
        "params_text": integrity.params_text(run),
        "published": integrity.published(),
    }
