"""Figures and the LaTeX table: the same bytes each time, data beside each picture, text safe in LaTeX."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from dualgeo.params import load_params
from dualgeo.report.comparisons import comparisons_of
from dualgeo.report.figures.write import write_figures
from dualgeo.report.findings import rows_of
from dualgeo.report.inputs import read_run
from dualgeo.report.latex import escaped, latex_table
from dualgeo.report.results import results_of
from dualgeo.workspace import Workspace

NAMES = {
    "accuracy", "differences", "curves", "calibration", "risk_coverage", "recall_area", "error_atlas", "strata",
}  # fmt: skip


def test_every_figure_comes_as_svg_png_and_csv(full: Workspace) -> None:
    folder = full.reports / "figures"
    assert {path.name for path in folder.iterdir()} == {f"{n}.{kind}" for n in NAMES for kind in ("svg", "png", "csv")}
    for name in NAMES:
        with Image.open(folder / f"{name}.png") as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(maxcolors=1 << 24) or []) > 8, f"{name} is empty"
        source = (folder / f"{name}.svg").read_text(encoding="utf-8")
        assert source.count("<path") > 20
        assert not re.findall(r'(?:href|src)="(?!#)(?!data:)', source), "an SVG loads nothing"
        assert not pd.read_csv(folder / f"{name}.csv").empty


def test_two_runs_draw_the_same_bytes(full: Workspace, tmp_path: Path) -> None:
    moved = Workspace(Path(shutil.copytree(full.root, tmp_path / "elsewhere")))
    (moved.reports / "figures" / "of-an-older-run.svg").write_text("gone")
    run = read_run(moved, load_params(moved.params))
    write_figures(run, results_of(run))
    mine, other = moved.reports / "figures", full.reports / "figures"
    assert {path.name for path in mine.iterdir()} == {path.name for path in other.iterdir()}
    for path in mine.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name
    assert b"<dc:date>" not in (mine / "accuracy.svg").read_bytes()


def test_the_data_of_a_figure_are_the_figures_of_the_run(full: Workspace) -> None:
    run = read_run(full, load_params(full.params))
    accuracy = pd.read_csv(full.reports / "figures" / "accuracy.csv").set_index(["query_set", "variant"])
    for row in rows_of(run):
        assert accuracy.loc[(row.query_set, row.variant), "acc"] == pytest.approx(row.acc[25.0].mean, rel=1e-5)
        assert accuracy.loc[(row.query_set, row.variant), "low"] == pytest.approx(row.acc[25.0].low, rel=1e-5)
    drawn = pd.read_csv(full.reports / "figures" / "differences.csv").set_index("query_set")
    found = {c.query_set: c.difference for c in comparisons_of(run) if c.variant == "dual" and c.km == 25.0}
    assert set(drawn.index) == set(found)
    for name, gain in found.items():
        assert drawn.loc[name, "p_holm"] == pytest.approx(gain.p_holm, rel=1e-5)
        assert bool(drawn.loc[name, "decided"]) == gain.decided


def test_latex_text_is_escaped() -> None:
    assert escaped(r"50% & $x_1$ #2 {a} \b ~ ^") == (
        r"50\% \& \$x\_1\$ \#2 \{a\} \textbackslash{}b \textasciitilde{} \textasciicircum{}"
    )


def test_the_latex_table_is_whole(full: Workspace) -> None:
    text = (full.reports / "table.tex").read_text(encoding="utf-8")
    run = read_run(full, load_params(full.params))
    assert text == latex_table(run, rows_of(run), comparisons_of(run))
    body = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.endswith((r"\\", r"\\[2pt]"))]
    assert len(lines) == 1 + 2 * 12
    assert {line.count("&") - line.count(r"\&") for line in lines} == {7}
    assert text.count("{") == text.count("}") and text.count("$") % 2 == 0
    assert re.findall(r"\\begin\{(\S+?)\}", text) == re.findall(r"\\end\{(\S+?)\}", text)[::-1]
    row = next(r for r in rows_of(run) if (r.query_set, r.variant) == ("atlas-fog", "dual"))
    figure = row.acc[25.0]
    assert rf"{figure.mean:.1f} $\pm$ {figure.sd:.1f}" in text
    assert rf"[{figure.low:.1f}, {figure.high:.1f}]" in text
    marks = text.count(r"$^{\uparrow}$") + text.count(r"$^{\downarrow}$")
    assert marks == sum(bool(c.verdict) for c in comparisons_of(run))


def test_the_latex_table_compiles(full: Workspace, tmp_path: Path) -> None:
    program = shutil.which("pdflatex") or shutil.which("tectonic")
    if program is None:
        pytest.skip("no TeX on this machine to compile the table with")
    document = r"\documentclass[a4paper]{article}\usepackage{booktabs}\begin{document}\input{table}\end{document}"
    (tmp_path / "paper.tex").write_text(document)
    shutil.copy(full.reports / "table.tex", tmp_path / "table.tex")
    done = subprocess.run(
        [program, "paper.tex"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (tmp_path / "paper.pdf").exists(), done.stdout[-2000:]
