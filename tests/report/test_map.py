"""The world map draws the shortest way, and never a line across it where the way crosses the antimeridian."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest
from report_workspace import write_pages

from dualgeo.report import worldmap
from dualgeo.report.mapview import class_css, embedded_json
from dualgeo.report.worldmap import (
    HEIGHT,
    WIDTH,
    arc_path,
    densified,
    error_class,
    great_circle,
    land_path,
    project,
)
from dualgeo.workspace import Workspace

FIJI, SAMOA, ANCHORAGE, TOKYO = (-18.1, 178.4), (-13.8, -171.8), (61.2, -149.9), (35.7, 139.7)


def points_of(path: str) -> list[list[tuple[int, int]]]:
    """The lines of a path of M and relative l commands."""
    lines: list[list[tuple[int, int]]] = []
    for command, x, y in re.findall(r"([Ml])(-?\d+) (-?\d+)", path):
        if command == "M":
            lines.append([(int(x), int(y))])
        else:
            last = lines[-1][-1]
            lines[-1].append((last[0] + int(x), last[1] + int(y)))
    return lines


@pytest.mark.parametrize(("start", "end"), [(FIJI, SAMOA), (SAMOA, FIJI), (TOKYO, ANCHORAGE), (FIJI, ANCHORAGE)])
def test_arcs_are_split_at_the_antimeridian(start: tuple[float, float], end: tuple[float, float]) -> None:
    pieces = great_circle(start, end)
    assert len(pieces) == 2
    (lat_a, lon_a), (lat_b, lon_b) = pieces
    assert abs(lon_a[-1]) == abs(lon_b[0]) == 180
    assert lon_a[-1] == -lon_b[0]
    assert lat_a[-1] == pytest.approx(lat_b[0])
    for line in points_of(arc_path(start, end)):
        assert max(abs(a[0] - b[0]) for a, b in pairwise(line)) < WIDTH / 10


def test_a_plain_arc_is_one_line_between_its_ends() -> None:
    (line,) = points_of(arc_path((48.9, 2.4), (40.7, -74.0)))
    x, y = project([48.9, 40.7], [2.4, -74.0])
    assert line[0] == (x[0], y[0])
    assert line[-1] == (x[1], y[1])
    assert min(at[1] for at in line) < min(y), "the great circle bends towards the pole"


def test_awkward_arcs_are_drawn_or_left_out_but_never_fail() -> None:
    assert arc_path((10, 20), (10, 20)) == ""
    assert arc_path((10, 20), (10.0001, 20)) == ""
    for start, end in [((0, 0), (0, 180)), ((90, 0), (-90, 0)), ((45, 30), (-45, -150)), ((0, 180), (0, -170))]:
        for line in points_of(arc_path(start, end)):
            assert all(-1 <= x <= WIDTH + 1 and -1 <= y <= HEIGHT + 1 for x, y in line)


def test_land_stays_on_the_map_and_is_not_smeared_over_it() -> None:
    lines = points_of(land_path())
    assert len(lines) > 200
    assert all(-1 <= x <= WIDTH + 1 and -1 <= y <= HEIGHT + 1 for line in lines for x, y in line)
    northern = [line for line in lines if min(y for _, y in line) < HEIGHT * 0.8]
    assert max(max(x for x, _ in line) - min(x for x, _ in line) for line in northern) < WIDTH * 0.6


def test_long_edges_get_points_in_between() -> None:
    lat, lon = densified(np.array([-90.0, -90.0, 0.0]), np.array([-180.0, 180.0, 180.0]))
    assert np.abs(np.diff(lon)).max() <= 4.001
    assert np.abs(np.diff(lat)).max() <= 4.001
    assert (lat[0], lon[0], lat[-1], lon[-1]) == (-90, -180, 0, 180)


def test_error_classes_include_their_threshold() -> None:
    found = error_class([0.0, 1.0, 1.0001, 25.0, 2500.0, 2500.1, np.nan], [1, 25, 200, 750, 2500])
    assert found.tolist() == [0, 0, 1, 1, 4, 5, -1]
    assert [class_css(n, 5) for n in range(6)] == ["e0", "e1", "e2", "e3", "e4", "e5"]
    assert [class_css(n, 1) for n in range(2)] == ["e0", "e5"]


def test_embedded_json_cannot_end_its_script() -> None:
    text = embedded_json({"place": "</script><!--&"})
    assert "<" not in text
    assert json.loads(text) == {"place": "</script><!--&"}


def test_the_map_data_holds_every_query_of_every_variant(full: Workspace) -> None:
    source = (full.reports / "index.html").read_text(encoding="utf-8")
    found = re.search(r'id="map-data">(.*?)</script>', source, flags=re.S)
    assert found is not None
    data = json.loads(found[1])
    assert list(data["answers"]) == ["atlas", "atlas-night", "atlas-fog", "atlas-unseen"]
    for name, by_variant in data["answers"].items():
        assert len(data["sets"][name]["id"]) == 60
        for answers in by_variant.values():
            assert {len(values) for values in answers.values()} == {60}
    assert data["answers"]["atlas"]["dual"]["c"].count(-1) == 2


def test_large_query_sets_are_thinned_and_the_page_says_so(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worldmap, "MOST_ANSWERS", 12)
    write_pages(small)
    source = (small.reports / "index.html").read_text(encoding="utf-8")
    assert "Every 4th query is drawn and counted here." in source
    data = json.loads(re.findall(r'id="map-data">(.*?)</script>', source, flags=re.S)[0])
    assert [len(photos["id"]) for photos in data["sets"].values()] == [3, 3]
