"""`refine`: how candidates cluster around the true place of a few queries, and how large the chosen clusters are."""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from dualgeo.geo.sphere import geodesic_km
from dualgeo.previews.material import Material, NotMade, evenly
from dualgeo.previews.sheet import FONT, INNER, MARGIN, TOP, fitted, label, nested, sheet
from dualgeo.report.examples import cluster_letters
from dualgeo.report.inputs import read_table
from dualgeo.report.radar import SIZE, Point, radar
from dualgeo.report.svg import Scale, join, tag
from dualgeo.report.words import count, kilometres
from dualgeo.workspace import Cell

QUERIES = 3
ANSWER_COLUMNS = ("query_id", "query_set", "split", "lat", "lon", "cluster_size", "status")
CANDIDATE_COLUMNS = ("query_id", "photo_id", "lat", "lon", "cluster", "order")
STYLE = (
    f".radar text{{font:10.5px {FONT};fill:#5b626b}}.radar .middle{{text-anchor:middle}}"
    ".rim{fill:#f4f6f7;stroke:#cfc8b8}.ring{fill:none;stroke:#dedad1}"
    ".candidate{fill:#fdfcfa;stroke:#6d737b}.clustered{fill:#dedad1}.chosen{fill:#0a63ad;stroke:#0a63ad}"
    ".radar text.letter{font-size:9px;font-weight:600;fill:#1d2126}.radar .chosen+text.letter{fill:#fff}"
    ".truth{fill:#17683c}.answer-halo{stroke:#fdfcfa;stroke-width:4.5}.answer{stroke:#990f3d;stroke-width:2.2}"
)


def clusters_picture(material: Material, cell: Cell) -> Markup:
    """Three queries (a good, a middling and a bad answer), and a histogram of cluster sizes."""
    folder = material.workspace.refined(cell)
    stage = f"refine@{cell.name}"
    answers = read_table(material.need(folder / "predictions.parquet"), ANSWER_COLUMNS, stage)
    answers = _with_error(material, answers[answers["split"] == "query"])
    if answers["km"].dropna().empty:
        raise NotMade(f"no query of {cell.name} has an answer")
    candidates = read_table(material.need(folder / "candidates.parquet"), CANDIDATE_COLUMNS, stage)
    shown = evenly(answers.dropna(subset=["km"]).sort_values(["km", "query_id"]), QUERIES)
    gap = 18.0
    side = (INNER - gap * (QUERIES - 1)) / QUERIES
    parts = [
        _query(material, answer, candidates, MARGIN + number * (side + gap), side)
        for number, answer in enumerate(shown.to_dict("records"))
    ]
    middle = TOP + side + 66
    parts.append(_key(middle))
    parts.append(_sizes(answers["cluster_size"], middle + 30))
    failed = int(answers["km"].isna().sum())
    subtitle = (
        f"{count(len(answers), 'query', 'queries')}, {failed:,} without an answer; three of them from best to worst"
    )
    return sheet(f"Refined answers of {cell.name}", subtitle, parts, middle + 196, STYLE)


def _with_error(material: Material, answers: pd.DataFrame) -> pd.DataFrame:
    """`answers` with `km`, how far each lies from the truth; NaN without an answer."""
    lat, lon = material.positions(answers["query_id"])
    answered = answers["lat"].notna().to_numpy()
    km = np.full(len(answers), np.nan)
    given = answers[answered]
    km[answered] = geodesic_km(given["lat"].to_numpy(), given["lon"].to_numpy(), lat[answered], lon[answered])
    return answers.assign(km=km)


def _query(material: Material, answer: dict[Any, Any], candidates: pd.DataFrame, x: float, side: float) -> Markup:
    query = str(answer["query_id"])
    rows = candidates[candidates["query_id"] == query].sort_values("order")
    letters = cluster_letters(rows)
    winner = letters.get(int(rows["cluster"].iloc[0]), "") if len(rows) else ""
    points = [
        Point(float(row["lat"]), float(row["lon"]), letter, bool(letter) and letter == winner)
        for row in rows.to_dict("records")
        for letter in [letters.get(int(row["cluster"]), "")]
    ]
    answered = Point(float(answer["lat"]), float(answer["lon"]))
    drawn = radar(material.position(query), points, answered, f"Candidates of {query}")
    words = f"{kilometres(float(answer['km']))} off, cluster of {int(answer['cluster_size'])} / {len(rows)}"
    return join(
        [
            nested(drawn, x, TOP, side, side, f"0 0 {SIZE:g} {SIZE:g}"),
            label(fitted(material.place(query), side, 12), x, TOP + side + 18, "small strong"),
            label(fitted(words, side, 12), x, TOP + side + 35, "small soft"),
        ]
    )


def _key(y: float) -> Markup:
    parts = [tag("circle", cx=MARGIN + 6, cy=y - 4, r=5, class_="chosen")]
    parts.append(label("chosen cluster", MARGIN + 17, y, "small"))
    parts.append(tag("circle", cx=MARGIN + 126, cy=y - 4, r=5, class_="candidate clustered"))
    parts.append(label("other cluster", MARGIN + 137, y, "small"))
    parts.append(tag("circle", cx=MARGIN + 236, cy=y - 4, r=5, class_="candidate"))
    parts.append(label("alone", MARGIN + 247, y, "small"))
    parts.append(tag("circle", cx=MARGIN + 304, cy=y - 4, r=4, class_="truth"))
    parts.append(label("true place", MARGIN + 314, y, "small"))
    parts.append(tag("path", d=f"M{MARGIN + 394} {y - 4}h12m-6 -6v12", class_="answer", fill="none"))
    parts.append(label("answer; rings at 1, 25, 200 and 2,500 km", MARGIN + 413, y, "small"))
    return join(parts)


def _sizes(sizes: pd.Series, top: float) -> Markup:
    """Percent of queries by the size of their chosen cluster; 0 is no cluster."""
    most = max(1, int(sizes.max()))
    shares = 100 * sizes.value_counts().reindex(range(most + 1), fill_value=0) / len(sizes)
    y = Scale(0, max(1.0, float(shares.max())), top + 130, top + 34)
    step = (INNER - 40) / (most + 1)
    parts = [label("Size of the chosen cluster, percent of queries (0: none formed)", MARGIN, top + 10, "small strong")]
    every = 1 if most <= 24 else -(-most // 20)
    for size, share in enumerate(shares.tolist()):
        x = MARGIN + 20 + size * step
        parts.append(
            tag("rect", x=x + 0.12 * step, y=y(share), width=0.76 * step, height=y(0) - y(share), fill="#0a63ad")
        )
        if size % every == 0:
            parts.append(label(str(size), x + step / 2, y(0) + 17, "tiny soft middle"))
            if share >= 0.5 and step >= 24:
                parts.append(label(f"{share:.0f}", x + step / 2, y(share) - 5, "tiny soft middle"))
    parts.append(tag("path", d=f"M{MARGIN + 20} {y(0):.1f}h{INNER - 40}", class_="rule"))
    return join(parts)
