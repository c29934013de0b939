"""The error atlas: countries coloured by how well photos taken there were placed, with their figures as tool-tips."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dualgeo.geo.countries import country_map
from dualgeo.geo.outlines import Outline, load_outlines
from dualgeo.geo.sphere import Floats
from dualgeo.report.countries import ALL_SETS, FEW, Countries, CountryFigures
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run
from dualgeo.report.mapview import class_css, embedded_json
from dualgeo.report.style import style_of
from dualgeo.report.words import count, kilometres, percent
from dualgeo.report.worldmap import HEIGHT, WIDTH, densified, error_class, globe_path, graticule_path, path_of, project

SHARES = (20.0, 40.0, 60.0, 80.0)
"""Bounds of the colour classes of accuracy, in percent."""
SMALL_RADIUS = 42


@dataclass(frozen=True)
class _Shape:
    """A country to draw: its path, empty where the small map leaves it out, and a place in it."""

    country: int
    path: str
    x: int
    y: int


def atlas_context(run: Run, found: Countries) -> dict[str, Any]:
    """What templates/atlas.html shows; without a country there is nothing to draw."""
    figures, at_first, outlines = found.figures, found.together, _outlines()
    thresholds = run.params.score.thresholds_km
    km = reference_km(thresholds)
    words = {(f.query_set, f.country): words_of(f, km) for f in figures}
    ranked = sorted(at_first.values(), key=lambda f: (f.acc, -f.queries, f.country))
    lead = style_of(run.lead).name
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "globe": globe_path(),
        "graticule": graticule_path(),
        "others": path_of(list(_rings(o for n, o in outlines.items() if n not in at_first)), close=True),
        "countries": [
            {
                "id": s.country,
                "path": s.path,
                "x": s.x,
                "y": s.y,
                "r": SMALL_RADIUS,
                "css": _css(share_class(at_first[s.country].acc), at_first[s.country].few),
                "words": words[ALL_SETS, s.country],
            }
            for s in _shapes(at_first, outlines)
        ],
        "sets": [ALL_SETS, *run.query_sets],
        "title": f"World map: {lead}, percent of queries within {km:g} km by the country where they were taken",
        "classes": [{"css": f"a{n}", "label": label} for n, label in enumerate(share_labels())],
        "distances": [
            {"css": _distance_css(n, len(thresholds)), "label": label} for n, label in enumerate(km_labels(thresholds))
        ],
        "few": FEW,
        "few_count": sum(f.few for f in at_first.values()),
        "count": len(at_first),
        "nowhere": f"{count(found.nowhere, 'query', 'queries')} taken in no country's territory, on no map here."
        if found.nowhere
        else "",
        "rows": [_row(f) for f in ranked],
        "data": embedded_json({"figures": _embedded(figures, words, thresholds), "hint": "Point at a country."}),
    }


def words_of(figures: CountryFigures, km: float) -> str:
    """France: 52.1 % of 34 queries within 25 km (33.0 to 70.6 %), median error 12 km; few photographers (4)."""
    name = country_map().countries[figures.country].name
    text = f"{name}: {percent(figures.acc)} % of {count(figures.queries, 'query', 'queries')} within {km:g} km "
    text += f"({percent(figures.low)} to {percent(figures.high)} %), "
    text += "most without an answer" if figures.median_km is None else f"median error {kilometres(figures.median_km)}"
    return text + (f"; only {count(figures.units, 'photographer')}" if figures.few else "")


def share_class(acc: float) -> int:
    """0 for the lowest accuracies, len(SHARES) for the highest; a bound belongs to the class above."""
    return int(np.searchsorted(SHARES, acc, side="right"))


def share_labels() -> list[str]:
    """below 20 %, 20 to 40 %, ..., 80 % and more."""
    pairs = pairwise(SHARES)
    return [
        f"below {SHARES[0]:g} %",
        *(f"{a:g} to {b:g} %" for a, b in pairs),
        f"{SHARES[-1]:g} % and more",
    ]


def km_labels(thresholds_km: list[float]) -> list[str]:
    """within 1 km, ..., beyond 2,500 km."""
    bounds = sorted(thresholds_km)
    return [*(f"within {km:,g} km" for km in bounds), f"beyond {bounds[-1]:,g} km"]


def _css(number: int, few: bool) -> str:
    return f"a{number}" + (" few" if few else "")


def _distance_css(number: int, last: int) -> str:
    return "d" + class_css(number, last)[1:]


def _embedded(
    figures: list[CountryFigures], words: dict[tuple[str, int], str], thresholds: list[float]
) -> dict[str, dict[str, list[str]]]:
    """Query set -> country -> classes by accuracy and by median error, and the words."""
    found: dict[str, dict[str, list[str]]] = {ALL_SETS: {}}
    for f in figures:
        median = float("nan") if f.median_km is None else f.median_km
        number = int(error_class([median], thresholds)[0])
        by_median = _distance_css(number if number >= 0 else len(thresholds), len(thresholds))
        few = " few" if f.few else ""
        entry = [_css(share_class(f.acc), f.few), by_median + few, words[f.query_set, f.country]]
        found.setdefault(f.query_set, {})[str(f.country)] = entry
    return found


def _row(figures: CountryFigures) -> dict[str, Any]:
    return {
        "name": country_map().countries[figures.country].name,
        "queries": f"{figures.queries:,}",
        "units": f"{figures.units:,}",
        "acc": percent(figures.acc),
        "interval": f"{percent(figures.low)} to {percent(figures.high)}",
        "median": "–" if figures.median_km is None else kilometres(figures.median_km),
        "few": figures.few,
    }


def _shapes(figures: dict[int, CountryFigures], outlines: dict[int, Outline]) -> Iterator[_Shape]:
    """Each country's shape; one that 1:110 million leaves out is a disc at one of its true places."""
    for country, found in sorted(figures.items()):
        (x,), (y,) = project([found.lat], [found.lon])
        path = path_of(list(_rings([outlines[country]])), close=True) if country in outlines else ""
        yield _Shape(country, path, int(x), int(y))


def _outlines() -> dict[int, Outline]:
    """Position in `country_map().countries` -> outline at 1:110 million."""
    position = {country.name: number for number, country in enumerate(country_map().countries)}
    return {position[outline.name]: outline for outline in load_outlines("110m")}


def _rings(outlines: Iterable[Outline]) -> Iterator[tuple[Floats, Floats]]:
    for outline in outlines:
        for polygon in outline.polygons:
            ring = np.asarray(polygon.exterior.coords)
            yield densified(ring[:, 1], ring[:, 0])
