"""Published figures stand beside ours only on the same benchmark, and are never taken for measured ones."""

import csv
import re
from importlib.resources import files
from pathlib import Path

import pytest
from report_workspace import SMALL, Report
from scipy.stats import binomtest

from dualgeo.report.published import benchmark_photos, naive_interval, published_results
from dualgeo.workspace import Workspace


def words(workspace: Workspace) -> str:
    source = (workspace.reports / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<section class="column" id="published".*?</section>', source, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def test_a_benchmark_of_the_field_gets_its_published_figures(report: Report) -> None:
    said = words(report(SMALL.but(query_sets=("im2gps3k", "atlas"))))
    assert said.startswith("Beside published figures Published, not measured here")
    assert "im2gps3k 2,997 photos" in said
    assert "GeoCLIP 14.1 12.9 to 15.4 34.5 32.8 to 36.2" in said, "Wilson's interval of 2,997 photos"
    assert "G3 16.65 " in said, "as it was published, not rounded again"
    assert "arXiv:2309.16020" in said
    assert "measured here, 1 seed" in said
    assert "This run asked 12 photos and the benchmark has 2,997" in said
    assert re.search(r"naive intervals of \d+ of the 16 neighbours in the published ranking overlap", said)
    assert "yfcc4k" not in said


def test_no_benchmark_no_published_figures(full: Workspace) -> None:
    assert words(full) == ""
    source = (full.reports / "index.html").read_text(encoding="utf-8")
    assert "GeoRanker" not in source and 'href="#published"' not in source


def test_the_naive_interval_is_wilsons() -> None:
    for share, photos in ((14.1, 2997), (34.5, 2997), (0.7, 4536), (99.0, 237)):
        expected = binomtest(round(share / 100 * photos), photos).proportion_ci(0.95, method="wilson")
        rounded = 100 * round(share / 100 * photos) / photos
        assert naive_interval(rounded, photos, 0.95) == pytest.approx((100 * expected.low, 100 * expected.high))


def test_every_published_line_has_a_source_and_plausible_figures() -> None:
    found = published_results()
    assert len(found) == 43
    for line in found:
        assert line.title
        assert all(0 <= value <= 100 for value in line.acc.values())
        assert sorted(line.acc.values()) == [line.acc[km] for km in sorted(line.acc)], line.method
    assert {line.benchmark for line in found} == {"im2gps", "im2gps3k", "yfcc4k", "yfcc26k", "gws15k"}


def test_the_shipped_figures_are_those_that_were_collected(shared: Path) -> None:
    mine = (files("dualgeo.report") / "data" / "published_results.csv").read_bytes()
    assert mine == (shared / "reference" / "published_results.csv").read_bytes()


def test_benchmark_sizes_are_those_of_their_tables(shared: Path) -> None:
    tables = {
        "im2gps": "im2gps_places365.csv", "im2gps3k": "im2gps3k_places365.csv", "yfcc4k": "yfcc4k.csv",
        "yfcc26k": "yfcc25600_places365.csv",
    }  # fmt: skip
    for name, table in tables.items():
        with (shared / "benchmarks" / table).open(encoding="utf-8", newline="") as handle:
            assert benchmark_photos()[name] == sum(1 for _ in csv.DictReader(handle))
