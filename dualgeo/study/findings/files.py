"""The study's tables as files: CSV for other tools, Markdown for people, JSON for `dvc metrics`."""

import csv
import io
import math
from collections.abc import Iterable

from dualgeo.evaluation.score import threshold_key
from dualgeo.report.words import percent, signed
from dualgeo.study.findings.ask import Findings
from dualgeo.study.findings.curves import Line
from dualgeo.study.findings.table import AblationRow, AblationTable
from dualgeo.study.findings.verdict import answer_of, verdict


def robustness_csv(findings: Findings) -> str:
    """A row a query set, corruption, severity and variant: percent with intervals, how far answers moved."""
    thresholds = findings.study.params.score.thresholds_km
    header = ["query_set", "corruption", "severity", "variant", "seeds", "queries"]
    for km in thresholds:
        header += [f"acc_{km:g}", f"low_{km:g}", f"high_{km:g}"]
    return _csv([*header, "moved_median_km", "moved_percent"], _robustness(findings.lines, thresholds))


def _robustness(lines: list[Line], thresholds: list[float]) -> Iterable[list[str]]:
    for line in lines:
        for point in line.points:
            first = next(iter(point.accuracy.values()))
            row = [
                line.query_set,
                line.corruption,
                f"{point.severity}",
                line.variant,
                f"{first.seeds}",
                f"{first.queries}",
            ]
            for km in thresholds:
                accuracy = point.accuracy[threshold_key(km)]
                row += [_text(accuracy.mean), _text(accuracy.low), _text(accuracy.high)]
            yield [*row, _text(point.moved_median_km), _text(point.moved_share)]


def differences_csv(findings: Findings) -> str:
    """A row a condition: lead minus baseline at the reference threshold; `p_holm` over all these tests."""
    header = ["query_set", "corrupted", "threshold_km", "lead", "baseline", "points", "low", "high", "p", "p_holm"]
    study, km, contests = findings.study, findings.evidence.threshold_km, findings.evidence.contests
    rows = (
        [
            contest.query_set, "yes" if contest.corrupted else "no", f"{km:g}", study.lead, study.baseline,
            *(_text(value) for value in (d.points, d.low, d.high)),
            *(["", ""] if contest.p is None else [f"{d.p:.6g}", f"{contest.p:.6g}"]),
            _text(d.detectable), f"{d.queries}", f"{d.units}", contest.outcome,
        ]
        for contest in (contests.all, *contests.parts, *contests.single)
        for d in [contest.difference]
    )  # fmt: skip
    return _csv([*header, "detectable", "queries", "photographers", "outcome"], rows)


def ablation_csv(table: AblationTable) -> str:
    """A row a line of the table; empty where a figure is not shown."""
    header = ["varied", "name", "validation", "queries", "low", "high", "points", "points_low", "points_high", "p"]
    return _csv([*header, "p_holm", "note"], (_ablation(row) for row in table.rows))


def _ablation(row: AblationRow) -> list[str]:
    q, d = row.queries, row.difference
    return [
        row.group,
        row.name,
        _text(row.validation),
        *(["", "", ""] if q is None else [_text(q.mean), _text(q.low), _text(q.high)]),
        *(["", "", "", ""] if d is None else [_text(d.points), _text(d.low), _text(d.high), f"{d.p:.6g}"]),
        "" if row.p is None else f"{row.p:.6g}",
        row.note,
    ]


def verdict_markdown(findings: Findings) -> str:
    """The verdict, the contests and the ablation table as Markdown."""
    evidence, table = findings.evidence, findings.ablation
    head, *rest = verdict(evidence)
    lines = [f"# {head}", "", " ".join(rest), "", f"## {evidence.lead} minus {evidence.baseline}", ""]
    lines += [
        f"Points within {evidence.threshold_km:g} km; p after Holm's correction over all these tests.",
        "",
        "| condition | points | interval | p | could have shown | outcome |",
        "| --- | ---: | --- | ---: | ---: | --- |",
    ]
    for contest in (evidence.contests.all, *evidence.contests.single):
        d = contest.difference
        lines.append(
            f"| {contest.query_set} | {signed(d.points)} | {signed(d.low)} to {signed(d.high)} | {contest.p:.2g} | "
            f"{d.detectable:.1f} | {contest.outcome} |"
        )
    return "\n".join([*lines, "", "## Ablation", "", *ablation_markdown(table)]) + "\n"


def ablation_markdown(table: AblationTable) -> list[str]:
    """The ablation table."""
    lines = [
        f"Percent within {table.threshold_km:g} km; differences from {table.lead} as configured, Holm-corrected.",
        "",
        "| varied | | validation | queries | interval | difference | p | |",
        "| --- | --- | ---: | ---: | --- | --- | ---: | --- |",
    ]
    return [*lines, *(f"| {' | '.join(ablation_cells(row))} |" for row in table.rows)]


def ablation_cells(row: AblationRow) -> list[str]:
    """A line of the table as text: varied, name, validation, queries, interval, difference, p, note."""
    q, d = row.queries, row.difference
    return [
        row.group,
        row.name,
        "" if row.validation is None else percent(row.validation),
        "" if q is None else percent(q.mean),
        "" if q is None else f"{percent(q.low)} to {percent(q.high)}",
        "" if d is None else f"{signed(d.points)} ({signed(d.low)} to {signed(d.high)})",
        "" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.2g}",
        row.note,
    ]


def metrics(findings: Findings) -> dict[str, object]:
    """study.json: the answer, counts, and the figures that `dvc metrics` and MLflow show."""
    evidence, table = findings.evidence, findings.ablation
    outcomes = ("helps", "hurts", "undecided")
    conditions = {
        contest.query_set: {
            **_figures(contest.difference.points, contest.difference.low, contest.difference.high),
            "p": contest.difference.p,
            "p_holm": contest.p,
            "detectable": contest.difference.detectable,
        }
        for contest in evidence.contests.single
    }
    together = {
        contest.query_set: {
            **_figures(contest.difference.points, contest.difference.low, contest.difference.high),
            **({} if contest.p is None else {"p": contest.difference.p, "p_holm": contest.p}),
            "detectable": contest.difference.detectable,
        }
        for contest in (evidence.contests.all, *evidence.contests.parts)
    }
    ablation = {f"{row.group}: {row.name}": _finite(row.queries.mean) for row in table.rows if row.queries is not None}
    return {
        "answer": answer_of(evidence),
        "threshold_km": evidence.threshold_km,
        **{outcome: len(evidence.of(outcome)) for outcome in outcomes},
        "conditions": conditions,
        "together": together,
        "ablation": ablation,
        "radius_chosen_km": None if table.radius is None else table.radius.chosen_km,
    }


def _figures(points: float, low: float, high: float) -> dict[str, float | None]:
    return {"points": _finite(points), "low": _finite(low), "high": _finite(high)}


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _text(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.4f}"


def _csv(header: list[str], rows: Iterable[list[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
