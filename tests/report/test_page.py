"""The page: self-contained, deterministic, equal to the metrics, and safe whatever file names it shows."""

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from report_workspace import SMALL, Recipe, Report, write_pages

from dualgeo.errors import DualGeoError
from dualgeo.workspace import Cell, Workspace

FILES = ("index.html", "table.md", "table.tex", "summary.json", "plots/accuracy.csv", "plots/loss.csv")


def page(workspace: Workspace) -> str:
    return (workspace.reports / "index.html").read_text(encoding="utf-8")


def text_of(source: str) -> str:
    """The page's words without its markup."""
    source = re.sub(r"<(script|style)\b.*?</\1>", " ", source, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source)).split())


def again(workspace: Workspace) -> str:
    write_pages(workspace)
    return page(workspace)


class Tags(HTMLParser):
    """Every element with its attributes, and whether elements close in order."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def test_the_same_run_gives_the_same_bytes_wherever_it_lies(full: Workspace, tmp_path: Path) -> None:
    moved = Workspace(Path(shutil.copytree(full.root, tmp_path / "elsewhere")))
    shutil.rmtree(moved.reports / "plots")
    again(moved)
    for name in FILES:
        assert (moved.reports / name).read_bytes() == (full.reports / name).read_bytes(), name
        assert str(full.root) not in (full.reports / name).read_text(encoding="utf-8")


def test_nothing_is_loaded_from_outside(full: Workspace) -> None:
    tags = Tags(page(full)).found
    for tag, attributes in tags:
        for name in ("src", "srcset", "data", "poster", "action", "xlink:href", "background"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
        if tag in ("link", "use"):
            assert (attributes["href"] or "").startswith(("data:", "#"))
    assert not {"iframe", "object", "embed", "base"} & {tag for tag, _ in tags}
    assert "url(" not in page(full)
    assert "@import" not in page(full)
    assert "default-src 'none'" in page(full)


def test_elements_are_well_formed_and_pictures_have_words(full: Workspace) -> None:
    tags = Tags(page(full))
    assert tags.open == []
    for tag, attributes in tags.found:
        if tag == "img":
            assert attributes.get("alt")
        if tag == "svg":
            assert attributes.get("role") == "img" or attributes.get("aria-hidden") == "true"
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_accuracy_of_metrics_json_stands_in_the_table(full: Workspace) -> None:
    rows = re.findall(r'<tbody data-set="(.*?)">(.*?)</tbody>', page(full), flags=re.S)
    assert [name for name, _ in rows] == ["atlas", "atlas-night", "atlas-fog", "atlas-unseen"]
    for query_set, body in rows:
        for variant, name in (("image", "image only"), ("segmentation", "segmentation only"), ("dual", "dual")):
            line = next(text_of(part) for part in body.split("<tr") if f"</svg>{name}</th>" in part)
            cells = [json.loads((full.scores(Cell(variant, s)) / "metrics.json").read_text()) for s in (0, 1, 2)]
            for km in ("1", "25", "200", "750", "2500"):
                values = [cell[query_set]["acc"][km]["value"] for cell in cells]
                assert f"{sum(values) / 3:.1f} ± " in line
            assert f"{sum(cell[query_set]['geoscore'] for cell in cells) / 3:,.0f}" in line
            assert f"{sum(cell[query_set]['oracle']['25']['value'] for cell in cells) / 3:.1f}" in line


def test_one_seed_shows_the_interval_of_metrics_json(small: Workspace) -> None:
    for variant in ("image", "dual"):
        found = json.loads((small.scores(Cell(variant, 0)) / "metrics.json").read_text())["atlas"]["acc"]["25"]
        assert f"{found['low']:.1f} to {found['high']:.1f}" in text_of(page(small))


def test_failures_are_listed_and_are_misses(full: Workspace) -> None:
    words = text_of(page(full))
    assert "2 queries without an answer, each counted as a miss" in words
    assert "q0-0000 atlas every cell the image could not be read" in words
    assert "Every query got an answer" not in words


def test_no_failures_is_said_too(report: Report) -> None:
    assert "Every query got an answer from every system." in text_of(page(report(SMALL.but(failures=0))))


def test_hostile_names_are_shown_as_text(small: Workspace) -> None:
    path = small.data("atlas") / "photos.parquet"
    photos = pd.read_parquet(path)
    photos["city"] = "</script><script>alert(2)</script>"
    photos["source_url"] = "javascript:alert(3)"
    photos.loc[0, "source_url"] = "https://example.org/?a=1&b=<script>"
    photos["photographer"] = '"><img src=x onerror=alert(4)>'
    photos.to_parquet(path)
    source = again(small)
    assert "<script>alert" not in source
    assert "<img src=x" not in source
    assert 'href="javascript:' not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.jpg" in source
    assert [tag for tag, _ in Tags(source).found].count("script") == 3


def test_quarantine_is_counted_by_reason(full: Workspace) -> None:
    words = text_of(page(full))
    assert "3 files of the raw data could not be used" in words
    assert "the image is truncated 2" in words
    assert 'a "quoted", name.png no coordinates' in words


def test_the_banner_shows_only_where_accuracy_means_little(full: Workspace, report: Report) -> None:
    warning = "accuracy on real photos means little here"
    assert warning not in page(full)
    other = report(SMALL.but(meaningful=False))
    assert warning in page(other)
    assert warning in (other.reports / "table.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"variants": ("dual",)}, "holds no two variants to compare"),
        ({"variants": ("image",)}, "Image only places"),
        ({"variants": ("image", "segmentation", "dual-no-attention", "dual")}, "dual, no attention"),
        ({"masks": False}, "No mask in the cache."),
        ({"quality": False}, "there are no ground-truth masks"),
        ({"queries": 0, "failures": 0}, "This run answered no queries"),
        ({"queries": 1, "failures": 0}, "1 query"),
        ({"query_sets": ("atlas",), "failures": 12}, "no answer"),
        ({"validation": 0}, "Accuracy against distance"),
        ({"examples": 1}, "Example queries"),
    ],
)
def test_runs_that_lack_something_are_still_reported(report: Report, change: dict[str, object], expected: str) -> None:
    source = page(report(SMALL.but(**change)))
    assert expected in text_of(source)
    assert Tags(source).open == []
    assert "nan" not in text_of(source).split()


def test_missing_optional_files_are_said(small: Workspace) -> None:
    (small.validation / "validation.json").unlink()
    (small.data("atlas") / "quarantine.csv").unlink()
    for seed in (0,):
        (small.model(Cell("dual", seed)) / "curve.csv").unlink()
    words = text_of(again(small))
    assert "No validation result was found" in words
    assert "no row of this dataset was quarantined" in words


def test_a_missing_cell_is_named_with_its_stage(small: Workspace) -> None:
    shutil.rmtree(small.scores(Cell("dual", 0)))
    before = page(small)
    with pytest.raises(DualGeoError, match=r"scores/dual-0/metrics.json does not exist; run `dvc repro score@dual-0`"):
        again(small)
    assert page(small) == before


def test_a_damaged_table_is_named(small: Workspace) -> None:
    (small.scores(Cell("dual", 0)) / "queries.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DualGeoError, match=r"queries\.parquet cannot be used"):
        again(small)


def test_the_other_files_hold_the_same_figures(full: Workspace) -> None:
    summary = json.loads((full.reports / "summary.json").read_text())
    values = [
        json.loads((full.scores(Cell("dual", s)) / "metrics.json").read_text())["atlas-fog"]["acc"]["25"]["value"]
        for s in (0, 1, 2)
    ]
    assert summary["dual"]["atlas-fog"]["acc_25"] == pytest.approx(sum(values) / 3, abs=1e-3)
    assert set(summary["image"]["atlas"]) >= {"acc_1", "acc_25", "acc_2500", "median_km", "geoscore"}
    curve = pd.read_csv(full.reports / "plots" / "accuracy.csv")
    row = curve[(curve.variant == "dual") & (curve.query_set == "atlas-fog") & (curve.threshold_km == 25)].iloc[0]
    assert row.acc == pytest.approx(summary["dual"]["atlas-fog"]["acc_25"], abs=1e-3)
    assert row.low <= row.acc <= row.high
    losses = pd.read_csv(full.reports / "plots" / "loss.csv")
    assert losses.groupby("cell").size().to_dict()["dual-2"] == 12
    assert f"{row.acc:.1f} ± " in (full.reports / "table.md").read_text(encoding="utf-8")


def test_the_headline_says_what_the_interval_says(full: Workspace) -> None:
    words = text_of(page(full))
    headline = re.search(r"<h1>(.*?)</h1>", page(full))
    assert headline is not None
    found = re.search(r"interval (\S+) to (\S+), p [=<>] (\S+)\)", html.unescape(headline[1]))
    assert found is not None
    low, high = (float(part.replace("−", "-")) for part in found.groups()[:2])
    decided = float(found[3]) <= 0.05
    assert ("no difference could be shown" in headline[1]) != decided
    assert not (low <= 0 <= high and decided), "a corrected p is stricter than the interval"
    assert "p is corrected by Holm's method" in words


def test_the_demo_size_stays_small(full: Workspace) -> None:
    assert len(page(full)) < 2_000_000
    assert Recipe().queries * 4 == 240
