"""The worst answers of the lead variant: the photo, where it was placed, and what was retrieved."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from PIL import Image

from dualgeo.geo.places import name_place
from dualgeo.geo.sphere import geodesic_km
from dualgeo.report.examples import CANDIDATE_COLUMNS, records
from dualgeo.report.inputs import Run, read_table
from dualgeo.report.pictures import jpeg_source, read_images, shards_of
from dualgeo.report.words import kilometres
from dualgeo.report.worldmap import place_name

CASES = 12
RETRIEVED = 3
PHOTO_SIDE, THUMB_SIDE = 224, 88


@dataclass(frozen=True)
class Retrieved:
    """A gallery photo of the top of the final order, and how far it lies from the true place."""

    photo_id: str
    source: str | None
    distance: str


@dataclass(frozen=True)
class WorstCase:
    """One answered query that was placed far away."""

    query_id: str
    query_set: str
    place: str
    answer: str
    error: str
    photo: str | None
    nearest: str
    """The best of all candidates: what the re-rank could have chosen."""
    retrieved: tuple[Retrieved, ...]


def choose_worst(queries: pd.DataFrame, count: int) -> pd.DataFrame:
    """The answered queries with the largest errors, at most one for each photographer, largest first.

    Failures are listed elsewhere; a photographer without a name counts as another each time.
    """
    answered = queries[queries["error_km"].notna()]
    ordered = answered.sort_values(["error_km", "query_id"], ascending=[False, True])
    again = ordered["photographer"].notna() & ordered["photographer"].duplicated()
    return ordered[~again].head(count)


def worst_cases(run: Run, count: int = CASES) -> tuple[list[WorstCase], set[str]]:
    """The worst cases of the lead variant's first seed, and the ids of every photo they show."""
    cell = run.of(run.lead)[0]
    chosen = choose_worst(cell.queries, count)
    if chosen.empty:
        return [], set()
    stage = f"refine@{cell.cell.name}"
    path = run.workspace.require(run.workspace.refined(cell.cell) / "candidates.parquet", stage)
    found = read_table(path, CANDIDATE_COLUMNS, stage)
    top = found[found["query_id"].isin(list(chosen["query_id"])) & (found["order"] < RETRIEVED)].sort_values("order")
    ids = {*(str(i) for i in chosen["query_id"]), *(str(i) for i in top["photo_id"])}
    images = read_images(run.workspace.data(run.params.dataset), shards_of(run.photos, ids))
    about = records(run.photos[run.photos["photo_id"].isin(list(ids))], "photo_id")
    by_query = dict(list(top.groupby("query_id")))
    cases = [
        _case(query, about.get(query_id, {}), by_query.get(query_id, top.iloc[:0]), images)
        for query_id, query in records(chosen, "query_id").items()
    ]
    return cases, ids


def _case(query: dict[str, Any], about: dict[str, Any], top: pd.DataFrame, images: dict[str, Image.Image]) -> WorstCase:
    query_id = str(query["query_id"])
    away = geodesic_km(top["lat"].to_numpy(), top["lon"].to_numpy(), float(query["lat"]), float(query["lon"]))
    return WorstCase(
        query_id=query_id,
        query_set=str(query["query_set"]),
        place=place_name(about.get("city"), about.get("country"))
        or str(name_place(float(query["lat"]), float(query["lon"]))),
        answer=str(name_place(float(query["predicted_lat"]), float(query["predicted_lon"]))),
        error=kilometres(float(query["error_km"])),
        nearest=kilometres(float(query["oracle_error_km"])),
        photo=_source(images, query_id, PHOTO_SIDE),
        retrieved=tuple(
            Retrieved(str(photo_id), _source(images, str(photo_id), THUMB_SIDE), kilometres(km))
            for photo_id, km in zip(top["photo_id"], away.tolist(), strict=True)
        ),
    )


def _source(images: dict[str, Image.Image], photo_id: str, side: int) -> str | None:
    return jpeg_source(images[photo_id], side) if photo_id in images else None
