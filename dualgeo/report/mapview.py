"""The world map as the page first shows it, and the data from which its selectors redraw it."""

import json
from typing import Any

from markupsafe import Markup

from dualgeo.report.curves import km_text
from dualgeo.report.inputs import Run
from dualgeo.report.style import style_of
from dualgeo.report.words import count, ordinal
from dualgeo.report.worldmap import HEIGHT, WIDTH, density, globe_path, graticule_path, land_path, layers, stride

COLOURS = 6
HINT = "Point at a dot or a square to read its error."


def map_context(run: Run) -> dict[str, Any]:
    """What templates/map.html shows: the lead variant's first seed on the first query set."""
    drawn = layers(run)
    gallery = run.photos[run.photos["split"] == "gallery"]
    name = run.query_sets[0] if run.query_sets else ""
    photos = drawn["sets"].get(name, {"id": [], "x": [], "y": []})
    answers = drawn["answers"].get(name, {}).get(run.lead, {"c": [], "x": [], "y": [], "d": []})
    asked = len(photos["id"])
    failed = answers["c"].count(-1)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "globe": globe_path(),
        "land": land_path(),
        "graticule": graticule_path(),
        "density": density(gallery),
        "gallery": count(len(gallery), "photo"),
        "thinned": f"Every {ordinal(n)} query is drawn and counted here." if (n := stride(run)) > 1 else "",
        "count": sum(len(photos["id"]) for photos in drawn["sets"].values()),
        "query_set": name,
        "query_sets": list(run.query_sets),
        "variant": run.lead,
        "variants": [
            {"variant": v, "name": f"{style_of(v).name}, seed {run.of(v)[0].cell.seed}"} for v in run.variants
        ],
        "title": f"World map: {count(asked, 'query', 'queries')} of {name} as {style_of(run.lead).name} answered them",
        "readout": f"{name}, {style_of(run.lead).name}, seed {run.of(run.lead)[0].cell.seed}",
        "classes": _classes(run.params.score.thresholds_km, answers, asked),
        "truths": "".join(_dot(x, y) for x, y in zip(photos["x"], photos["y"], strict=True)),
        "failures": "".join(
            f"M{x - 45} {y - 45}l90 90m0 -90l-90 90"
            for x, y, c in zip(photos["x"], photos["y"], answers["c"], strict=True)
            if c < 0
        ),
        "failed": failed,
        "failed_share": f"{100 * failed / asked:.1f} %" if asked else "",
        "data": embedded_json(drawn | {"hint": HINT}),
    }


def _classes(thresholds_km: list[float], answers: dict[str, Any], asked: int) -> list[dict[str, Any]]:
    bounds = sorted(thresholds_km)
    classes: list[dict[str, Any]] = []
    for number in range(len(bounds) + 1):
        mine = [i for i, c in enumerate(answers["c"]) if c == number]
        label = f"within {km_text(bounds[number])} km" if number < len(bounds) else f"beyond {km_text(bounds[-1])} km"
        classes.append(
            {
                "number": number,
                "css": class_css(number, len(bounds)),
                "label": label,
                "count": len(mine),
                "share": f"{100 * len(mine) / asked:.1f} %" if asked else "",
                "arcs": "".join(answers["d"][i] for i in mine),
                "answers": "".join(_dot(answers["x"][i], answers["y"][i]) for i in mine),
            }
        )
    return classes


def class_css(number: int, last: int) -> str:
    """The colour class of an error class: blue for the first, crimson for the last, whatever the number of classes."""
    return f"e{round(number * (COLOURS - 1) / max(1, last))}"


def _dot(x: int, y: int) -> str:
    return f"M{x} {y}h0"


def embedded_json(value: object) -> Markup:
    """JSON that can stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped
