"""The study as one self-contained HTML page, laid out by the templates beside it and styled as the report is."""

from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup

import dualgeo
from dualgeo.report.style import style_of
from dualgeo.report.svg import marker, svg, tag
from dualgeo.report.words import count, listed, percent, signed
from dualgeo.study.corruption.cost import Cost
from dualgeo.study.findings.ask import Findings
from dualgeo.study.findings.charts import forest, radius_chart, severity_chart, stability_chart
from dualgeo.study.findings.strip import Strip
from dualgeo.study.findings.table import AblationRow
from dualgeo.study.findings.verdict import verdict

MAIN = 3
"""Sentences of the verdict that are set large: the others say how sure, why, and at what cost."""


def render_study(findings: Findings, example: str, strips: list[Strip]) -> str:
    """The page. The same findings give the same text, byte for byte."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dualgeo.study.findings", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    evidence, study = findings.evidence, findings.study
    head, *rest = verdict(evidence)
    return environment.get_template("study.html").render(
        dataset=study.params.dataset,
        version=dualgeo.__version__,
        page_css=_style("dualgeo.report", "page.css"),
        study_css=_style("dualgeo.study.findings", "study.css"),
        meaningful=evidence.meaningful,
        headline=head,
        paragraph=_unbroken(" ".join(rest[:MAIN])),
        reasons=_unbroken(" ".join(rest[MAIN:]).replace("`", "")),
        facts=_facts(findings),
        lead=evidence.lead,
        baseline=evidence.baseline,
        km=f"{evidence.threshold_km:g}",
        confidence=f"{100 * study.params.score.confidence:g}",
        contests=len(evidence.contests.single),
        forest=forest(evidence.contests, evidence.lead, evidence.baseline),
        seeds=count(study.seeds, "seed"),
        query_sets=listed(list(dict.fromkeys(line.query_set for line in findings.lines))),
        legend=[_legend(variant) for variant in study.variants],
        severity_groups=_severity_groups(findings),
        example=example,
        strips=strips,
        segmentation_swatch=_swatch("segmentation"),
        image_swatch=_swatch("image"),
        stability=_stability(findings),
        queries=f"{study.photos.get('query', 0):,}",
        validation_photos=f"{study.photos.get('validation', 0):,}",
        ablation=_ablation(findings),
        radius=None if findings.ablation.radius is None else radius_chart(findings.ablation.radius),
        costs=_costs(findings),
    )


def _style(package: str, name: str) -> Markup:
    return Markup((files(package) / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704 - own file


def _unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    for unit in (" %", " km", " points"):
        text = text.replace(unit, "\N{NO-BREAK SPACE}" + unit[1:])
    return text


def _facts(findings: Findings) -> list[dict[str, str]]:
    evidence, study = findings.evidence, findings.study
    d = evidence.contests.all.difference
    facts = [
        ("conditions", f"{len(evidence.contests.single)}"),
        ("helped / hurt / undecided", " / ".join(f"{len(evidence.of(o))}" for o in ("helps", "hurts", "undecided"))),
        ("points over all of them", f"{signed(d.points)} ({signed(d.low)} to {signed(d.high)})"),
        ("answers compared", f"{d.queries * study.seeds * 2:,}"),
        ("could have shown, all together", f"{d.detectable:.1f} points"),
    ]
    return [{"label": label, "value": _unbroken(value)} for label, value in facts]


def _swatch(variant: str) -> Markup:
    style = style_of(variant)
    content = tag("path", d="M1 6H33", class_=f"line {style.css}") + marker(
        style.shape, 17, 6, f"mark {style.css}", 3.6
    )
    return svg(content, 34, 12, style.name, "swatch")


def _legend(variant: str) -> dict[str, Any]:
    style = style_of(variant)
    return {"name": style.name, "meaning": style.meaning, "swatch": _swatch(variant)}


def _severity_groups(findings: Findings) -> list[dict[str, Any]]:
    km = findings.evidence.threshold_km
    groups: list[dict[str, Any]] = []
    for query_set, of_set in groupby(findings.lines, key=lambda line: line.query_set):
        panels: list[dict[str, Any]] = []
        for corruption, lines in groupby(of_set, key=lambda line: line.corruption):
            shown = list(lines)
            moved = next(line for line in shown if line.variant == findings.study.lead).points[-1]
            note = f"{moved.moved_share:.0f} % moved at {moved.severity}"
            panels.append({"title": corruption, "note": note, "picture": severity_chart(shown, km)})
        groups.append({"query_set": query_set, "panels": panels})
    return groups


def _stability(findings: Findings) -> list[dict[str, Any]]:
    study = findings.study.params.study
    severities = sorted(study.severities)
    return [
        {"title": name, "picture": stability_chart(findings.evidence.stability, name, severities)}
        for name in study.corruptions
    ]


def _ablation(findings: Findings) -> list[dict[str, Any]]:
    return [
        {"name": name, "rows": [_row(row, findings) for row in rows]}
        for name, rows in groupby(findings.ablation.rows, key=lambda row: row.group)
    ]


def _row(row: AblationRow, findings: Findings) -> dict[str, str]:
    q, d = row.queries, row.difference
    shown = d is not None and row.p is not None and row.p <= 1 - findings.study.params.score.confidence
    return {
        "name": row.name,
        "validation": "" if row.validation is None else percent(row.validation),
        "queries": "" if q is None else percent(q.mean),
        "interval": "" if q is None else f"{percent(q.low)} to {percent(q.high)}",
        "points": "" if d is None else signed(d.points),
        "span": "" if d is None else f"{signed(d.low)} to {signed(d.high)}",
        "css": "" if d is None or not shown else "up" if d.points > 0 else "down",
        "p": "" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.2g}",
        "note": row.note,
    }


def _costs(findings: Findings) -> list[dict[str, str]]:
    costs = findings.study.costs
    named = [("frozen image encoder", costs["view image"]), ("frozen segmenter", costs["view segmentation"])]
    named += [(f"trained part of {style_of(v).name}", costs[v]) for v in findings.study.variants]
    return [_cost(name, cost) for name, cost in named]


def _cost(name: str, cost: Cost) -> dict[str, str]:
    dimensions = f"{cost.dimensions:,}" if cost.dimensions else ""
    flops = f"{cost.flops / 1e6:,.1f}"
    return {"name": name, "parameters": f"{cost.parameters:,}", "flops": flops, "dimensions": dimensions}
