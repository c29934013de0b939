"""The page and the tables of a made study: whole, self-contained, the same bytes again."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dualgeo.files import write_json, write_text
from dualgeo.previews.material import Material
from dualgeo.previews.verdict import verdict_picture
from dualgeo.study.findings.ask import Findings
from dualgeo.study.findings.contests import contests_of, levels_of
from dualgeo.study.findings.curves import lines_of
from dualgeo.study.findings.files import ablation_csv, differences_csv, metrics, robustness_csv, verdict_markdown
from dualgeo.study.findings.page import render_study
from dualgeo.study.findings.stability import CHANCE, Stability
from dualgeo.study.findings.strip import Picture, Strip
from dualgeo.study.findings.table import ablation_table
from dualgeo.study.findings.verdict import Evidence
from dualgeo.workspace import Workspace
from tests.study.made import study

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture(scope="module")
def findings() -> Findings:
    made = study({"atlas/fog-5": 20, "atlas": -20})
    names = [f"{corruption}-{severity}" for corruption in ("fog", "jpeg") for severity in (1, 5)]
    evidence = Evidence(
        lead="dual",
        baseline="image only",
        threshold_km=25.0,
        contests=contests_of(made, 25.0),
        accuracy={name: levels_of(made, name, 25.0) for name in made.variants},
        costs={"lead": made.costs["dual"], "baseline": made.costs["image"]}
        | {name: cost for name, cost in made.costs.items() if name.startswith("view ")},
        stability={**{name: Stability(0.9, 0.8) for name in names}, CHANCE: Stability(0.4, 0.2)},
        meaningful=True,
        stand_ins=True,
    )
    table = ablation_table(made.params, made.taken, made.validation, made.ablations, 25.0)
    return Findings(made, evidence, table, lines_of(made, 25.0))


def _page(findings: Findings) -> str:
    strips = [Strip("fog", (Picture(0, PIXEL, PIXEL), Picture(5, PIXEL, PIXEL)))]
    return render_study(findings, "q0001", strips)


def test_the_page_loads_nothing_and_its_pictures_are_whole(findings: Findings) -> None:
    page = _page(findings)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "http://" not in page.replace("http://www.w3.org", "") and "<script" not in page
    pictures = re.findall(r"<svg.*?</svg>", page, re.S)
    # The forest, two corruptions, two stabilities, the radius, and the keys of the legends.
    assert len(pictures) >= 6
    for picture in pictures:
        ElementTree.fromstring(picture)
    assert page == _page(findings)


def test_the_forest_marks_what_was_shown(findings: Findings) -> None:
    page = _page(findings)
    found = findings.evidence.contests
    drawn = [contest.outcome for contest in (found.all, *found.parts, *found.single)]
    assert drawn.count("helps") >= 1 and drawn.count("hurts") >= 1
    for outcome, mark in (("helps", "up"), ("hurts", "down"), ("undecided", "open")):
        assert page.count(f'class="dot {mark}"') == drawn.count(outcome)


def test_tables_hold_every_condition_and_line(findings: Findings) -> None:
    differences = list(csv.DictReader(io.StringIO(differences_csv(findings))))
    assert [row["query_set"] for row in differences[:3]] == ["all", "as taken", "corrupted"]
    assert [row["outcome"] for row in differences[3:]] == [c.outcome for c in findings.evidence.contests.single]
    assert {row["query_set"]: row["outcome"] for row in differences}["atlas/fog-5"] == "helps"
    robustness = list(csv.DictReader(io.StringIO(robustness_csv(findings))))
    # Two corruptions, two variants, clean and two severities.
    assert len(robustness) == 2 * 2 * 3
    clean = {row["variant"]: row for row in robustness if row["severity"] == "0"}
    assert float(clean["image"]["acc_25"]) > float(clean["dual"]["acc_25"])
    assert len(list(csv.DictReader(io.StringIO(ablation_csv(findings.ablation))))) == len(findings.ablation.rows)


def test_metrics_are_numbers_and_markdown_tells_the_same(findings: Findings) -> None:
    found = metrics(findings)
    json.dumps(found, allow_nan=False)
    assert found["answer"] == "mixed" and (found["helps"], found["hurts"]) == (1, 1)
    text = verdict_markdown(findings)
    assert text.startswith("# The segmentation view helps in some conditions and hurts in others.")
    assert text.count("\n| atlas") == len(findings.evidence.contests.single)


def test_the_preview_tells_the_answer_and_every_line(findings: Findings, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    write_text(workspace.study / "differences.csv", differences_csv(findings))
    write_json(workspace.study / "study.json", metrics(findings))
    picture = ElementTree.fromstring(verdict_picture(Material(workspace, findings.study.params)))
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "The segmentation view helps and hurts" in words
    assert {contest.query_set for contest in findings.evidence.contests.single} <= set(words)
