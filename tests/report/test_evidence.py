"""Intervals, significance, strata, leaks and the error atlas: the page says what the scores say."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from report_workspace import SMALL, Recipe, Report, write_pages

from dualgeo.evaluation.compare import Difference
from dualgeo.params import load_params
from dualgeo.report.certainty import correction_note, detectable_note, effect_note
from dualgeo.report.comparisons import Comparison, comparisons_of
from dualgeo.report.erroratlas import share_class, share_labels
from dualgeo.report.findings import rows_of
from dualgeo.report.inputs import Run, read_run
from dualgeo.report.words import p_text
from dualgeo.report.worst import choose_worst
from dualgeo.workspace import Cell, Workspace


def page(workspace: Workspace) -> str:
    return (workspace.reports / "index.html").read_text(encoding="utf-8")


def section(workspace: Workspace, name: str) -> str:
    """One section of the page, as words and tags."""
    found = re.search(rf'<section class="column" id="{name}".*?</section>', page(workspace), flags=re.S)
    return html.unescape(found[0]) if found else ""


def words(source: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", source).split())


def metrics(workspace: Workspace, variant: str) -> list[dict[str, dict[str, object]]]:
    cells = [Cell(variant, seed) for seed in load_params(workspace.params).systems.seeds]
    return [json.loads((workspace.scores(cell) / "metrics.json").read_text()) for cell in cells]


def run_of(workspace: Workspace) -> Run:
    return read_run(workspace, load_params(workspace.params))


def difference(points: float, p_holm: float, detectable: float = 3.0) -> Difference:
    return Difference(
        points, points - 1, points + 1, 60, 15, p_holm / 5, p_holm, None, detectable, 2.0, 3, 3, confidence=0.95
    )  # fmt: skip


def test_every_comparison_stands_in_the_table_with_interval_p_and_sign(full: Workspace) -> None:
    body = section(full, "differences")
    found = [c for c in comparisons_of(run_of(full)) if c.variant == "dual"]
    assert len(found) == 20
    for comparison in found:
        gain = comparison.difference
        row = re.search(rf'<tr><th scope="row">{comparison.query_set}</th>.*?</tr>', body, flags=re.S)
        assert row is not None
        assert p_text(gain.p_holm) in words(row[0])
        assert f"{abs(gain.low):.1f} to" in words(row[0])
    assert any(c.verdict for c in comparisons_of(run_of(full))), "the made run holds a difference"
    signs = sum(section(full, "results").count(mark) for mark in (">▲<", ">▼<"))
    assert signs == sum(bool(c.verdict) for c in comparisons_of(run_of(full)))


def test_a_sign_needs_the_corrected_p_and_not_the_interval_alone() -> None:
    clear, unclear = difference(4.0, 0.01), difference(4.0, 0.2)
    assert unclear.low > 0, "its own interval leaves zero out"
    verdicts = [Comparison("a", "dual", "image", 25.0, each).verdict for each in (clear, unclear)]
    assert verdicts == ["better", ""]
    assert Comparison("a", "dual", "image", 25.0, difference(-4.0, 0.01)).mark == "▼"


def test_the_notes_on_certainty_count_what_was_compared(full: Workspace) -> None:
    run = run_of(full)
    comparisons = comparisons_of(run)
    note = correction_note(run, comparisons)
    shown = sum(bool(c.verdict) for c in comparisons)
    assert "8 such families" in note and f"{shown} comparison" in note and "of 40" in note
    assert note in words(section(full, "differences"))
    mine = [Comparison(s, "dual", "image", 25.0, difference(0, 1, d)) for s, d in (("a", 2.5), ("b", 4.0))]
    assert "from 2.5 points on (a) to 4.0 (b)" in detectable_note(mine, 25.0)
    assert detectable_note([Comparison("a", "dual", "image", 25.0, difference(0, 1, float("nan")))], 25.0) == ""


def test_the_design_effect_is_said_for_each_query_set(full: Workspace) -> None:
    run = run_of(full)
    for row in (r for r in rows_of(run) if r.variant == "dual"):
        said = effect_note(row, 25.0)["words"]
        assert said.startswith("60 photos by 15 photographers")
        if 25.0 in row.effect:
            assert f"{row.effect[25.0]:.1f}" in said
        assert said in words(section(full, "differences"))


def test_places_and_radii_are_the_means_of_metrics_json(full: Workspace) -> None:
    strata, confidence = words(section(full, "strata")), words(section(full, "confidence"))
    cells = metrics(full, "dual")
    for name in ("atlas", "atlas-fog"):
        country = np.mean([cell[name]["places"]["country"]["value"] for cell in cells])  # type: ignore[index]
        region = np.mean([cell[name]["places"]["region"]["value"] for cell in cells])  # type: ignore[index]
        assert re.search(rf"{name} dual {country:.1f} \S+ to \S+ {region:.1f} ", strata)
        observed = np.mean([cell[name]["radius_coverage"]["0.9"] for cell in cells])  # type: ignore[index]
        assert re.search(rf"{name} dual 90 % {observed:.1f} % \S+ to \S+ ", confidence)


def test_filtered_accuracy_stands_beside_the_unfiltered(full: Workspace) -> None:
    leakage = words(section(full, "leakage"))
    cells = metrics(full, "dual")
    for name in ("atlas", "atlas-night"):
        both = [
            np.mean([cell[name]["acc"]["25"]["value"] for cell in cells]),  # type: ignore[index]
            np.mean([cell[name]["filtered"]["acc"]["25"]["value"] for cell in cells]),  # type: ignore[index]
        ]
        assert f"{both[0]:.1f} → {both[1]:.1f}" in leakage
        assert f"{name} 5 queries of 60 affected, 10 gallery rows left out in all" in leakage
    assert "same photographer 5 10 5 5 5 5" in leakage
    assert "within 100 m and 10 min (no row has a time) – –" in leakage, "what could not be checked is no zero"


def test_what_a_score_does_not_know_is_left_out(report: Report) -> None:
    workspace = report(SMALL.but(leaks=0))
    for cell in (Cell("image", 0), Cell("dual", 0)):
        folder = workspace.scores(cell)
        (folder / "curves.json").unlink()
        (folder / "strata.json").unlink()
        table = pd.read_parquet(folder / "queries.parquet")
        known = [
            name for name in table if name.startswith(("same_", "radius_", "continent", "climate", "settle", "gal"))
        ]
        table.drop(columns=known).to_parquet(folder / "queries.parquet")
        figures = json.loads((folder / "metrics.json").read_text())
        kept = ("queries", "failed", "acc", "oracle", "no_skill", "median_km", "geoscore", "interval")
        old = {name: {key: block[key] for key in kept} for name, block in figures.items()}
        (folder / "metrics.json").write_text(json.dumps(old))
    write_pages(workspace)
    for name in ("leakage", "strata", "confidence", "published"):
        assert section(workspace, name) == ""
        assert f'href="#{name}"' not in page(workspace)
    assert section(workspace, "atlas") and section(workspace, "worst")


def test_the_atlas_counts_every_query_and_its_tool_tips_say_so(full: Workspace) -> None:
    atlas = section(full, "atlas")
    tips = re.findall(r"<title>(.*?): (\S+) % of ([\d,]+) quer\S+ within 25 km \((\S+) to (\S+) %\)", atlas)
    assert sum(int(queries) for _, _, queries, _, _ in tips) == 240
    table = pd.concat([pd.read_parquet(full.scores(Cell("dual", s)) / "queries.parquet") for s in (0, 1, 2)])
    kenya = table[table.country == "Kenya"]
    by_name = {name: (float(acc), int(queries), float(low), float(high)) for name, acc, queries, low, high in tips}
    acc, queries, low, high = by_name["Kenya"]
    assert acc == pytest.approx(100 * (kenya.error_km <= 25).mean(), abs=0.051)
    assert queries == len(kenya) / 3
    assert low <= acc <= high
    data = json.loads(re.findall(r'id="atlas-data">(.*?)</script>', page(full), flags=re.S)[0])
    assert list(data["figures"]) == ["all sets together", "atlas", "atlas-night", "atlas-fog", "atlas-unseen"]
    for name in ("atlas", "atlas-unseen"):
        counts = [re.search(r"of ([\d,]+) quer", words_)[1] for _, _, words_ in data["figures"][name].values()]  # type: ignore[index]
        assert sum(map(int, counts)) == 60


def test_countries_with_few_photographers_are_marked(full: Workspace) -> None:
    for css, tip in re.findall(
        r'class="country (\S+(?: few)?)" data-country.*?<title>(.*?)</title>', section(full, "atlas")
    ):
        units = re.search(r"only (\d+) photographer", tip)
        assert ("few" in css) == (units is not None)
        assert units is None or int(units[1]) < 10


def test_accuracy_classes_put_a_bound_in_the_class_above() -> None:
    assert [share_class(acc) for acc in (0, 19.9, 20, 79.9, 80, 100)] == [0, 0, 1, 3, 4, 4]
    assert share_labels() == ["below 20 %", "20 to 40 %", "40 to 60 %", "60 to 80 %", "80 % and more"]


def test_worst_cases_are_the_largest_errors_once_a_photographer(full: Workspace) -> None:
    cell = run_of(full).of("dual")[0]
    chosen = choose_worst(cell.queries, 12)
    assert chosen["error_km"].is_monotonic_decreasing and not chosen["photographer"].duplicated().any()
    assert chosen["error_km"].iloc[0] == cell.queries["error_km"].max()
    shown = re.findall(r'alt="Query photo (\S+), taken in', section(full, "worst"))
    assert shown == list(chosen["query_id"])
    assert section(full, "worst").count("<img") == 12 + 3 * 12
    unnamed = cell.queries.assign(photographer=None)
    assert len(choose_worst(unnamed, 12)) == 12, "photos without a photographer all count"
    assert choose_worst(cell.queries.assign(error_km=np.nan), 12).empty, "failures are listed elsewhere"


def test_one_seed_says_what_mcnemar_would_have_said(small: Workspace) -> None:
    assert "McNemar's exact test" in words(section(small, "differences"))
    assert Recipe().leaks == 5
