"""Where a model was asked, the picture of `refine` shows what it said of a photo, what came of it and what it cost."""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from dualgeo.files import write_json
from dualgeo.lmm.summary import lmm_summary
from dualgeo.previews.command import preview, preview_path
from dualgeo.workspace import Cell, Workspace
from tests.report.lmm_workspace import Asked, ask

SVG = "{http://www.w3.org/2000/svg}"
DUAL = Cell("dual", 0)


def asked(root: Path, run: Workspace, how: Asked = Asked()) -> tuple[Workspace, pd.DataFrame]:
    """A copy of a run in which `dual-0` asked a model."""
    shutil.copytree(run.root, root / "run", symlinks=True)
    workspace = Workspace(root / "run")
    table = ask(workspace, DUAL, how)
    write_json(workspace.refined(DUAL) / "lmm.json", lmm_summary(table))
    return workspace, table


def drawn(workspace: Workspace, address: str = "refine@dual-0") -> ET.Element:
    assert preview(workspace, [address]) == 0
    return ET.fromstring(preview_path(workspace, address).read_text(encoding="utf-8"))


def words(root: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_it_shows_photos_what_both_said_and_why(tmp_path: Path, atlas: Workspace) -> None:
    workspace, table = asked(tmp_path, atlas)
    root = drawn(workspace)
    said = words(root)
    text = preview_path(workspace, "refine@dual-0").read_text(encoding="utf-8")
    assert "What a model said for dual-0" in said
    once = table[table["outcome"] != "not asked"]
    head = next(line for line in said if line.startswith("claude-test-1: "))
    assert (
        f"{once['query_id'].nunique()} photos" in head and f"{(table['outcome'] == 'answered').sum()} answers, " in head
    )
    assert "· a red tiled roof" in said
    assert sum(line.startswith("Retrieval: ") for line in said) == sum(line.startswith("Model (") for line in said) >= 4
    assert any(line.endswith("nearer") for line in said) and any(line.endswith("no answer") for line in said)
    assert "Somewhere, Nowhere" in said
    assert any(line.startswith("Model (dualgeo-1), taken: ") and "says within 20 km" in line for line in said)
    assert len(list(root.iter(f"{SVG}image"))) >= 4
    assert len(text.encode()) < 120_000 and "NaN" not in text and "nan" not in text


def test_the_same_answers_give_the_same_bytes(tmp_path: Path, atlas: Workspace) -> None:
    workspace, _ = asked(tmp_path, atlas)
    first = ET.tostring(drawn(workspace))
    assert ET.tostring(drawn(workspace)) == first


def test_of_several_prompts_it_shows_the_one_that_was_taken(tmp_path: Path, atlas: Workspace) -> None:
    workspace, _ = asked(tmp_path, atlas, Asked(prompts=("rag-5", "rag-10"), unanswered=0.0))
    lines = [line for line in words(drawn(workspace)) if line.startswith("Model (")]
    assert lines and all(line.startswith("Model (rag-5, 1 of 2), taken: ") for line in lines)


def test_where_every_request_failed_it_says_so(tmp_path: Path, atlas: Workspace) -> None:
    workspace, _ = asked(tmp_path, atlas, Asked(unanswered=1.0, ends=("refused",), reason="the model declined it"))
    said = words(drawn(workspace))
    assert "the model declined it" in said
    assert any(line.startswith("Model (dualgeo-1): refused") for line in said)


@pytest.mark.parametrize("hostile", ["</text><script>alert(1)</script>", "a\u202egnp.exe\x00\x1b[2J", "&<>\"'" * 200])
def test_what_a_model_says_is_text_and_nothing_else(tmp_path: Path, atlas: Workspace, hostile: str) -> None:
    workspace, _ = asked(tmp_path, atlas, Asked(evidence=(hostile,), reason=hostile, model=hostile))
    root = drawn(workspace)
    assert not list(root.iter(f"{SVG}script")) and not list(root.iter("script"))
    assert "\u202e" not in "".join(words(root)) and "\x1b" not in "".join(words(root))


def test_a_cell_that_asked_nobody_shows_its_clusters(tmp_path: Path, atlas: Workspace) -> None:
    workspace, _ = asked(tmp_path, atlas)
    assert "Refined answers of image-0" in words(drawn(workspace, "refine@image-0"))


def test_answers_about_other_photos_than_queries_leave_the_clusters(tmp_path: Path, atlas: Workspace) -> None:
    workspace, table = asked(tmp_path, atlas)
    path = workspace.refined(DUAL) / "lmm.parquet"
    table[table["split"] == "validation"].to_parquet(path)
    assert "Refined answers of dual-0" in words(drawn(workspace))
