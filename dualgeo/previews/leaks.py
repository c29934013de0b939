"""`leakage`: the queries and gallery photos that look most like the same picture."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from dualgeo.files import read_json
from dualgeo.previews.material import Material, NotMade
from dualgeo.previews.sheet import sheet
from dualgeo.previews.strips import Shot, photo_rows
from dualgeo.report.inputs import read_table
from dualgeo.report.words import count

QUERIES, MATCHES = 5, 4
COLUMNS = ("check", "query_id", "query_set", "gallery_id", "value")
MEASURE = {"identical": "same bytes", "perceptual": "{:.0f} bits differ", "embedding": "cosine {:.3f}"}
"""How a near-duplicate check measures, the surest check first."""


def leaks_picture(material: Material) -> Markup:
    """Queries with near-duplicates in the gallery, the most alike first, and how many queries each check affects."""
    folder = material.need(material.workspace.leakage)
    pairs = read_table(folder / "pairs.parquet", COLUMNS, "leakage")
    pairs = pairs[pairs["check"].isin(list(MEASURE))].copy()
    if pairs.empty:
        raise NotMade("no query has a near-duplicate in the gallery")
    pairs["surest"] = pairs["check"].map(list(MEASURE).index)
    pairs["far"] = pairs["value"].where(pairs["check"] != "embedding", -pairs["value"]).fillna(0)
    pairs = pairs.sort_values(["surest", "far", "query_id", "gallery_id"]).drop_duplicates(["query_id", "gallery_id"])
    chosen = pairs[pairs["query_id"].isin(list(pairs["query_id"].drop_duplicates()[:QUERIES]))]
    sources = material.thumbnails(sorted({*chosen["query_id"], *chosen["gallery_id"]}))
    rows = [_row(material, found, sources) for _, found in chosen.groupby("query_id", sort=False)]
    content, bottom = photo_rows(rows, ("query", "gallery photos that look like the same picture"))
    return sheet(
        "What queries share with the gallery", _subtitle(read_json(folder / "leakage.json")), [content], bottom + 4
    )


def _subtitle(document: dict[str, Any]) -> str:
    affected = {name: each["queries_affected"] for name, each in document["checks"].items() if each["leak"]}
    found = [f"{name} {number:,}" for name, number in affected.items() if number]
    missing = sum(number is None for number in affected.values())
    asked = f"{document['any']['queries_affected']:,} of {document['queries_compared']:,} queries"
    return f"{asked}: {', '.join(found) or 'nothing'}" + (f"; {count(missing, 'check')} not made" if missing else "")


def _row(material: Material, found: pd.DataFrame, sources: dict[str, str]) -> list[Shot]:
    query = str(found["query_id"].iloc[0])
    shots = [Shot(sources.get(query), material.place(query), str(found["query_set"].iloc[0]))]
    for pair in found.head(MATCHES).to_dict("records"):
        photo_id = str(pair["gallery_id"])
        measured = MEASURE[pair["check"]].format(pair["value"])
        shots.append(Shot(sources.get(photo_id), measured, material.place(photo_id)))
    return shots
