"""Write reports/figures/: what the run has, and nothing that an earlier run left."""

from dualgeo.files import folder_written_whole
from dualgeo.report.figures import bars, lines, world
from dualgeo.report.figures.canvas import write_drawing
from dualgeo.report.inputs import Run
from dualgeo.report.results import Results


def write_figures(run: Run, results: Results) -> None:
    """Write every figure that has data as NAME.svg, NAME.png and NAME.csv."""
    drawings = [
        bars.accuracy(run, results.rows),
        bars.differences(run, results.comparisons),
        lines.curves(run),
        bars.calibration(run, results.coverages),
        lines.risk_coverage(run),
        lines.recall_area(run),
        world.error_atlas(run, results.countries),
        bars.strata(run, results.strata),
    ]
    with folder_written_whole(run.workspace.reports / "figures") as folder:
        for drawing in drawings:
            if drawing.rows:
                write_drawing(drawing, folder)
