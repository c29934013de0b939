"""The validation page: one file that opens offline, with a map of the photos and every check in words."""

from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from dualgeo.geo.outlines import world_rings
from dualgeo.validation.facts import DatasetFacts

TEMPLATES = Path(__file__).parent / "templates"
MAP_WIDTH, MAP_HEIGHT = 1080, 480
# The map shows 84 N to 60 S: nobody photographs the rest.
NORTH, SOUTH = 84.0, -60.0
REJECTED_SHOWN = 50
# Query dots lie on gallery dots of the same city; the sizes let both be seen.
RADIUS = {"gallery": 5, "validation": 3.6, "query": 2.2}


def page(outcome: dict[str, Any], facts: DatasetFacts) -> str:
    """HTML of an outcome (`ValidationOutcome.as_json`); the same input gives the same bytes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    results = outcome["expectations"]
    grouped = groupby(results, key=lambda result: result["group"])
    return environment.get_template("validation.html").render(
        outcome=outcome,
        groups=[(group, list(members)) for group, members in grouped],
        passed=sum(result["success"] for result in results),
        land=land_path(),
        dots=map_dots(facts.photos),
        sets=_sets(facts.photos),
        facts=_facts(facts),
        quarantined=facts.quarantined[:REJECTED_SHOWN],
        radius=RADIUS,
        width=MAP_WIDTH,
        height=MAP_HEIGHT,
    )


def land_path() -> str:
    """SVG path of the continents, equirectangular."""
    pieces: list[str] = []
    for ring in world_rings():
        x, y = _project(ring[:, 0], ring[:, 1])
        pieces.append("M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True)) + "Z")
    return "".join(pieces)


def map_dots(photos: pd.DataFrame) -> list[tuple[str, float, float]]:
    """(split, x, y), one dot for all photos of a split within about half a degree; queries are drawn last, on top."""
    shown = photos[photos["lat"].between(-90, 90) & photos["lon"].between(-180, 180)]
    x, y = _project(shown["lat"].to_numpy(), shown["lon"].to_numpy())
    cells = pd.DataFrame({"split": shown["split"], "x": np.round(x / 1.5) * 1.5, "y": np.round(y / 1.5) * 1.5})
    dots: list[tuple[str, float, float]] = []
    for split in RADIUS:
        own = cells[cells["split"] == split].drop_duplicates().sort_values(["x", "y"])
        dots += [(split, float(a), float(b)) for a, b in zip(own["x"], own["y"], strict=True)]
    return dots


def _project(lat: Any, lon: Any) -> tuple[Any, Any]:
    x = (np.asarray(lon) + 180) / 360 * MAP_WIDTH
    y = (NORTH - np.clip(np.asarray(lat), SOUTH, NORTH)) / (NORTH - SOUTH) * MAP_HEIGHT
    return x, y


def _sets(photos: pd.DataFrame) -> list[dict[str, Any]]:
    """Photos by dataset name, largest split first, for the bars."""
    order = {"gallery": 0, "validation": 1, "query": 2}
    counts = photos.groupby(["split", "dataset"]).size()
    largest = int(counts.max())
    keys = sorted(counts.index, key=lambda key: (order.get(key[0], 3), key[1]))
    return [
        {
            "split": split,
            "name": name,
            "count": int(counts[split, name]),
            "share": 100 * int(counts[split, name]) / largest,
        }
        for split, name in keys
    ]


def _facts(facts: DatasetFacts) -> list[tuple[str, str]]:
    """Label and value of the figures under the title."""
    photos = facts.photos
    nearest = photos["gallery_distance_m"].min()
    years = sorted(photos["taken_at"].dropna().str[:4].unique())
    named = {"places": "place", "photographers": "photographer", "countries": "country"}
    counts = {label: int(photos[column].nunique()) for label, column in named.items()}
    figures = [("photos", f"{len(photos):,}")]
    figures += [(label, f"{count:,}") for label, count in counts.items() if count]
    if years:
        figures.append(("taken", years[0] if len(years) == 1 else f"{years[0]}–{years[-1]}"))
    if np.isfinite(nearest):
        figures.append(("nearest query to gallery", f"{nearest:,.0f} m"))
    figures.append(("left out", f"{len(facts.quarantined):,} ({100 * facts.quarantined_share:.1f} %)"))
    return figures
