"""Sampled photos: what retrieval said, what the model said and on what grounds, and what was made of both."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from PIL import Image

from dualgeo.evaluation.with_model import UNCHANGED_KM
from dualgeo.geo.places import name_place
from dualgeo.geo.sphere import geodesic_km
from dualgeo.params.lmm import Verification
from dualgeo.report.examples import records
from dualgeo.report.inputs import CellRun, Run, read_table
from dualgeo.report.lmm.asked import asked_about, asked_cells, questions_of, without_model
from dualgeo.report.lmm.effect import moved
from dualgeo.report.lmm.words import plain
from dualgeo.report.pictures import jpeg_source, read_images, shards_of
from dualgeo.report.radar import Point, locator, radar
from dualgeo.report.words import kilometres
from dualgeo.report.worldmap import place_name

KINDS = ("nearer", "farther", "unmoved", "no answer")
MOST = 8
PHOTO_SIDE, THUMB_SIDE = 288, 80
EVIDENCE, EVIDENCE_LENGTH, USED = 6, 240, 6
NAME_LENGTH = 120

PREDICTED = ("query_id", "without_lmm_lat", "without_lmm_lon")
TAKEN: dict[Verification, str] = {
    "none": "nothing checks it",
    "similarity": "its similarity passes the margin that validation photos taught",
    "similarity-argmax": "of all places this system's own model finds it most like the photo",
    "consensus": "it lies in the middle of the winning cluster of all places",
}
KEPT: dict[Verification, str] = {
    "none": "no generated place could be taken",
    "similarity": "no generated place passes the margin that validation photos taught",
    "similarity-argmax": "this system's own model finds no generated place more like the photo",
    "consensus": "no generated place lies in the middle of the winning cluster",
}


@dataclass(frozen=True)
class Place:
    """A coordinate in degrees; NaN where there is none."""

    lat: float
    lon: float

    @property
    def known(self) -> bool:
        return math.isfinite(self.lat) and math.isfinite(self.lon)

    @property
    def name(self) -> str:
        return str(name_place(self.lat, self.lon))

    def km(self, other: "Place") -> float:
        return float(geodesic_km(self.lat, self.lon, other.lat, other.lon))


@dataclass(frozen=True)
class Used:
    """A retrieved photo that the model's answer rests on."""

    photo_id: str
    source: str | None
    distance: str
    """From the true place."""


@dataclass(frozen=True)
class Said:
    """The end of one question, as the page tells it."""

    letter: str
    """What stands for it in the round chart."""
    prompt: str
    outcome: str
    reason: str
    place: str
    """In the model's words."""
    distance: str
    nearer: str
    """Compared with retrieval, in words."""
    radius: str
    evidence: tuple[str, ...]
    used: tuple[Used, ...]
    similarity: str
    chosen: bool


@dataclass(frozen=True)
class Sample:
    """One query that was put to the model."""

    kind: str
    query_id: str
    query_set: str
    place: str
    error: str
    error_km: float
    photo: str | None
    retrieved: str
    """What retrieval said, in words."""
    retrieved_distance: str
    said: tuple[Said, ...]
    verdict: str
    radar: Markup
    locator: Markup


def kinds_of(cell: CellRun) -> pd.Series:
    """By query id, for every query that was asked about: nearer, farther, unmoved or no answer."""
    asked = asked_about(cell)
    queries = cell.queries[cell.queries["query_id"].isin(list(asked))]
    before = without_model(cell).loc[queries.index, "error_km"].to_numpy(np.float64)
    change = moved(queries["error_km"].to_numpy(np.float64), before)
    found = questions_of(cell)
    answered = queries["query_id"].isin(found.loc[found["outcome"] == "answered", "query_id"]).to_numpy()
    names = np.where(change < 0, "nearer", np.where(change > 0, "farther", "unmoved"))
    return pd.Series(np.where(answered, names, "no answer"), index=pd.Index(queries["query_id"]))


def choose_samples(kinds: pd.Series, count: int, seed: int) -> list[tuple[str, str]]:
    """Up to `count` (kind, query id), kinds taking turns, drawn at random within a kind: nobody picked them."""
    order = np.random.default_rng(seed).permutation(sorted(str(name) for name in kinds.index))
    waiting = {kind: [str(name) for name in order if kinds[name] == kind] for kind in KINDS}
    taken: list[tuple[str, str]] = []
    while len(taken) < count and any(waiting.values()):
        for kind in KINDS:
            if waiting[kind] and len(taken) < count:
                taken.append((kind, waiting[kind].pop(0)))
    return sorted(taken, key=lambda item: KINDS.index(item[0]))


def build_samples(run: Run) -> tuple[list[Sample], set[str], str]:
    """Samples of the lead variant's first asked seed (or of the first cell that asked), the photos that they show,
    and the name of the cell."""
    cell = [*asked_cells(run, run.lead), *asked_cells(run)][0]
    chosen = choose_samples(kinds_of(cell), min(MOST, run.params.report.examples), run.params.score.seed)
    ids = [query_id for _, query_id in chosen]
    asked = questions_of(cell)
    asked = asked[asked["query_id"].isin(ids)]
    used = {str(i) for names in asked["used"] if names is not None for i in list(names)[:USED]}
    shown = {*ids, *used} & set(run.photos["photo_id"])
    images = read_images(run.workspace.data(run.params.dataset), shards_of(run.photos, shown))
    about = records(run.photos[run.photos["photo_id"].isin(list(shown))], "photo_id")
    queries = records(_with_predictions(run, cell, ids), "query_id")
    by_query = {str(name): rows for name, rows in asked.groupby("query_id")}
    samples = [
        _sample(kind, queries[query_id], by_query[query_id], _Seen(about, images), run.params.lmm.verification)
        for kind, query_id in chosen
    ]
    return samples, shown, cell.cell.name


@dataclass(frozen=True)
class _Seen:
    """Photos that may be shown: what the table says of them, and their images."""

    about: dict[str, dict[str, Any]]
    images: dict[str, Image.Image]

    def source(self, photo_id: str, side: int) -> str | None:
        return jpeg_source(self.images[photo_id], side) if photo_id in self.images else None


def _with_predictions(run: Run, cell: CellRun, ids: list[str]) -> pd.DataFrame:
    """The per-query rows of some queries, with the coordinate that stands without the model."""
    stage = f"refine@{cell.cell.name}"
    path = run.workspace.require(run.workspace.refined(cell.cell) / "predictions.parquet", stage)
    predictions = read_table(path, PREDICTED, stage)
    return cell.queries[cell.queries["query_id"].isin(ids)].merge(predictions, on="query_id", how="left")


def _sample(
    kind: str, query: dict[str, Any], questions: pd.DataFrame, seen: _Seen, verification: Verification
) -> Sample:
    truth = Place(float(query["lat"]), float(query["lon"]))
    retrieved = Place(float(query["without_lmm_lat"]), float(query["without_lmm_lon"]))
    final = Place(float(query["predicted_lat"]), float(query["predicted_lon"]))
    rows = [{str(name): value for name, value in row.items()} for row in questions.to_dict("records")]
    letters = ["M"] if len(rows) == 1 else [f"M{number}" for number in range(1, len(rows) + 1)]
    said = tuple(_said(row, letter, truth, retrieved, seen) for row, letter in zip(rows, letters, strict=True))
    points = [Point(retrieved.lat, retrieved.lon, "R")] if retrieved.known else []
    points += [
        Point(float(row["lat"]), float(row["lon"]), letter, bool(row["chosen"]))
        for row, letter in zip(rows, letters, strict=True)
        if Place(float(row["lat"]), float(row["lon"])).known
    ]
    about = seen.about.get(str(query["query_id"]), {})
    answer = Point(final.lat, final.lon) if final.known else None
    words = f"{query['query_id']} in the middle, R what retrieval said, M what the model said, a cross what was chosen"
    return Sample(
        kind=kind,
        query_id=str(query["query_id"]),
        query_set=str(query["query_set"]),
        place=place_name(about.get("city"), about.get("country")) or truth.name,
        error=kilometres(final.km(truth)) if final.known else "no answer",
        error_km=final.km(truth),
        photo=seen.source(str(query["query_id"]), PHOTO_SIDE),
        retrieved=retrieved.name if retrieved.known else "nothing",
        retrieved_distance=kilometres(retrieved.km(truth)),
        said=said,
        verdict=verdict(said, final.known and not final.km(retrieved) < UNCHANGED_KM, verification),
        radar=radar((truth.lat, truth.lon), points, answer, words),
        locator=locator((truth.lat, truth.lon), points, answer, f"World map: {words}"),
    )


def _said(row: dict[str, Any], letter: str, truth: Place, retrieved: Place, seen: _Seen) -> Said:
    place = Place(float(row["lat"]), float(row["lon"]))
    names = (plain(row[name], NAME_LENGTH) for name in ("city", "region", "country"))
    similarity = float(row["similarity"])
    return Said(
        letter=letter,
        prompt=str(row["prompt"]).partition("@")[0],
        outcome=str(row["outcome"]),
        reason=plain(row["reason"], EVIDENCE_LENGTH),
        place=", ".join(name for name in names if name) or (place.name if place.known else ""),
        distance=kilometres(place.km(truth)) if place.known else "",
        nearer=nearer(place.km(truth), retrieved.km(truth)) if place.known else "",
        radius=kilometres(float(row["radius_km"])) if place.known else "",
        evidence=tuple(line for text in _listed(row["evidence"])[:EVIDENCE] if (line := plain(text, EVIDENCE_LENGTH))),
        used=tuple(_used(str(name), truth, seen) for name in _listed(row["used"])[:USED]),
        similarity="" if math.isnan(similarity) else f"{similarity:.3f}",
        chosen=bool(row["chosen"]),
    )


def _used(photo_id: str, truth: Place, seen: _Seen) -> Used:
    about = seen.about.get(photo_id)
    distance = "" if about is None else kilometres(Place(float(about["lat"]), float(about["lon"])).km(truth))
    return Used(photo_id, seen.source(photo_id, THUMB_SIDE), distance)


def nearer(model_km: float, retrieved_km: float) -> str:
    """Which of the two was nearer, and by how much."""
    if math.isnan(retrieved_km):
        return "where retrieval had no answer"
    change = float(moved(np.array([model_km]), np.array([retrieved_km]))[0])
    if change == 0:
        return "as far off as retrieval"
    return f"{kilometres(abs(change))} {'nearer' if change < 0 else 'farther'} than retrieval"


def verdict(said: tuple[Said, ...], other: bool, verification: Verification) -> str:
    """What was chosen and why; `other`: the answer is not the one that stands without the model."""
    chosen = next((one for one in said if one.chosen), None)
    if chosen is not None:
        name = f"The model's answer {chosen.letter}" if len(said) > 1 else "The model's answer"
        return f"{name} was taken: {TAKEN[verification]}."
    if not any(one.outcome == "answered" for one in said):
        return "The model gave no coordinate, so retrieval's answer stands."
    if other:
        return f"Another retrieved place was taken ({verification}, over retrieved and generated places)."
    return f"Retrieval's answer stands: {KEPT[verification]}."


def _listed(values: Any) -> list[object]:
    return [] if values is None else list(values)
