"""`study`: the difference that the segmentation view makes under every condition, with its interval."""

import csv
import io

from markupsafe import Markup

from dualgeo.files import read_json
from dualgeo.previews.material import Material
from dualgeo.previews.sheet import MARGIN, TOP, WIDTH, label, sheet
from dualgeo.report.svg import Scale, tag
from dualgeo.report.words import signed

LINE, NAMES, FIGURES = 18.0, 150.0, 150.0
COLOURS = {"helps": "#17683c", "hurts": "#a3232f", "undecided": "#6d737b"}
ANSWERS = {
    "earns": "The segmentation view earns its place",
    "costs": "With the segmentation view, answers are worse",
    "mixed": "The segmentation view helps and hurts",
    "open": "No worth of the segmentation view could be shown",
}


def verdict_picture(material: Material) -> Markup:
    """A line a condition: the interval, and the points in its middle."""
    folder = material.workspace.study
    text = material.need(folder / "differences.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    found = read_json(material.need(folder / "study.json"))
    reach = max(1.0, *(abs(float(row[name])) for row in rows for name in ("low", "high")))
    x = Scale(-reach, reach, MARGIN + NAMES, WIDTH - MARGIN - FIGURES)
    bottom = TOP + LINE * len(rows) + 6
    parts = [tag("path", d=f"M{x(0):.1f} {TOP}V{bottom}", class_="rule")]
    for number, row in enumerate(rows):
        parts += _line(row, x, TOP + LINE * (number + 0.5))
    lead, baseline, km = rows[0]["lead"], rows[0]["baseline"], rows[0]["threshold_km"]
    subtitle = f"{lead} minus {baseline} in points within {km} km; coloured where it was shown"
    return sheet(ANSWERS.get(str(found.get("answer")), "The study"), subtitle, parts, bottom + 14)


def _line(row: dict[str, str], x: Scale, y: float) -> list[Markup]:
    low, points, high = (float(row[name]) for name in ("low", "points", "high"))
    colour = COLOURS.get(row["outcome"], COLOURS["undecided"])
    figures = f"{signed(points)} ({signed(low)} to {signed(high)})"
    return [
        label(row["query_set"], x.start - 12, y + 4, "tiny end"),
        tag("path", d=f"M{x(low):.1f} {y:.1f}H{x(high):.1f}", stroke=colour, stroke_width=2, fill="none"),
        tag("circle", cx=x(points), cy=y, r=3.6, fill=colour),
        label(figures, WIDTH - MARGIN, y + 4, "tiny end soft"),
    ]
