"""Whether the system knows when it is right, how much of the Earth must be searched, what its candidates hold."""

from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup

from dualgeo.evaluation.recall_area import EARTH_KM2
from dualgeo.evaluation.score import threshold_key
from dualgeo.geo.sphere import Floats
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import CellRun, Run, number
from dualgeo.report.panels import Axis, Line, Panel, dotted, percent_panel
from dualgeo.report.words import percent

SHARES = Axis(0, 100, ((0, "0"), (50, "50 %"), (100, "all")))
AREAS = Axis(
    1, 5.2e8, ((1, "1 km²"), (1e3, "10³"), (1e6, "10⁶"), (5.1e8, "Earth")), log=True
)  # fmt: skip
Curve = tuple[Floats, Floats]
"""x (n,) and percent (n,)."""


def risk_lines(run: Run, query_set: str) -> list[Line]:
    """Accuracy within the reference distance of the surest share of queries."""
    key = threshold_key(reference_km(run.params.score.thresholds_km))
    return _lines(run, lambda cell: _risk_curve(cell, query_set, "acc", key))


def area_lines(run: Run, query_set: str) -> list[Line]:
    """Share of queries found within an area around the answer that grows."""
    return _lines(run, lambda cell: _area_curve(cell, query_set))


def oracle_lines(run: Run, query_set: str) -> list[Line]:
    """Share of queries for which one of the first k candidates lies within the reference distance."""
    key = threshold_key(reference_km(run.params.score.thresholds_km))
    return _lines(run, lambda cell: _oracle_curve(cell, query_set, key))


def confidence_context(run: Run) -> dict[str, list[Panel]]:
    """The panels of the three kinds; a kind that the scores do not hold has none."""
    return {
        "risk_panels": _panels(run, risk_lines, lambda name, lines: SHARES, "surest share of queries", _best),
        "area_panels": _panels(run, area_lines, lambda name, lines: AREAS, "area searched", _no_reference),
        "oracle_panels": _panels(run, oracle_lines, lambda name, lines: depth_axis(lines), "candidates", _no_reference),
    }


def depth_axis(lines: list[Line]) -> Axis:
    """From the first candidate to the last one."""
    most = max((float(line.x.max()) for line in lines), default=1.0)
    ticks = sorted({1.0, *(k for k in (5.0, 20.0, 100.0) if k < most), most})
    return Axis(1, max(most, 2.0), tuple((k, f"{k:g}") for k in ticks), log=True)


def _panels(
    run: Run,
    lines_of: Callable[[Run, str], list[Line]],
    axis_of: Callable[[str, list[Line]], Axis],
    what: str,
    reference: Callable[[Run, str, Axis], Markup],
) -> list[Panel]:
    panels: list[Panel] = []
    for name in run.query_sets:
        lines = lines_of(run, name)
        if lines:
            axis = axis_of(name, lines)
            label = f"Percent of {name} queries against {what}, a line for each variant"
            panels.append(percent_panel(name, _note(run, name, what), axis, lines, label, reference(run, name, axis)))
    return panels


def _best(run: Run, query_set: str, axis: Axis) -> Markup:
    """What the best ordering of the lead variant's answers would have."""
    key = threshold_key(reference_km(run.params.score.thresholds_km))
    found = [_risk_curve(cell, query_set, "best", key) for cell in run.of(run.lead)]
    known = [curve for curve in found if curve is not None]
    return dotted(known[0][0], np.mean([y for _, y in known], axis=0), axis) if known else Markup("")


def _no_reference(run: Run, query_set: str, axis: Axis) -> Markup:
    return Markup("")


def _note(run: Run, query_set: str, what: str) -> str:
    """The figure that sums a chart up, for the lead variant."""
    found = [cell.metrics.get(query_set, {}) for cell in run.of(run.lead)]
    if what == "area searched":
        areas = [number((figures.get("recall_area") or {}).get("answer")) for figures in found]
        mean = float(np.mean(areas))
        return f"half: {area_text(mean)}" if np.isfinite(mean) else "half never found"
    if what == "surest share of queries":
        key = threshold_key(reference_km(run.params.score.thresholds_km))
        halves = [number((((f.get("risk_coverage") or {}).get("acc") or {}).get("0.5") or {}).get(key)) for f in found]
        return f"surest half: {percent(float(np.mean(halves)))} %"
    return ""


def area_text(area_km2: float) -> str:
    """44 km², 8,300 km², 22 % of Earth."""
    return f"{area_km2:,.0f} km²" if area_km2 < 1e6 else f"{100 * area_km2 / EARTH_KM2:.1f} % of Earth"


def _lines(run: Run, curve_of: Callable[[CellRun], Curve | None]) -> list[Line]:
    """A line for each variant all of whose seeds have the curve."""
    lines: list[Line] = []
    for variant in run.variants:
        known = [curve for cell in run.of(variant) if (curve := curve_of(cell)) is not None]
        if len(known) == len(run.of(variant)):
            lines.append(Line(variant, known[0][0], np.stack([y for _, y in known])))
    return lines


def _risk_curve(cell: CellRun, query_set: str, part: str, key: str) -> Curve | None:
    curve = _curves(cell, query_set).get("risk_coverage") or {}
    values = (curve.get(part) or {}).get(key)
    return (100 * _numbers(curve["share"]), _numbers(values)) if values else None


def _area_curve(cell: CellRun, query_set: str) -> Curve | None:
    curve = _curves(cell, query_set).get("recall_area") or {}
    values = (curve.get("recall") or {}).get("answer")
    return (_numbers(curve["area_km2"]), _numbers(values)) if values else None


def _oracle_curve(cell: CellRun, query_set: str, key: str) -> Curve | None:
    by_depth = cell.metrics.get(query_set, {}).get("oracle_at") or {}
    if not by_depth:
        return None
    depths = sorted(by_depth, key=int)
    return np.array([float(k) for k in depths]), _numbers([by_depth[k].get(key) for k in depths])


def _curves(cell: CellRun, query_set: str) -> dict[str, Any]:
    return cell.curves.get(query_set) or {}


def _numbers(values: list[object]) -> Floats:
    return np.array([number(value) for value in values], np.float64)
