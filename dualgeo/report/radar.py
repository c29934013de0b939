"""A query's candidates at every scale at once: direction from the true place, distance on a logarithmic scale."""

import math
from dataclasses import dataclass

from markupsafe import Markup
from pyproj import Geod

from dualgeo.report.svg import join, short, svg, tag
from dualgeo.report.worldmap import HEIGHT, WIDTH, arc_path, project

SIZE = 240.0
RINGS_KM = (1.0, 25.0, 200.0, 2500.0)
NEAREST_KM, FARTHEST_KM = 0.2, 20_004.0


@dataclass(frozen=True)
class Point:
    """A candidate or the answer: degrees, the letter of its cluster ("" for none), whether that cluster won."""

    lat: float
    lon: float
    cluster: str = ""
    chosen: bool = False


def radar(truth: tuple[float, float], candidates: list[Point], answer: Point | None, label: str) -> Markup:
    """The truth in the middle, north up, rings at 1, 25, 200 and 2,500 km, the rim at the antipodes."""
    centre, rim = SIZE / 2, SIZE / 2 - 10
    parts = [tag("circle", cx=centre, cy=centre, r=rim, class_="rim")]
    for km in RINGS_KM:
        radius = rim * _share(km)
        parts.append(tag("circle", cx=centre, cy=centre, r=radius, class_="ring"))
        parts.append(tag("text", f"{km:,.0f} km", x=centre + 2, y=centre - radius - 2, class_="tick"))
    parts.append(tag("text", "N", x=centre, y=8, class_="tick middle strong"))
    for candidate in reversed(candidates):
        x, y = _place(truth, candidate, centre, rim)
        css = "candidate chosen" if candidate.chosen else "candidate clustered" if candidate.cluster else "candidate"
        parts.append(tag("circle", cx=x, cy=y, r=6.5, class_=css))
        if candidate.cluster:
            parts.append(tag("text", candidate.cluster, x=x, y=y + 3.2, class_="letter middle"))
    parts.append(tag("circle", cx=centre, cy=centre, r=3, class_="truth"))
    if answer is not None:
        x, y = _place(truth, answer, centre, rim)
        parts.append(tag("path", d=_cross(x, y, 6), class_="answer-halo"))
        parts.append(tag("path", d=_cross(x, y, 6), class_="answer"))
    return svg(join(parts), SIZE, SIZE, label, "radar")


def locator(truth: tuple[float, float], candidates: list[Point], answer: Point | None, label: str) -> Markup:
    """The same on the world: candidates as dots, the way from truth to answer. Borrows the outline of the large map."""
    parts = [tag("use", href="#globe", class_="globe"), tag("use", href="#land", class_="land")]
    dots = "".join(f"M{x} {y}h0" for x, y in (_on_map(c.lat, c.lon) for c in candidates))
    parts.append(tag("path", d=dots, class_="dots"))
    if answer is not None:
        parts.append(tag("path", d=arc_path(truth, (answer.lat, answer.lon)), class_="way"))
    x, y = _on_map(*truth)
    parts.append(tag("path", d=f"M{x} {y}h0", class_="dot truth"))
    if answer is not None:
        x, y = _on_map(answer.lat, answer.lon)
        parts.append(tag("path", d=_cross(x, y, 170), class_="answer"))
    return svg(join(parts), WIDTH, HEIGHT, label, "locator")


def _on_map(lat: float, lon: float) -> tuple[int, int]:
    (x,), (y,) = project([lat], [lon])
    return int(x), int(y)


def _share(km: float) -> float:
    clipped = min(max(km, NEAREST_KM), FARTHEST_KM)
    return math.log(clipped / NEAREST_KM) / math.log(FARTHEST_KM / NEAREST_KM)


def _place(truth: tuple[float, float], point: Point, centre: float, rim: float) -> tuple[float, float]:
    bearing, _, metres = Geod(ellps="WGS84").inv(truth[1], truth[0], point.lon, point.lat)
    radius, angle = rim * _share(float(metres) / 1000), math.radians(float(bearing))
    return centre + radius * math.sin(angle), centre - radius * math.cos(angle)


def _cross(x: float, y: float, size: float) -> str:
    across = short(2 * size)
    return f"M{short(x - size)} {short(y)}h{across}M{short(x)} {short(y - size)}v{across}"
