"""What the report says of a large multimodal model: its effect, its failures, its cost, and what it said."""

import html
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lmm_workspace import Asked, ask
from report_workspace import SMALL, write_pages, write_run
from test_page import Tags, page, text_of

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.compare import compare
from dualgeo.params import load_params
from dualgeo.report.inputs import Run, read_run
from dualgeo.report.lmm.cost import cost_rows
from dualgeo.report.lmm.effect import effects_of, moved
from dualgeo.report.lmm.samples import KINDS, choose_samples
from dualgeo.report.lmm.words import money, plain, seconds
from dualgeo.workspace import Cell, Workspace

RECIPE = SMALL.but(examples=4, failures=1)
DUAL, IMAGE = Cell("dual", 0), Cell("image", 0)
ALONE = "the second stage was clustering alone (consensus, which is not an LMM)"


def run_of(workspace: Workspace) -> Run:
    return read_run(workspace, load_params(workspace.params))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Workspace:
    """Two systems, neither of which asked; read only."""
    return write_run(tmp_path_factory.mktemp("silent"), project, RECIPE)


@pytest.fixture
def small(silent: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the same, the test's own."""
    return copied(silent, tmp_path)


@pytest.fixture(scope="module")
def one(silent: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One of the two systems asked about everything; read only."""
    return reported(copied(silent, tmp_path_factory.mktemp("one")), Asked(unanswered=0.4), DUAL)


def copied(workspace: Workspace, folder: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(workspace.root, folder / "copy")))


def reported(workspace: Workspace, asked: Asked, *cells: Cell) -> Workspace:
    """Let cells ask, and write the pages."""
    for cell in cells:
        ask(workspace, cell, asked)
    write_pages(workspace)
    return workspace


def test_without_questions_the_page_says_clustering_alone(small: Workspace) -> None:
    write_pages(small)
    source = page(small)
    assert ALONE in text_of(source)
    assert 'id="lmm"' not in source
    assert "What the model added" not in source
    assert "†" not in source
    assert ALONE in (small.reports / "table.md").read_text(encoding="utf-8")
    assert '"lmm"' not in (small.reports / "summary.json").read_text(encoding="utf-8")


def test_a_table_without_rows_is_no_question(small: Workspace) -> None:
    table = ask(small, DUAL)
    path = small.refined(DUAL) / "lmm.parquet"
    pd.read_parquet(path).iloc[:0].to_parquet(path)
    write_pages(small)
    assert len(table)
    assert ALONE in text_of(page(small))


def test_helped_and_hurt_are_counted(one: Workspace) -> None:
    queries = pd.read_parquet(one.scores(DUAL) / "queries.parquet").set_index("query_id")
    table = pd.read_parquet(one.refined(DUAL) / "lmm.parquet")
    sent = table[(table["split"] == "query") & (table["outcome"] != "not asked")]
    for effect in effects_of(run_of(one)):
        rows = queries.loc[sent.loc[sent["query_set"] == effect.query_set, "query_id"].unique()]
        after, before = rows["error_km"], rows["without_lmm_error_km"]
        nearer = (after < before - 0.001) | (after.notna() & before.isna())
        farther = (after > before + 0.001) | (after.isna() & before.notna())
        assert (effect.nearer, effect.farther) == (int(nearer.sum()), int(farther.sum()))
        assert effect.chosen == int((rows["source"] == "lmm").sum()) > 0
        assert effect.helped[25] - effect.hurt[25] == int((after <= 25).sum()) - int((before <= 25).sum())
        assert f"{effect.helped[25]} helped, {effect.hurt[25]} hurt" in text_of(page(one))


def test_the_page_says_what_the_metrics_say(one: Workspace) -> None:
    metrics = json.loads((one.scores(DUAL) / "metrics.json").read_text(encoding="utf-8"))
    for effect in effects_of(run_of(one)):
        block = metrics[effect.query_set]["lmm"]
        assert [block[name] for name in ("asked", "chosen", "nearer", "farther")] == [
            effect.answers, effect.chosen, effect.nearer, effect.farther,
        ]  # fmt: skip
        for km, figures in block["acc"].items():
            pair = next(pair for pair in effect.comparisons if f"{pair.km:g}" == km)
            assert (figures["helped"], figures["hurt"]) == (effect.helped[pair.km], effect.hurt[pair.km])
            assert figures["points"] == pytest.approx(pair.difference.points)
            assert figures["p_holm"] == pytest.approx(pair.difference.p_holm, rel=1e-5)


def test_differences_are_those_of_the_evaluation_package(one: Workspace) -> None:
    run = run_of(one)
    table = pd.read_parquet(one.refined(DUAL) / "lmm.parquet")
    asked = table.loc[(table["split"] == "query") & (table["outcome"] != "not asked"), "query_id"]
    mine = run.of("dual")[0].queries
    mine = mine[mine["query_id"].isin(asked)]
    expected = compare([mine], [mine.assign(error_km=mine["without_lmm_error_km"])], run.params.score)
    summary = json.loads((one.reports / "summary.json").read_text(encoding="utf-8"))
    for effect in effects_of(run):
        found = {f"{pair.km:g}": pair.difference for pair in effect.comparisons}
        assert found == expected[effect.query_set]
        figures = summary["dual"][effect.query_set]["lmm"]
        assert figures["gain_25"] == pytest.approx(expected[effect.query_set]["25"].points)
        assert figures["helped_25"] - figures["hurt_25"] == round(figures["gain_25"] * figures["answers"] / 100)
    assert "lmm" not in summary["image"]["atlas"]


def test_the_same_systems_twice_do_not_vary_by_seed() -> None:
    rng = np.random.default_rng(5)
    tables = [
        pd.DataFrame(
            {
                "query_id": [f"q{n}" for n in range(80)],
                "query_set": "a",
                "photographer": [f"p{n // 2}" for n in range(80)],
                "error_km": np.where((rng.random(80) < skill) & (np.arange(80) % 4 > 0), 1.0, 500.0),
            }
        )
        for skill in (0.2, 0.5, 0.8)
    ]
    better = [table.assign(error_km=np.where(np.arange(80) % 4 == 0, 1.0, table["error_km"])) for table in tables]
    score = load_params(Path(__file__).parents[2] / "params.yaml").score
    crossed = compare(better, tables, score)["a"]["25"]
    paired = compare(better, tables, score, same_seeds=True)["a"]["25"]
    assert paired.points == crossed.points > 0
    assert paired.high - paired.low < (crossed.high - crossed.low) / 2, "seeds that differ are no doubt about a pair"
    assert paired.decided and not crossed.decided


def test_outcomes_and_reasons_are_counted(one: Workspace) -> None:
    counts = Counter(pd.read_parquet(one.refined(DUAL) / "lmm.parquet")["outcome"])
    words = text_of(page(one))
    for outcome, number in counts.items():
        assert f"{outcome} {number} {100 * number / sum(counts.values()):.1f} %" in words
    assert len(counts) == 7
    assert "refused the model declined" in words


def test_an_answer_that_serves_twice_is_paid_once(small: Workspace) -> None:
    workspace = reported(small, Asked(unanswered=0.0, usd=0.5), DUAL, IMAGE)
    tables = [pd.read_parquet(workspace.refined(cell) / "lmm.parquet") for cell in (DUAL, IMAGE)]
    keys = set(tables[0]["key"]) & set(tables[1]["key"])
    assert len(keys) == len(tables[0]), "the tests' keys are those of the rows, so both cells ask the same"
    rows = {row["name"]: row for row in cost_rows(run_of(workspace))}
    assert rows["dual-0"]["usd"] == rows["image-0"]["usd"] == rows["all"]["usd"] == f"${0.5 * len(keys):.2f}"
    assert rows["dual-0"]["shared"] == "0.0 %"
    assert rows["all"]["shared"] == "50.0 %"
    assert rows["all"]["per_photo"] == "$0.500"


def test_money_per_correct_answer_counts_queries_alone(one: Workspace) -> None:
    table = pd.read_parquet(one.refined(DUAL) / "lmm.parquet")
    queries = pd.read_parquet(one.scores(DUAL) / "queries.parquet")
    sent = table[(table["split"] == "query") & (table["outcome"] != "not asked")]
    rows = queries[queries["query_id"].isin(sent["query_id"])]
    (row,) = cost_rows(run_of(one))
    assert row["per_placed"] == money(sent["usd"].sum() / int((rows["error_km"] <= 25).sum()))
    assert row["per_city"] == money(sent["usd"].sum() / int((rows["same_city"] == 1).sum()))
    assert row["usd"] == money(table["usd"].sum())
    assert row["usd"] in text_of(page(one))


def test_systems_are_compared_on_equal_terms(one: Workspace) -> None:
    run = run_of(one)
    mine, other = (run.of(name)[0].queries for name in ("dual", "image"))
    alone = compare([mine.assign(error_km=mine["without_lmm_error_km"])], [other], run.params.score)["atlas"]["25"]
    words = text_of(page(one))
    assert "With the model left out, dual places" in words
    assert f"{abs(alone.points):.1f} points" in words
    assert "A model was asked by some systems of dual and image only and not by all." in words
    assert "dual † " in words and "dual, model left out" in words
    markdown = (one.reports / "table.md").read_text(encoding="utf-8")
    assert "| atlas | dual † |" in markdown and "| atlas | dual, model left out |" in markdown
    assert "† The answers of dual (dual-0) were refined by claude-test-1; every other system" in markdown
    latex = (one.reports / "table.tex").read_text(encoding="utf-8")
    assert r"dual $^{\dagger}$" in latex and "dual, model left out" in latex and "†" not in latex
    assert all(line.count("&") == 7 for line in latex.splitlines() if line.endswith((r"\\", r"\\[2pt]")))


def test_where_every_system_asked_they_are_compared_as_predicted(small: Workspace) -> None:
    workspace = reported(small, Asked(), DUAL, IMAGE)
    words = text_of(page(workspace))
    assert "With the model left out" not in words
    assert "and not by all" not in words
    assert "clustering alone" not in words
    assert "image only †" in words


def test_what_a_model_says_is_text(small: Workspace) -> None:
    attacks = ("</script><script>alert(9)</script>", '"><img src=x onerror=alert(9)>', "</ul></div>")
    hidden = "left \u202egnirts\u202c and\x00\nright"
    source = page(reported(small, Asked(evidence=(*attacks, hidden), reason=attacks[0], model=attacks[1]), DUAL))
    tags = Tags(source)
    assert tags.open == []
    assert "<script>alert" not in source and "<img src=x" not in source
    assert [tag for tag, _ in tags.found].count("script") == 3
    assert not {"\u202e", "\u202c", "\x00"} & set(source)
    assert "left gnirts and right" in source
    assert all(html.escape(attack, quote=False) in source.replace("&#34;", '"') for attack in attacks)


def test_long_words_of_a_model_stay_short() -> None:
    assert plain("a  b\n\nc", 10) == "a b c"
    assert plain("x" * 100_000, 20) == "x" * 19 + "…"
    assert plain(None, 20) == "" and plain(float("nan"), 20) == ""


def test_figures_of_money_and_time_read_well() -> None:
    assert [money(v) for v in (0, 0.00001, 0.0034, 0.046, 1.2, 1204.0, float("nan"))] == [
        "$0", "under $0.0001", "$0.0034", "$0.046", "$1.20", "$1,204", "–",
    ]  # fmt: skip
    assert [seconds(v) for v in (0.0081, 4.23, 600, 9000)] == ["8 ms", "4.2 s", "10 min", "2.5 h"]


def test_missing_answers_count_as_infinitely_far() -> None:
    nan = float("nan")
    change = moved(np.array([1.0, nan, nan, 5.0, 3.0005]), np.array([nan, 2.0, nan, 4.0, 3.0]))
    assert change.tolist() == [-np.inf, np.inf, 0.0, 1.0, 0.0]


def test_samples_take_turns_and_are_drawn_not_picked() -> None:
    kinds = pd.Series({f"q{n:02d}": KINDS[n % 2] for n in range(40)} | {"z": "no answer"})
    chosen = choose_samples(kinds, 7, seed=3)
    assert Counter(kind for kind, _ in chosen) == {"nearer": 3, "farther": 3, "no answer": 1}
    assert chosen == choose_samples(kinds.iloc[::-1], 7, seed=3)
    assert chosen != choose_samples(kinds, 7, seed=4)
    assert len(choose_samples(kinds, 100, seed=3)) == 41


def test_a_sample_says_what_both_said_and_what_was_taken(small: Workspace) -> None:
    words = text_of(page(reported(small, Asked(prompts=("rag-10", "rag-5"), unanswered=0.0, wrong=0.0), DUAL)))
    assert "Photos that were asked about" in words
    assert "M1 rag-10: Somewhere, Nowhere," in words and "M2 rag-5: " in words
    assert "a red tiled roof" in words and "nearer than retrieval" in words
    assert "The model's answer M1 was taken: its similarity passes the margin" in words


def test_nothing_sent_is_no_effect(small: Workspace) -> None:
    table = ask(small, DUAL, Asked(unanswered=1.0, ends=("not asked",)))
    write_pages(small)
    words = text_of(page(small))
    assert "Nothing was sent about any query photo" in words
    assert f"not asked {len(table)} 100.0 %" in words
    assert "nan" not in words.split()


def test_part_of_a_set_is_said(small: Workspace) -> None:
    workspace = reported(small, Asked(per_set=5, unanswered=0.0), DUAL)
    assert text_of(page(workspace)).count("5 of 12") == 2


def test_scores_that_do_not_know_the_model_are_named(small: Workspace) -> None:
    ask(small, DUAL)
    path = small.scores(DUAL) / "queries.parquet"
    pd.read_parquet(path).drop(columns="without_lmm_error_km").to_parquet(path)
    with pytest.raises(DualGeoError, match=r"has no column without_lmm_error_km.*dvc repro score@dual-0"):
        write_pages(small)


def test_the_same_answers_give_the_same_page_in_any_order(one: Workspace, tmp_path: Path) -> None:
    moved_away = copied(one, tmp_path)
    path = moved_away.refined(DUAL) / "lmm.parquet"
    pd.read_parquet(path).sample(frac=1, random_state=1).to_parquet(path)
    write_pages(moved_away)
    assert page(moved_away) == page(one)


def test_how_requests_travel_is_no_part_of_the_page(one: Workspace) -> None:
    source = page(one)
    assert "max_usd" in source and "concurrency" not in source
