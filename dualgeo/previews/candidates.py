"""`retrieve`: sample queries with the gallery photos found for them, right and wrong ones as often as they occur."""

import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import geodesic_km
from dualgeo.previews.material import Material, NotMade, evenly
from dualgeo.previews.sheet import error_colour, sheet
from dualgeo.previews.strips import Shot, photo_rows
from dualgeo.report.inputs import read_table
from dualgeo.report.words import kilometres
from dualgeo.report.worldmap import error_class
from dualgeo.workspace import Cell

QUERIES, CANDIDATES = 5, 6
COLUMNS = ("query_id", "query_set", "split", "rank", "photo_id", "lat", "lon", "score")


def candidates_picture(material: Material, cell: Cell) -> Markup:
    """Queries at even steps from the best to the worst first candidate, each with its nearest gallery photos."""
    path = material.need(material.workspace.candidates(cell))
    found = read_table(path, COLUMNS, f"retrieve@{cell.name}")
    found = with_distance(material, found[(found["split"] == "query") & (found["rank"] < CANDIDATES)])
    first = found[found["rank"] == 0].sort_values(["km", "query_id"])
    if first.empty:
        raise NotMade(f"no query of {cell.name} has a candidate")
    chosen = [str(i) for i in evenly(first, QUERIES)["query_id"]]
    shown = found[found["query_id"].isin(chosen)]
    sources = material.thumbnails(sorted({*chosen, *(str(i) for i in shown["photo_id"])}))
    rows = [_row(material, shown[shown["query_id"] == i].sort_values("rank"), sources) for i in chosen]
    content, bottom = photo_rows(rows, ("query", "nearest gallery photos, with their distance to the true place"))
    return sheet(f"Candidates of {cell.name}", _subtitle(first), [content], bottom + 4)


def with_distance(material: Material, found: pd.DataFrame) -> pd.DataFrame:
    """`found` with `km`, the geodesic distance from each candidate to its query's true place."""
    km = geodesic_km(found["lat"].to_numpy(), found["lon"].to_numpy(), *material.positions(found["query_id"]))
    return found.assign(km=km)


def _subtitle(first: pd.DataFrame) -> str:
    median = kilometres(float(first["km"].median()))
    return f"Five of {len(first):,} queries, evenly from the best to the worst first candidate (median {median} off)"


def _row(material: Material, rows: pd.DataFrame, sources: dict[str, str]) -> list[Shot]:
    query = str(rows["query_id"].iloc[0])
    shots = [Shot(sources.get(query), material.place(query), str(rows["query_set"].iloc[0]))]
    thresholds = material.params.score.thresholds_km
    classes = error_class(rows["km"], thresholds)
    for row, number in zip(rows.to_dict("records"), classes, strict=True):
        photo_id = str(row["photo_id"])
        colour = error_colour(int(number), len(thresholds))
        shots.append(Shot(sources.get(photo_id), kilometres(float(row["km"])), material.place(photo_id), colour))
    return shots
