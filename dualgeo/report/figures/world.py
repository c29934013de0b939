"""The error atlas as a figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dualgeo.geo.countries import country_map
from dualgeo.geo.outlines import load_outlines
from dualgeo.geo.projections import equal_earth
from dualgeo.report.countries import FEW, Countries, CountryFigures
from dualgeo.report.erroratlas import share_class, share_labels
from dualgeo.report.figures.canvas import RULE, SOFT, Drawing
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.worldmap import densified

CLASSES = ("#8f1137", "#d5632c", "#e2b155", "#74a8cf", "#14569b")
"""As in templates/evidence.css."""
NO_QUERIES = "#eeece7"


def error_atlas(run: Run, countries: Countries) -> Drawing:
    """Countries coloured by the lead variant's accuracy, all query sets together."""
    found = countries.together
    km = reference_km(run.params.score.thresholds_km)

    def draw() -> Figure:
        figure = Figure(figsize=(7, 3.9), layout="constrained")
        axes = figure.subplots()
        _countries(axes, found)
        axes.set_aspect("equal")
        axes.axis("off")
        handles = [Patch(facecolor=colour, label=text) for colour, text in zip(CLASSES, share_labels(), strict=True)]
        handles.append(Patch(facecolor="white", edgecolor=SOFT, hatch="////", label=f"under {FEW} photographers"))
        figure.legend(
            handles=handles, loc="outside lower center", ncols=3, fontsize=7, title=f"queries within {km:g} km"
        )
        return figure

    header = ["country", "code", "queries", "photographers", "threshold_km", "acc", "low", "high", "median_km", "few"]
    names = country_map().countries
    data = [
        (
            names[n].name, names[n].code, f.queries, f.units, km, f.acc, f.low, f.high, f.median_km, f.few,
        )
        for n, f in sorted(found.items())
    ]  # fmt: skip
    return Drawing("error_atlas", draw, header, data)


def _countries(axes: Axes, found: dict[int, CountryFigures]) -> None:
    position = {country.name: number for number, country in enumerate(country_map().countries)}
    drawn: set[int] = set()
    for outline in load_outlines("110m"):
        number = position[outline.name]
        figures = found.get(number)
        drawn.add(number)
        rings = [_projected(np.asarray(polygon.exterior.coords)) for polygon in outline.polygons]
        face = CLASSES[share_class(figures.acc)] if figures else NO_QUERIES
        hatch = "//////" if figures and figures.few else None
        edge = "white" if figures else RULE
        axes.add_collection(PolyCollection(rings, facecolor=face, edgecolor=edge, linewidth=0.3, hatch=hatch))
    for number, figures in sorted(found.items()):
        if number not in drawn:
            x, y = equal_earth([figures.lat], [figures.lon])
            axes.plot(x, y, "o", color=CLASSES[share_class(figures.acc)], markersize=2.6, markeredgewidth=0)
    axes.set_xlim(-2.71, 2.71)
    axes.set_ylim(-1.32, 1.32)


def _projected(ring: np.ndarray) -> np.ndarray:
    x, y = equal_earth(*densified(ring[:, 1], ring[:, 0]))
    return np.column_stack([x, y])
