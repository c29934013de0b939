"""Dagster shows what a model cost, what came from the store and what failed; nothing of it where none was asked."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dualgeo.workspace import Cell, Workspace
from orchestration.checks import checks_of
from orchestration.graph import Node
from orchestration.lmm import plain
from orchestration.metadata import describe
from tests.lmm.asked_cell import write_asked
from tests.lmm.exchanges import reply_with

CELL = Cell("dual", 0)
NODE = Node("refine@dual-0", "cmd", "", "", "refine", (), (), ("refined/dual-0",), (), "v1")
HOSTILE = (
    "</td>|![x](http://evil.example/a.png) <img src=x onerror=alert(1)> [y](javascript:z) https://evil.example \u202e"
)


def shown(root: Path) -> dict[str, Any]:
    return {name: value.value for name, value in describe(root, NODE, "v1").items() if name.startswith("LMM")}


def judged(root: Path) -> dg.AssetCheckResult:
    [check] = checks_of(NODE)
    return check.result(root, NODE)


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_spend_hit_rate_and_failures_are_shown(tmp_path: Path) -> None:
    def end(request: Any) -> Any:
        return reply_with("refused", reason="it would rather not") if request.query_id == "q0" else reply_with()

    write_asked(Workspace(tmp_path), CELL, 4, end)
    first = shown(tmp_path)
    table = pq.read_table(tmp_path / "refined" / "dual-0" / "lmm.parquet").to_pandas()
    assert first["LMM usd"] == pytest.approx(table["usd"].sum(), abs=1e-6) and first["LMM usd"] > 0
    assert first["LMM usd per photo"] == pytest.approx(table["usd"].sum() / 4, abs=1e-6)
    assert first["LMM hit rate"] == 0
    assert "4 requests about 4 photos" in first["LMM"] and "claude-haiku-4-5" in first["LMM"]
    assert first["LMM failures"].splitlines()[-1] == "| refused | it would rather not | 1 |"
    assert "0 of 4 answers came from the store; 4 were asked for" in first["LMM, last asking"]
    write_asked(Workspace(tmp_path), CELL, 4, end)
    again = shown(tmp_path)
    assert again["LMM hit rate"] == 1 and "0 were asked for, 0.0000 US dollars" in again["LMM, last asking"]
    assert again["LMM usd"] == first["LMM usd"], "what the answers cost, whoever bought them"
    assert f"Spent in all: {table['usd'].sum():.4f} of 100" in again["LMM, last asking"]


def test_a_cell_that_asked_nobody_shows_nothing_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "refined" / "dual-0"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"key": pa.array([], pa.string())}), folder / "lmm.parquet")
    assert shown(tmp_path) == {}
    verdict = judged(tmp_path)
    assert verdict.passed and verdict.description == "No model was asked."


def test_answers_that_came_from_elsewhere_have_no_hit_rate(tmp_path: Path) -> None:
    write_asked(Workspace(tmp_path), CELL, 2)
    note = tmp_path / ".dualgeo" / "lmm" / "dual-0.json"
    edit(note, table="another table")
    assert {"LMM hit rate", "LMM, last asking"}.isdisjoint(shown(tmp_path))
    note.unlink()
    assert "LMM usd" in shown(tmp_path)
    assert judged(tmp_path).passed


def test_figures_that_are_torn_hide_nothing_else(tmp_path: Path) -> None:
    write_asked(Workspace(tmp_path), CELL, 2)
    path = tmp_path / "refined" / "dual-0" / "lmm.json"
    for broken in ("{", "[]", "{}"):
        path.write_text(broken)
        described = describe(tmp_path, NODE, "v1")
        assert "unreadable refined/dual-0" in described and "megabytes" in described
        assert not judged(tmp_path).passed


@pytest.mark.parametrize(
    ("changes", "passes", "words"),
    [
        ({"outcomes": {"answered": 90, "refused": 10}}, True, "10.0% of the questions"),
        ({"outcomes": {"answered": 89, "refused": 6, "failed": 5}}, False, "11.0% of the questions"),
        ({"outcomes": {"failed": 5}}, False, "100.0% of the questions"),
        ({"outcomes": {"answered": 90, "not asked": 10}}, False, "10 were not put to it"),
    ],
)
def test_many_failures_are_a_warning(tmp_path: Path, changes: dict[str, Any], passes: bool, words: str) -> None:
    write_asked(Workspace(tmp_path), CELL, 2)
    edit(tmp_path / "refined" / "dual-0" / "lmm.json", **changes)
    verdict = judged(tmp_path)
    assert (verdict.passed, verdict.severity) == (passes, dg.AssetCheckSeverity.WARN)
    assert words in str(verdict.description)


def test_more_spent_than_allowed_is_a_warning(tmp_path: Path) -> None:
    write_asked(Workspace(tmp_path), CELL, 2)
    edit(tmp_path / ".dualgeo" / "lmm" / "dual-0.json", spent_usd=5.5, max_usd=5.0)
    verdict = judged(tmp_path)
    assert (verdict.passed, verdict.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "5.5000 of 5 US dollars" in str(verdict.description)


def test_a_cell_that_was_not_refined_says_so(tmp_path: Path) -> None:
    assert judged(tmp_path).description == "dual-0 has not been made."


def test_what_a_server_said_is_shown_and_does_nothing(tmp_path: Path) -> None:
    write_asked(Workspace(tmp_path), CELL, 1, lambda _: reply_with("rejected", reason=f"{HOSTILE}\nsecond line"))
    table = shown(tmp_path)["LMM failures"]
    row = table.splitlines()[-1]
    assert row.count("|") == 4 and "second line" in row
    assert not any(part in row for part in ("<", ">", "](", "![", "://", "\u202e"))


def test_plain_text_stays_as_it_is() -> None:
    assert plain("the model declined, it says") == "the model declined, it says"
