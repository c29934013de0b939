"""`index`: where the indexed gallery lies, and how much of it a search finds."""

import pandas as pd
from markupsafe import Markup

from dualgeo.files import read_json
from dualgeo.previews.basemap import STYLE, map_height, world
from dualgeo.previews.material import Material
from dualgeo.previews.sheet import INNER, MARGIN, TOP, label, sheet
from dualgeo.report.inputs import read_table
from dualgeo.report.svg import join, tag
from dualgeo.report.words import count
from dualgeo.report.worldmap import density
from dualgeo.retrieval.recall import Recall
from dualgeo.workspace import Cell


def gallery_picture(material: Material, cell: Cell) -> Markup:
    """The gallery photos as discs by number, with the recall of the index in words."""
    folder = material.workspace.index(cell)
    config = read_json(material.need(folder / "config.json"))
    gallery = read_table(material.need(folder / "gallery.parquet"), ("photo_id", "lat", "lon"), f"index@{cell.name}")
    discs = density(gallery)
    drawn = tag("g", join(tag("circle", cx=d["x"], cy=d["y"], r=d["r"]) for d in discs), class_="discs")
    bottom = TOP + map_height(INNER)
    parts = [world(drawn, MARGIN, TOP, INNER), label(_recall(config), MARGIN, bottom + 22, "strong")]
    parts.append(_largest(discs, gallery, bottom + 42))
    subtitle = f"{count(len(gallery), 'photo')} as vectors of {config.get('d')} numbers: {_parts(config)}"
    return sheet(f"Index of {cell.name}", subtitle, parts, bottom + 56, STYLE + ".discs{fill:#0a63ad;fill-opacity:.38}")


def _parts(config: dict[str, object]) -> str:
    """fused x 3, image x 1."""
    parts = config.get("parts")
    return ", ".join(f"{name} × {weight:g}" for name, weight in parts) if isinstance(parts, list) else "unknown parts"


def _recall(config: dict[str, object]) -> str:
    stated = config.get("recall")
    if not isinstance(stated, dict):
        return "The recall of this index was not measured."
    recall = Recall.of(stated)
    asked = count(recall.queries, "gallery photo")
    return f"Recall@{recall.k} {recall.value:.4f} against exact search, with {asked} as queries"


def _largest(discs: list[dict[str, float]], gallery: pd.DataFrame, y: float) -> Markup:
    if not discs:
        return label("The gallery is empty.", MARGIN, y, "soft")
    most, fewest = discs[0]["count"], discs[-1]["count"]
    return label(f"{len(discs)} discs of {fewest:g} to {most:g} photos; a larger disc holds more.", MARGIN, y, "soft")
