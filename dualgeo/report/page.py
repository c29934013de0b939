"""One self-contained HTML file: everything computed here in Python, laid out by the templates beside it."""

import math
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

import dualgeo
from dualgeo.report import integrity, table
from dualgeo.report.calibration import calibration_chart, coverage_rows
from dualgeo.report.certainty import certainty_context
from dualgeo.report.comparisons import headline, of_lead, sentences
from dualgeo.report.confidence import confidence_context
from dualgeo.report.credits import credit_context
from dualgeo.report.curves import accuracy_panels
from dualgeo.report.erroratlas import atlas_context
from dualgeo.report.examples import Example, build_examples
from dualgeo.report.findings import failures_of, reference_km
from dualgeo.report.forest import difference_rows, forest
from dualgeo.report.inputs import Run
from dualgeo.report.leaks import leakage_context
from dualgeo.report.lmm.asked import second_stage, unlike
from dualgeo.report.lmm.section import lmm_context
from dualgeo.report.losses import loss_panels
from dualgeo.report.mapview import class_css, map_context
from dualgeo.report.placed import place_rows, strata_chart, strata_rows
from dualgeo.report.published import published_context
from dualgeo.report.results import Results
from dualgeo.report.style import style_of
from dualgeo.report.validation import validation_context
from dualgeo.report.words import count, kilometres, percent
from dualgeo.report.worldmap import error_class
from dualgeo.report.worst import RETRIEVED, worst_cases

FAILURES_SHOWN = 200
SECTIONS = (
    ("results", "Results"),
    ("differences", "Differences"),
    ("lmm", "The model"),
    ("published", "Published"),
    ("map", "Map"),
    ("curves", "Curves"),
    ("confidence", "Confidence"),
    ("atlas", "Error atlas"),
    ("strata", "Where errors live"),
    ("leakage", "Leakage"),
    ("examples", "Examples"),
    ("worst", "Worst cases"),
    ("integrity", "Integrity"),
    ("reproduce", "Reproduce"),
)


def render_page(run: Run, results: Results) -> str:
    """The report as HTML. The same run gives the same text, byte for byte."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dualgeo.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    context: dict[str, Any] = {}
    for part in (_headline, _results, _curves, _where, _pictures, _integrity):
        context |= part(run, results)
    return environment.get_template("page.html").render(
        **context,
        sections=_sections(context),
        css=_own("page.css") + _own("evidence.css") + _own("lmm.css"),
        js=_own("page.js") + _own("atlas.js"),
        version=dualgeo.__version__,
        dataset=run.params.dataset,
        several_seeds=len(run.seeds) > 1,
        seeds_text=count(len(run.seeds), "seed"),
        lead_name=style_of(run.lead).name,
        variant_names=[style_of(v).name for v in run.variants],
        thresholds=[f"{km:,g}" for km in run.params.score.thresholds_km],
        reference_km=f"{reference_km(run.params.score.thresholds_km):,g}",
        confidence=f"{100 * run.params.score.confidence:g}",
    )


def _sections(context: dict[str, Any]) -> list[tuple[str, str]]:
    """The parts of the page that have something to show."""
    shown = {
        "lmm": context["lmm"],
        "published": context["published"],
        "confidence": context["risk_panels"] or context["area_panels"] or context["oracle_panels"],
        "atlas": context["atlas"]["count"],
        "strata": context["strata_chart"] or context["place_rows"],
        "leakage": context["leakage"]["filtered"] or context["leakage"]["checks"],
        "worst": context["worst"],
    }
    return [(name, title) for name, title in SECTIONS if shown.get(name, True)]


def _own(name: str) -> Markup:
    """A style sheet or script that ships with the package, as it is."""
    return Markup((files("dualgeo.report") / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704 - own file


def unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" km", "\N{NO-BREAK SPACE}km")


def _headline(run: Run, results: Results) -> dict[str, Any]:
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
        "headline": unbroken(headline(run, results.rows, results.comparisons)),
        "sentences": [unbroken(sentence) for sentence in sentences(run, results.comparisons)],
        "meaningful": run.params.report.accuracy_is_meaningful,
        "facts": [{"label": label, "value": value} for label, value in facts],
    }


def _results(run: Run, results: Results) -> dict[str, Any]:
    failures = failures_of(run)
    mine = of_lead(run, results.comparisons)
    baseline = style_of(mine[0].baseline).name if mine else ""
    return {
        "table": table.blocks(run, results.rows, results.comparisons),
        "top_k": run.params.retrieve.top_k,
        "failures": failures[:FAILURES_SHOWN],
        "failure_count": count(len(failures), "query", "queries"),
        "failures_more": f"{len(failures) - FAILURES_SHOWN:,} more" if len(failures) > FAILURES_SHOWN else "",
        "differences": difference_rows(run, mine),
        "forest": forest(run, mine),
        "second_stage": second_stage(run),
        "unlike": unlike(run, mine[0].variant, mine[0].baseline) if mine else "",
        "baseline_name": baseline,
        "failure_sentence": f"{count(len(failures), 'query', 'queries')} got no answer from at least one system; the "
        "list is below the result table."
        if failures
        else "Every query got an answer from every system.",
        "published": published_context(run, results.rows),
        **certainty_context(run, results.rows, results.comparisons),
    }


def _curves(run: Run, results: Results) -> dict[str, Any]:
    legend = [
        {"name": style_of(v).name, "meaning": style_of(v).meaning, "swatch": table.swatch(v)} for v in run.variants
    ]
    return {
        "variant_legend": legend,
        "accuracy_panels": accuracy_panels(run, results.rows),
        "loss_panels": loss_panels(run),
        "calibration": calibration_chart(run, results.coverages),
        "coverage_rows": coverage_rows(results.coverages),
        "radius_levels": " and ".join(f"{100 * level:g}" for level in sorted(run.params.refine.radius_coverage)),
        "quality": integrity.mask_quality(run.quality),
        **confidence_context(run),
    }


def _where(run: Run, results: Results) -> dict[str, Any]:
    return {
        "world": map_context(run),
        "atlas": atlas_context(run, results.countries),
        "strata_chart": strata_chart(run, results.strata),
        "strata_rows": strata_rows(run, results.strata),
        "place_rows": place_rows(run),
        "leakage": leakage_context(run, results.rows),
    }


def _pictures(run: Run, results: Results) -> dict[str, Any]:
    examples, photos = build_examples(run)
    worst, others = worst_cases(run)
    lmm, asked = lmm_context(run, results.effects)
    return {
        "examples": [_example_context(run, example) for example in examples],
        "first_seed": run.of(run.lead)[0].cell.seed,
        "worst": worst,
        "worst_retrieved": RETRIEVED,
        "lmm": lmm,
        **credit_context(run.photos, photos | others | asked),
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


def _integrity(run: Run, results: Results) -> dict[str, Any]:
    return {
        "validation": validation_context(run.validation),
        "quarantine": integrity.quarantine(run),
        "notes": integrity.notes(run),
        "parts": integrity.parts(run.photos),
        "digest": run.digest,
        "params_text": integrity.params_text(run),
    }
