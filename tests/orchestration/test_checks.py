"""Asset checks say what the output files say, and fail where these are missing or no such files."""

import json
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.checks import checks_of
from orchestration.graph import Node


def node(stage: str, *outs: str, cell: str = "dual-0") -> Node:
    return Node(f"{stage}@{cell}", "cmd", "", "", "group", (), (), outs, (), "v1")


def judge(root: Path, name: str, of: Node) -> dg.AssetCheckResult:
    [check] = [check for check in checks_of(of) if check.name == name]
    return check.result(root, of)


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("losses", "passes"), [("3.0 2.0", True), ("2.0 3.0", False), ("2.0 nan", False), ("", False), ("2.0", True)]
)
def test_losses_are_finite_and_fell(tmp_path: Path, losses: str, passes: bool) -> None:
    rows = [f"{number},{loss}\n" for number, loss in enumerate(losses.split(), 1)]
    (tmp_path / "curve.csv").write_text("epoch,loss\n" + "".join(rows))
    assert judge(tmp_path, "loss", node("train", ".")).passed is passes


def test_outputs_that_are_missing_or_broken_fail_their_check_in_words(tmp_path: Path) -> None:
    missing = judge(tmp_path, "loss", node("train", "models"))
    assert not missing.passed and missing.description == "curve.csv has not been made."
    (tmp_path / "config.json").write_text("[1, 2]")
    broken = judge(tmp_path, "recall", node("index", "."))
    assert not broken.passed and "no JSON object" in str(broken.description)


def test_expectations_are_one_check_a_suite_with_its_severity(tmp_path: Path) -> None:
    def expectation(group: str, success: bool, severity: str) -> dict[str, object]:
        outcome = {"success": success, "severity": severity, "checked": 10, "unexpected": 0 if success else 3}
        return {"group": group, "name": f"a rule of {group}", "examples": ["photo-7"], **outcome}

    rows = [
        expectation("Positions", True, "critical"),
        expectation("Splits", False, "critical"),
        expectation("Rights", False, "warning"),
    ]
    outcome = {"expectations": rows, "photos": 10, "quarantined": 2, "quarantine_reasons": {"no coordinates": 2}}
    write(tmp_path / "validation.json", outcome)
    validate = node("validate", ".")
    assert judge(tmp_path, "positions", validate).passed
    splits, rights = judge(tmp_path, "splits", validate), judge(tmp_path, "rights", validate)
    assert (splits.passed, splits.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert (rights.passed, rights.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "3 of 10 against it" in str(splits.description)
    unasked = judge(tmp_path, "images", validate)
    assert (unasked.passed, unasked.severity) == (False, dg.AssetCheckSeverity.WARN)
    left_out = judge(tmp_path, "quarantine", validate)
    assert not left_out.passed and "2 left out of 12" in str(left_out.description)


@pytest.mark.parametrize(
    ("queries", "passed", "severity"),
    [({}, True, "ERROR"), ({"embedding": 3}, False, "WARN"), ({"embedding": 3, "photographer": 1}, False, "ERROR")],
)
def test_what_is_shared_with_the_gallery_weighs_more_than_what_looks_alike(
    tmp_path: Path, queries: dict[str, int], passed: bool, severity: str
) -> None:
    def check(name: str, leak: bool = True, not_checked: str | None = None) -> dict[str, object]:
        return {"leak": leak, "not_checked": not_checked, "queries_affected": queries.get(name, 0)}

    checks = {name: check(name) for name in ("identical", "embedding", "photographer")}
    checks |= {"moment": check("moment", not_checked="no taken_at"), "place": {**check("place", False)}}
    checks["place"]["queries_affected"] = 9
    write(tmp_path / "leakage.json", {"queries_compared": 10, "checks": checks})
    said = judge(tmp_path, "shared", node("leakage", "."))
    assert (said.passed, said.severity) == (passed, dg.AssetCheckSeverity[severity])
    assert "Not checked: moment." in str(said.description) and "place" not in str(said.description)
    assert all(f"{name}: {count} queries" in str(said.description) for name, count in queries.items())


@pytest.mark.parametrize(("photos", "passes"), [(5, True), (6, False)])
def test_caches_hold_a_row_for_each_photo(tmp_path: Path, photos: int, passes: bool) -> None:
    write(tmp_path / "reports" / "validation" / "validation.json", {"photos": photos})
    cache = tmp_path / "cache"
    cache.mkdir()
    for shard, rows in (("00000", 3), ("00001", 2)):
        table = pa.table({"photo_id": list(range(rows))})
        pq.write_table(table, cache / f"{shard}.parquet")
    assert judge(tmp_path, "complete", node("segment", "cache")).passed is passes
    (cache / "00002.parquet").write_bytes(b"no table")
    broken = judge(tmp_path, "complete", node("segment", "cache"))
    assert not broken.passed and "00002.parquet" in str(broken.description)


@pytest.mark.parametrize(("value", "passes"), [(1.0, True), (0.95, True), (0.9, False)])
def test_an_index_finds_what_exact_search_finds_and_holds_the_whole_gallery(
    tmp_path: Path, value: float, passes: bool
) -> None:
    write(tmp_path / "config.json", {"rows": 9, "recall": {"k": 20, "queries": 200, "value": value}})
    write(tmp_path / "reports" / "validation" / "validation.json", {"splits": {"gallery": 10}})
    assert judge(tmp_path, "recall", node("index", ".")).passed is passes
    assert not judge(tmp_path, "whole_gallery", node("index", ".")).passed
    write(tmp_path / "config.json", {"rows": 10})
    assert not judge(tmp_path, "recall", node("index", ".")).passed, "not measured is not good"
    assert judge(tmp_path, "whole_gallery", node("index", ".")).passed


def figures(accuracy: float, no_skill: float, oracle: float, failed: int = 0) -> dict[str, object]:
    acc = {"25": {"value": accuracy}}
    return {
        "acc": acc,
        "no_skill": {"25": no_skill},
        "oracle": {"25": {"value": oracle}},
        "queries": 9,
        "failed": failed,
    }


@pytest.mark.parametrize(
    ("sets", "passes", "severity"),
    [
        ({"day": figures(80, 1, 90), "unseen": figures(0, 0, 0)}, True, dg.AssetCheckSeverity.ERROR),
        ({"day": figures(80, 1, 90), "night": figures(1, 1, 50)}, False, dg.AssetCheckSeverity.WARN),
        ({"day": figures(1, 1, 90)}, False, dg.AssetCheckSeverity.ERROR),
        ({"unseen": figures(0, 0, 0)}, False, dg.AssetCheckSeverity.WARN),
    ],
)
def test_accuracy_is_above_the_no_skill_line_where_the_gallery_allows_it(
    tmp_path: Path, sets: dict[str, object], passes: bool, severity: dg.AssetCheckSeverity
) -> None:
    write(tmp_path / "scores" / "metrics.json", sets)
    result = judge(tmp_path, "skill", node("score", "scores/queries.parquet", "scores/metrics.json"))
    assert (result.passed, result.severity) == (passes, severity)


def test_queries_without_an_answer_are_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "metrics.json", {"day": figures(80, 1, 90, failed=2)})
    result = judge(tmp_path, "answered", node("score", "metrics.json"))
    assert not result.passed and "2 of 9" in str(result.description)


def test_a_stage_that_nobody_told_of_has_no_checks() -> None:
    assert checks_of(node("something", "out")) == []
