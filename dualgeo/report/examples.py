"""Example queries: the best, typical, worst and dark ones, with what the system saw and how it decided."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import geodesic_km
from dualgeo.report.inputs import Run, read_table
from dualgeo.report.pictures import (
    PHOTO_SIDE,
    THUMB_SIDE,
    MaskPicture,
    jpeg_source,
    mask_picture,
    read_images,
    read_masks_of,
    shards_of,
)
from dualgeo.report.radar import Point, locator, radar
from dualgeo.report.worldmap import place_name

KINDS = ("best", "typical", "worst", "dark")
DARK = ("night", "fog", "snow")
SHOWN = 10
"""Candidates pictured for each example."""
CANDIDATE_COLUMNS = ("query_id", "query_set", "photo_id", "lat", "lon", "cluster", "rank", "order")


@dataclass(frozen=True)
class Candidate:
    """A gallery photo that was retrieved; `order` and `rank` count from 1, `cluster` is "" for noise."""

    photo_id: str
    source: str | None
    order: int
    rank: int
    distance_km: float
    cluster: str
    chosen: bool


@dataclass(frozen=True)
class Example:
    """One query as the report tells it."""

    kind: str
    query_id: str
    query_set: str
    place: str
    lat: float
    lon: float
    error_km: float
    status: str
    photo: str | None
    mask: MaskPicture | None
    candidates: tuple[Candidate, ...]
    retrieved: int
    radar: Markup
    locator: Markup


def choose(queries: pd.DataFrame, conditions: dict[str, str], count: int) -> list[tuple[str, str]]:
    """Pick up to `count` (kind, query_id), kinds taking turns; the same table always gives the same choice.

    `queries` has query_id, query_set and error_km (NaN for a failure, which counts as worst). Within a kind, query
    sets that were not shown yet go first.
    """
    table = queries.sort_values(["error_km", "query_id"], na_position="last", ignore_index=True)
    middle = (len(table) - 1) / 2
    orders = {
        "best": table,
        "typical": table.iloc[sorted(range(len(table)), key=lambda i: (abs(i - middle), i))],
        "worst": table.iloc[::-1],
        "dark": table[[conditions.get(str(i)) in DARK for i in table["query_id"]]],
    }
    # Dark photos are taken evenly from best to worst, by halves: 1/2, 1/4, 3/4, ...
    orders["dark"] = orders["dark"].iloc[_halving(len(orders["dark"]))]
    taken: list[tuple[str, str]] = []
    shown: dict[str, set[str]] = {kind: set() for kind in KINDS}
    while len(taken) < min(count, len(table)):
        before = len(taken)
        for kind in KINDS:
            rest = [r for r in orders[kind].itertuples() if str(r.query_id) not in {i for _, i in taken}]
            if rest and len(taken) < count:
                row = next((r for r in rest if str(r.query_set) not in shown[kind]), rest[0])
                shown[kind].add(str(row.query_set))
                taken.append((kind, str(row.query_id)))
        if len(taken) == before:
            break
    return sorted(taken, key=lambda item: KINDS.index(item[0]))


def _halving(count: int) -> list[int]:
    order: list[int] = []
    parts = 2
    while len(order) < count and parts <= 2 * count + 2:
        order += [i for k in range(1, parts, 2) if (i := count * k // parts) not in order]
        parts *= 2
    return order + [i for i in range(count) if i not in order]


def build_examples(run: Run) -> tuple[list[Example], set[str]]:
    """The examples of the lead variant's first seed, and the ids of every photo they show."""
    cell = run.of(run.lead)[0]
    if cell.queries.empty:
        return [], set()
    about = run.photos[run.photos["split"] == "query"].set_index("photo_id")
    conditions = {str(i): str(c) for i, c in about["condition"].items()}
    chosen = choose(cell.queries, conditions, run.params.report.examples)
    path = run.workspace.require(run.workspace.refined(cell.cell) / "candidates.parquet", f"refine@{cell.cell.name}")
    found = read_table(path, CANDIDATE_COLUMNS, f"refine@{cell.cell.name}")
    found = found[found["query_id"].isin([i for _, i in chosen])].sort_values(["query_id", "order"])
    pictured = found[found["order"] < SHOWN]
    ids = {i for _, i in chosen} | set(pictured["photo_id"])
    shard_of = shards_of(run.photos, ids)
    images = read_images(run.workspace.data(run.params.dataset), shard_of)
    sources = {i: jpeg_source(image, THUMB_SIDE) for i, image in images.items() if i in set(pictured["photo_id"])}
    masks = read_masks_of(run.workspace.masks, {i: shard_of[i] for _, i in chosen if i in shard_of})
    queries = records(cell.queries, "query_id")
    places = records(about[about.index.isin([i for _, i in chosen])].reset_index(), "photo_id")
    examples: list[Example] = []
    for kind, query_id in chosen:
        photo = jpeg_source(images[query_id], PHOTO_SIDE) if query_id in images else None
        mask = mask_picture(masks[query_id]) if query_id in masks else None
        about_it = places.get(query_id, {})
        place = place_name(about_it.get("city"), about_it.get("country"))
        rows = found[found["query_id"] == query_id]
        examples.append(_example(kind, place, queries[query_id], rows, sources, photo, mask))
    return examples, ids


def records(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    """Rows of a table as dictionaries, by the text in column `key`."""
    return {str(row[key]): {str(name): value for name, value in row.items()} for row in table.to_dict("records")}


def _example(
    kind: str,
    place: str,
    query: dict[str, Any],
    found: pd.DataFrame,
    sources: dict[str, str],
    photo: str | None,
    mask: MaskPicture | None,
) -> Example:
    truth = (float(query["lat"]), float(query["lon"]))
    answer = None
    if not math.isnan(float(query["error_km"])):
        answer = Point(float(query["predicted_lat"]), float(query["predicted_lon"]))
    candidates, points = _candidates(found, truth, sources)
    nearest = f"{min(c.distance_km for c in candidates):,.0f} km" if candidates else "no distance"
    words = f"{len(candidates)} candidates of {query['query_id']} around its true place; the nearest is {nearest} away"
    return Example(
        kind=kind,
        query_id=str(query["query_id"]),
        query_set=str(query["query_set"]),
        place=place,
        lat=truth[0],
        lon=truth[1],
        error_km=float(query["error_km"]),
        status=str(query["status"]),
        photo=photo,
        mask=mask,
        candidates=tuple(candidates[:SHOWN]),
        retrieved=len(candidates),
        radar=radar(truth, points, answer, words),
        locator=locator(truth, points, answer, f"World map: true place, answer and candidates of {query['query_id']}"),
    )


def _candidates(
    found: pd.DataFrame, truth: tuple[float, float], sources: dict[str, str]
) -> tuple[list[Candidate], list[Point]]:
    """The candidates of one query in their final order, for the strip and for the charts."""
    letters = cluster_letters(found)
    distances = geodesic_km(found["lat"].to_numpy(), found["lon"].to_numpy(), *truth)
    candidates: list[Candidate] = []
    points: list[Point] = []
    winner = ""
    for row, km in zip(found.to_dict("records"), distances.tolist(), strict=True):
        letter = letters.get(int(row["cluster"]), "")
        winner = letter if not candidates else winner
        chosen = bool(letter) and letter == winner
        photo_id = str(row["photo_id"])
        order, rank = int(row["order"]) + 1, int(row["rank"]) + 1
        candidates.append(Candidate(photo_id, sources.get(photo_id), order, rank, km, letter, chosen))
        points.append(Point(float(row["lat"]), float(row["lon"]), letter, chosen))
    return candidates, points


def cluster_letters(found: pd.DataFrame) -> dict[int, str]:
    """DBSCAN labels as letters, A for the cluster that comes first in the final order; noise has none."""
    labels = dict.fromkeys(int(label) for label in found["cluster"] if label >= 0)
    return {label: chr(ord("A") + i) if i < 26 else f"{i}" for i, label in enumerate(labels)}
