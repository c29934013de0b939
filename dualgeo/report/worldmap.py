"""The world map: gallery density, queries, predictions and great-circle error arcs on the Equal Earth projection."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.geo.outlines import world_rings
from dualgeo.geo.projections import equal_earth
from dualgeo.geo.sphere import Floats, degrees_of, unit_vectors
from dualgeo.report.inputs import Run

WIDTH, HEIGHT = 9600, 4672
"""Units of the drawing; whole numbers keep its paths short."""
HALF_WIDTH, HALF_HEIGHT = 2.7066300, 1.3173628
STEP_DEGREES = 3.0
DENSITY_BIN = 80
SHORTEST_ARC = 12
"""Arcs shorter than this (units) would hide below their end points."""
MOST_ANSWERS = 12_000
"""Answers in the whole map, all selections together; larger query sets are thinned evenly, and the page says so."""


def project(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Degrees to whole drawing units, x to the right and y down; inputs must be finite."""
    x, y = equal_earth(lat, lon)
    return (
        np.rint((x / HALF_WIDTH + 1) * WIDTH / 2).astype(np.int64),
        np.rint((1 - y / HALF_HEIGHT) * HEIGHT / 2).astype(np.int64),
    )


def great_circle(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[Floats, Floats]]:
    """The shortest way between two points (lat, lon) as pieces (lat, lon) that never cross the antimeridian."""
    a, b = unit_vectors(*start), unit_vectors(*end)
    angle = float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))
    if angle < 1e-9:
        return []
    side = b - (a @ b) * a
    if np.linalg.norm(side) < 1e-9:  # antipodes: every great circle is a shortest way, take the one over a pole
        side = np.array([0.0, 0.0, 1.0]) - a[2] * a if abs(a[2]) < 0.999 else np.array([1.0, 0.0, 0.0])
    side = side / np.linalg.norm(side)
    t = np.linspace(0, angle, max(2, int(np.ceil(np.degrees(angle) / STEP_DEGREES)) + 1))[:, None]
    return split_at_antimeridian(*degrees_of(np.cos(t) * a + np.sin(t) * side))


def split_at_antimeridian(lat: Floats, lon: Floats) -> list[tuple[Floats, Floats]]:
    """Cut a line where it jumps from one edge of the map to the other, adding the point on each edge."""
    cuts = np.flatnonzero(np.abs(np.diff(lon)) > 180)
    pieces: list[tuple[Floats, Floats]] = []
    lats, lons = list(lat[:1]), list(lon[:1])
    for i in range(1, len(lat)):
        if i - 1 in cuts:
            edge = 180.0 if lons[-1] > 0 else -180.0
            gap = 360.0 - abs(float(lon[i]) - lons[-1])
            share = abs(edge - lons[-1]) / gap if gap > 0 else 0.5
            crossing = lats[-1] + share * (float(lat[i]) - lats[-1])
            pieces.append((np.array([*lats, crossing]), np.array([*lons, edge])))
            lats, lons = [crossing], [-edge]
        lats.append(float(lat[i]))
        lons.append(float(lon[i]))
    pieces.append((np.array(lats), np.array(lons)))
    return [piece for piece in pieces if len(piece[0]) > 1]


def path_of(pieces: Sequence[tuple[Floats, Floats]], close: bool = False) -> str:
    """`d` of lines given in degrees, in whole units with relative steps."""
    written: list[str] = []
    for lat, lon in pieces:
        x, y = project(lat, lon)
        keep = np.r_[True, (np.diff(x) != 0) | (np.diff(y) != 0)]
        x, y = x[keep], y[keep]
        steps = "".join(f"l{dx} {dy}" for dx, dy in zip(np.diff(x), np.diff(y), strict=True))
        written.append(f"M{x[0]} {y[0]}{steps}" + ("Z" if close and steps else ""))
    return "".join(written)


def arc_path(start: tuple[float, float], end: tuple[float, float]) -> str:
    """`d` of the error arc, empty where its ends fall together on the map."""
    (x0, x1), (y0, y1) = project(np.array([start[0], end[0]]), np.array([start[1], end[1]]))
    if np.hypot(x1 - x0, y1 - y0) < SHORTEST_ARC:
        return ""
    return path_of(great_circle(start, end))


def land_path() -> str:
    """`d` of the land outline."""
    return path_of([densified(np.asarray(r)[:, 0], np.asarray(r)[:, 1]) for r in world_rings()], close=True)


def densified(lat: Floats, lon: Floats, step: float = 4.0) -> tuple[Floats, Floats]:
    """The same ring with points at most `step` degrees apart, so that long edges follow the curved meridians."""
    counts = np.maximum(1, np.ceil(np.maximum(np.abs(np.diff(lat)), np.abs(np.diff(lon))) / step).astype(int))
    at = np.concatenate([[0.0], *(i + np.arange(1, n + 1) / n for i, n in enumerate(counts))])
    return np.interp(at, np.arange(len(lat)), lat), np.interp(at, np.arange(len(lon)), lon)


def globe_path() -> str:
    """`d` of the map's rim."""
    lat = np.linspace(-90, 90, 61)
    return path_of([(np.r_[lat, lat[::-1]], np.r_[np.full(61, 180.0), np.full(61, -180.0)])], close=True)


def graticule_path() -> str:
    """`d` of the meridians and parallels every 30 degrees."""
    lat, lon = np.linspace(-90, 90, 61), np.linspace(-180, 180, 61)
    meridians = [(lat, np.full(61, float(m))) for m in range(-150, 180, 30)]
    return path_of([*meridians, *((np.full(61, float(p)), lon) for p in range(-60, 90, 30))])


def density(gallery: pd.DataFrame) -> list[dict[str, float]]:
    """Gallery photos counted in equal areas: circles with `x`, `y`, `r` (units) and `count`, largest first."""
    if gallery.empty:
        return []
    x, y = project(gallery["lat"].to_numpy(), gallery["lon"].to_numpy())
    cells = pd.DataFrame({"u": x // DENSITY_BIN, "v": y // DENSITY_BIN, "x": x, "y": y})
    bins = cells.groupby(["u", "v"]).agg(x=("x", "mean"), y=("y", "mean"), count=("x", "size")).reset_index()
    bins["r"] = 18 + 52 * np.sqrt(bins["count"] / bins["count"].max())
    bins = bins.sort_values(["count", "u", "v"], ascending=[False, True, True])
    return [
        {"x": round(float(x)), "y": round(float(y)), "r": round(float(r)), "count": int(n)}
        for x, y, r, n in zip(bins["x"], bins["y"], bins["r"], bins["count"], strict=True)
    ]  # fmt: skip


def error_class(error_km: npt.ArrayLike, thresholds_km: Sequence[float]) -> npt.NDArray[np.int64]:
    """0 for errors within the first threshold, ..., len(thresholds) beyond the last, -1 for a failure."""
    errors = np.asarray(error_km, np.float64)
    return np.where(np.isnan(errors), -1, np.searchsorted(np.sort(np.asarray(thresholds_km)), errors, side="left"))


def layers(run: Run) -> dict[str, Any]:
    """What the map shows: for each query set its photos, for each variant its first seed's answers.

    `{"sets": {name: {"id", "place", "x", "y"}}, "answers": {name: {variant: {"c", "km", "x", "y", "d"}}}}`: parallel
    lists; `c` is the error class, `d` the arc; a failure has class -1 and null in km, x and y.
    """
    sets: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    places = place_names(run.photos)
    for name in run.query_sets:
        answers[name] = {}
        for variant in run.variants:
            table = run.of(variant)[0].queries
            rows = table[table["query_set"] == name].iloc[:: stride(run)]
            if name not in sets:
                x, y = project(rows["lat"].to_numpy(), rows["lon"].to_numpy())
                ids = [str(i) for i in rows["query_id"]]
                sets[name] = {"id": ids, "place": [places.get(i, "") for i in ids], "x": x.tolist(), "y": y.tolist()}
            answers[name][variant] = answer_layer(rows, run.params.score.thresholds_km)
    return {"sets": sets, "answers": answers}


def stride(run: Run) -> int:
    """1 where every query is drawn, n where every n-th is."""
    answers = sum(len(run.of(variant)[0].queries) for variant in run.variants)
    return max(1, -(-answers // MOST_ANSWERS))


def answer_layer(rows: pd.DataFrame, thresholds_km: Sequence[float]) -> dict[str, Any]:
    """One query set as one cell answered it."""
    classes = error_class(rows["error_km"], thresholds_km)
    layer: dict[str, list[Any]] = {"c": classes.tolist(), "km": [], "x": [], "y": [], "d": []}
    columns = ["lat", "lon", "predicted_lat", "predicted_lon", "error_km"]
    for lat, lon, to_lat, to_lon, km in rows[columns].to_numpy(np.float64).tolist():
        if np.isnan(km):
            for key, empty in (("km", None), ("x", None), ("y", None), ("d", "")):
                layer[key].append(empty)
            continue
        (x,), (y,) = project([to_lat], [to_lon])
        layer["km"].append(float(f"{km:.4g}"))
        layer["x"].append(int(x))
        layer["y"].append(int(y))
        layer["d"].append(arc_path((lat, lon), (to_lat, to_lon)))
    return layer


def place_names(photos: pd.DataFrame) -> dict[str, str]:
    """photo_id -> "City, CC" for the queries, as far as the dataset knows them."""
    queries = photos[photos["split"] == "query"]
    return {
        str(photo_id): place_name(city, country)
        for photo_id, city, country in zip(queries["photo_id"], queries["city"], queries["country"], strict=True)
    }


def place_name(city: object, country: object) -> str:
    """City, CC as far as they are known."""
    return ", ".join(part for part in (city, country) if isinstance(part, str) and part)
