"""`embed`: what the frozen image encoder finds alike, before anything was trained."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import geodesic_km
from dualgeo.previews.material import Material, NotMade, evenly
from dualgeo.previews.sheet import error_colour, sheet
from dualgeo.previews.strips import Shot, photo_rows
from dualgeo.report.words import kilometres
from dualgeo.report.worldmap import error_class
from dualgeo.views.cache import ids_by_shard, read_features
from dualgeo.views.rows import Half

Photo = dict[Any, Any]
Rows = npt.NDArray[np.int64]

QUERIES, NEIGHBOURS = 5, 6
MOST_GALLERY = 50_000
"""Gallery photos compared; a larger gallery is thinned evenly, and the picture says so."""


def neighbours_picture(material: Material) -> Markup:
    """Query photos and the gallery photos whose raw embedding is most similar, with their distance on Earth."""
    photos = material.photos.sort_values(["shard", "photo_id"], ignore_index=True)
    material.need(material.workspace.features)
    asked, gallery = _chosen(photos)
    table = read_features(material.workspace.features, ids_by_shard(photos))
    similar = _unit(table.embedding[asked]) @ _unit(table.embedding[gallery]).T
    nearest = gallery[np.argsort(-similar, axis=1, kind="stable")[:, :NEIGHBOURS]]
    queries = photos.iloc[asked].to_dict("records")
    found = [photos.iloc[rows].to_dict("records") for rows in nearest]
    sources = material.thumbnails(
        [str(photos["photo_id"].iloc[i]) for i in {*asked.tolist(), *nearest.ravel().tolist()}]
    )
    rows = [_row(material, query, matches, sources) for query, matches in zip(queries, found, strict=True)]
    content, bottom = photo_rows(rows, ("query", "most similar gallery photos, with their distance to the query"))
    whole = int((photos["split"] == "gallery").sum())
    among = f"{whole:,} gallery photos" if len(gallery) == whole else f"{len(gallery):,} of {whole:,} gallery photos"
    size = table.embedding.shape[1]
    subtitle = f"{len(photos):,} photos, {size} numbers each; neighbours by cosine among {among}"
    return sheet("Image embeddings", subtitle, [content], bottom + 4)


def _chosen(photos: pd.DataFrame) -> tuple[Rows, Rows]:
    """Rows of the queries to show and of the gallery photos to compare."""
    asked = photos[photos["split"] == "query"].sort_values(["dataset", "photo_id"])
    gallery = photos[photos["split"] == "gallery"]
    if asked.empty or gallery.empty:
        raise NotMade("there are no queries or no gallery photos to compare")
    return evenly(asked, QUERIES).index.to_numpy(), evenly(gallery, MOST_GALLERY).index.to_numpy()


def _unit(vectors: Half) -> npt.NDArray[np.float32]:
    wide = vectors.astype(np.float32)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def _row(material: Material, query: Photo, matches: list[Photo], sources: dict[str, str]) -> list[Shot]:
    """The query and its matches; the bar below a match has the colour of its distance."""
    photo_id = str(query["photo_id"])
    shots = [Shot(sources.get(photo_id), material.place(photo_id), str(query["dataset"]))]
    thresholds = material.params.score.thresholds_km
    for match in matches:
        km = float(geodesic_km(query["lat"], query["lon"], match["lat"], match["lon"]))
        colour = error_colour(int(error_class([km], thresholds)[0]), len(thresholds))
        photo_id = str(match["photo_id"])
        shots.append(Shot(sources.get(photo_id), kilometres(km), material.place(photo_id), colour))
    return shots
