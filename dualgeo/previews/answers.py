"""`refine` where a large multimodal model was asked: photos with what retrieval said, what it said, and why."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.files import read_json
from dualgeo.geo.places import name_place
from dualgeo.geo.sphere import geodesic_km
from dualgeo.previews.clusters import STYLE, clusters_picture
from dualgeo.previews.material import Material, NotMade, evenly
from dualgeo.previews.sheet import INNER, MARGIN, TOP, fitted, label, nested, photo, sheet
from dualgeo.report.inputs import read_table
from dualgeo.report.lmm.effect import moved
from dualgeo.report.lmm.words import money, plain
from dualgeo.report.radar import SIZE, Point, radar
from dualgeo.report.svg import join, tag
from dualgeo.report.words import count, kilometres
from dualgeo.workspace import Cell

ROWS = 5
SIDE, GAP, LINE = 136.0, 14.0, 16.5
EVIDENCE = 4
LARGER = ".radar text{font-size:15px}.radar text.letter{font-size:11px}"
TEXT_X = MARGIN + 2 * (SIDE + GAP)
KINDS = ("nearer", "farther", "as before", "no answer")
ABOUT = ("query_id", "split", "filtered", "prompt", "outcome", "reason", "chosen")
SAID = (*ABOUT, "lat", "lon", "radius_km", "country", "region", "city", "evidence")
ANSWERS = ("query_id", "split", "lat", "lon", "without_lmm_lat", "without_lmm_lon")


class NotAsked(NotMade):
    """The model was asked about other photos only."""


@dataclass(frozen=True)
class Place:
    """A coordinate in degrees, NaN where there is none, and how far it is from the truth."""

    lat: float
    lon: float
    km: float

    @property
    def words(self) -> str:
        if not math.isfinite(self.lat):
            return "no coordinate"
        return f"{name_place(self.lat, self.lon)}, {kilometres(self.km)} off"


def refined_picture(material: Material, cell: Cell) -> Markup:
    """What a model said, where one was asked about queries; else how candidates cluster."""
    if (material.workspace.refined(cell) / "lmm.json").exists():
        try:
            return answers_picture(material, cell)
        except NotAsked:
            pass
    return clusters_picture(material, cell)


def answers_picture(material: Material, cell: Cell) -> Markup:
    """Queries whose answer the model brought nearer, farther, left alone, or did not give, as far as there are such."""
    folder, stage = material.workspace.refined(cell), f"refine@{cell.name}"
    said = read_table(material.need(folder / "lmm.parquet"), SAID, stage)
    said = said[(said["split"] == "query") & ~said["filtered"] & (said["outcome"] != "not asked")]
    if said.empty:
        raise NotAsked(f"no query of {cell.name} was put to the model")
    answers = read_table(material.need(folder / "predictions.parquet"), ANSWERS, stage)
    asked = _with_kind(material, answers[answers["query_id"].isin(said["query_id"])], said)
    drawn = pd.concat([evenly(rows, ROWS) for _, rows in asked.groupby("kind", sort=True)])
    # Kinds take turns, so that a rare one is seen as well.
    turns = drawn.assign(turn=drawn.groupby("kind").cumcount()).sort_values(["turn", "kind"], kind="stable")
    shown = turns.head(ROWS).sort_values(["kind", "query_id"])
    sources = material.thumbnails(sorted(str(name) for name in shown["query_id"]))
    rows = [
        _row(material, query, said[said["query_id"] == query["query_id"]], sources, TOP + number * (SIDE + GAP))
        for number, query in enumerate(_records(shown))
    ]
    bottom = TOP + len(rows) * (SIDE + GAP)
    content = [*rows, _key(bottom + 12)]
    return sheet(
        f"What a model said for {cell.name}",
        _subtitle(read_json(folder / "lmm.json")),
        content,
        bottom + 30,
        STYLE + LARGER,
    )


def _subtitle(summary: dict[str, Any]) -> str:
    outcomes = dict(summary["outcomes"])
    answered, without = outcomes.pop("answered", 0), sum(outcomes.values())
    models = " and ".join(plain(name, 40) for name in summary["models"]) or "no model"
    ends = f"{count(answered, 'answer')}, {without:,} without one"
    return f"{models}: {count(summary['photos'], 'photo')}, {money(summary['usd'])}; {ends}"


def _with_kind(material: Material, answers: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """`answers` with `km` and `before_km`, how far answer and retrieval are off, and what the model did to it."""
    truth = material.positions(answers["query_id"])
    km = _km(answers, "lat", "lon", truth)
    before = _km(answers, "without_lmm_lat", "without_lmm_lon", truth)
    change = moved(km, before)
    answered = answers["query_id"].isin(said.loc[said["outcome"] == "answered", "query_id"]).to_numpy()
    kind = np.where(change < 0, 0, np.where(change > 0, 1, 2))
    kind = np.where(answered, kind, 3)
    return answers.assign(km=km, before_km=before, kind=kind).sort_values(["kind", "query_id"])


def _km(rows: pd.DataFrame, lat: str, lon: str, truth: tuple[Any, Any]) -> np.ndarray[Any, Any]:
    km = np.full(len(rows), np.nan)
    known = rows[lat].notna().to_numpy()
    given = rows[known]
    km[known] = geodesic_km(given[lat].to_numpy(), given[lon].to_numpy(), truth[0][known], truth[1][known])
    return km


def _row(material: Material, query: dict[str, Any], said: pd.DataFrame, sources: dict[str, str], y: float) -> Markup:
    name = str(query["query_id"])
    truth = material.position(name)
    retrieved = Place(float(query["without_lmm_lat"]), float(query["without_lmm_lon"]), float(query["before_km"]))
    answer = _told(said)
    there = (float(answer["lat"]), float(answer["lon"]))
    km = float(geodesic_km(*there, *truth)) if math.isfinite(there[0]) else math.nan
    points = [Point(retrieved.lat, retrieved.lon, "R")] if math.isfinite(retrieved.lat) else []
    points += [Point(*there, "M", bool(answer["chosen"]))] if math.isfinite(there[0]) else []
    final = Point(float(query["lat"]), float(query["lon"])) if math.isfinite(float(query["lat"])) else None
    drawn = radar(truth, points, final, f"Answers for {name}")
    heading = f"{material.place(name)}: {KINDS[int(query['kind'])]}"
    lines = [f"Retrieval: {retrieved.words}", *_model_lines(answer, Place(*there, km), len(said))]
    width = MARGIN + INNER - TEXT_X
    return join(
        [
            photo(sources.get(name), MARGIN, y, SIDE),
            nested(drawn, MARGIN + SIDE + GAP, y, SIDE, SIDE, f"0 0 {SIZE:g} {SIZE:g}"),
            label(fitted(heading, width, 12), TEXT_X, y + 11, "small strong"),
            *(
                label(fitted(line, width, 11.5), TEXT_X, y + 28 + number * LINE, "tiny")
                for number, line in enumerate(lines)
            ),
        ]
    )


def _told(said: pd.DataFrame) -> dict[str, Any]:
    """Of several prompts the one whose coordinate was taken, else the first with one, else the first."""
    order = said.assign(answered=said["outcome"] == "answered").sort_values(
        ["chosen", "answered"], ascending=False, kind="stable"
    )
    return _records(order)[0]


def _model_lines(answer: dict[str, Any], place: Place, prompts: int) -> list[str]:
    name = str(answer["prompt"]).partition("@")[0] + (f", 1 of {prompts}" if prompts > 1 else "")
    if answer["outcome"] != "answered":
        return [f"Model ({name}): {answer['outcome']}", plain(answer["reason"], 200)]
    own = ", ".join(text for key in ("city", "region", "country") if (text := plain(answer[key], 60)))
    taken = "taken" if answer["chosen"] else "not taken"
    off = f"{kilometres(place.km)} off, says within {kilometres(float(answer['radius_km']))}"
    evidence = [] if answer["evidence"] is None else list(answer["evidence"])
    grounds = [f"· {line}" for text in evidence[:EVIDENCE] if (line := plain(text, 200))]
    return [f"Model ({name}), {taken}: {off}", own or str(name_place(place.lat, place.lon)), *grounds]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _key(y: float) -> Markup:
    parts = [tag("circle", cx=MARGIN + 6, cy=y - 4, r=4, class_="truth"), label("true place", MARGIN + 16, y, "small")]
    parts.append(label("R retrieval, M the model (filled: taken)", MARGIN + 96, y, "small"))
    parts.append(tag("path", d=f"M{MARGIN + 342} {y - 4}h12m-6 -6v12", class_="answer", fill="none"))
    parts.append(label("answer; rings at 1, 25, 200 and 2,500 km", MARGIN + 361, y, "small"))
    return join(parts)
