"""The words that are sent, letter for letter; UPDATE_GOLDEN=1 writes them anew, for a person to read in the diff."""

import os
from pathlib import Path

import jinja2
import pytest
from jinja2 import DictLoader

from dualgeo.lmm import wording
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.prompts import prompts_for
from dualgeo.lmm.request import Picture, Request
from dualgeo.lmm.wording import environment, version_of
from tests.lmm.asked import params, question

GOLDEN = Path(__file__).parent / "golden"
CASES = [
    ("zero-shot", 2),
    ("rag", 2),
    ("dualgeo", 4),
    ("geocot", 2),
    ("ensemble", 1),
]


def _request(prompt: Prompt) -> Request:
    return Request("q", "anthropic", "a-model", None, 1024, prompt, Picture("0" * 64, 512, 384, lambda: b""))


@pytest.mark.parametrize(("strategy", "variants"), CASES)
def test_prompts_are_what_was_agreed(strategy: str, variants: int) -> None:
    prompts = prompts_for(question(), params(strategy=strategy, variants=variants))
    assert len({prompt.name for prompt in prompts}) == len(prompts) >= variants
    for prompt in prompts:
        path = GOLDEN / f"{strategy}.{prompt.name}.txt"
        text = f"{prompt.name}@{prompt.version}\n\n--- system\n{prompt.system}\n\n--- user\n{prompt.text}\n"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs: run with UPDATE_GOLDEN=1 and read the diff"


def test_no_golden_file_is_left_over() -> None:
    named = {
        f"{strategy}.{prompt.name}.txt"
        for strategy, variants in CASES
        for prompt in prompts_for(question(), params(strategy=strategy, variants=variants))
    }
    assert {path.name for path in GOLDEN.iterdir()} == named


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("rag.j2", {"rag"}),
        ("geocot.j2", {"geocot"}),
        ("trust.j2", {"rag", "dualgeo", "geocot"}),
        ("system.j2", {"zero_shot", "rag", "dualgeo", "geocot"}),
    ],
)
def test_editing_a_template_changes_the_version_of_what_uses_it(edited: str, changes: set[str]) -> None:
    before = {name: version_of(f"{name}.j2") for name in ("zero_shot", "rag", "dualgeo", "geocot")}
    after = {name: version_of(f"{name}.j2", _with(edited, "One word more.")) for name in before}
    assert {name for name in before if before[name] != after[name]} == changes
    assert all(len(version) == 12 for version in after.values())


def test_a_changed_template_is_another_request_even_where_the_words_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [before] = prompts_for(question(), params(strategy="rag"))
    edited = _with("rag.j2", "{# a remark #}")
    monkeypatch.setattr(wording, "environment", lambda: edited)
    version_of.cache_clear()
    try:
        [after] = prompts_for(question(), params(strategy="rag"))
    finally:
        monkeypatch.undo()
        version_of.cache_clear()
    assert after.text.split() == before.text.split()
    assert after.version != before.version and _request(after).key != _request(before).key


def test_another_schema_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = version_of("rag.j2")
    monkeypatch.setattr(wording, "GeoAnswer", type("GeoAnswer", (wording.GeoAnswer,), {"__doc__": "Another."}))
    version_of.cache_clear()
    try:
        assert version_of("rag.j2") != before
    finally:
        version_of.cache_clear()


def _with(name: str, more: str) -> jinja2.Environment:
    """The templates with `more` added to one of them."""
    templates = environment()
    assert templates.loader is not None
    sources = {each: templates.loader.get_source(templates, each)[0] for each in templates.list_templates()}
    return templates.overlay(loader=DictLoader(sources | {name: sources[name] + more}))
