"""`data` and `validate`: sample photos of every split and query set with their places, and what the checks found."""

import pandas as pd
from markupsafe import Markup

from dualgeo.previews.material import SETS_SHOWN, Material, evenly
from dualgeo.previews.sheet import INNER, MARGIN, TOP, fitted, label, sheet
from dualgeo.previews.strips import Shot, captioned
from dualgeo.report.inputs import optional_json
from dualgeo.report.svg import join, tag
from dualgeo.report.words import count

SPLITS = ("gallery", "validation", "query")
LINE = 19.0


def data_picture(material: Material) -> Markup:
    """Every photo set: how many photos, and some of them with their places."""
    photos = material.photos
    names = material.query_set_order([str(name) for name in photos["dataset"].unique()])
    shown = names[:SETS_SHOWN]
    columns = 2 if len(shown) > 4 else 1
    across = 4 if columns == 2 else 8
    samples = {name: evenly(photos[photos["dataset"] == name], across) for name in shown}
    content, bottom = _sets(material, samples, columns, across)
    more = f"; {count(len(names) - len(shown), 'more set')} not shown" if len(names) > len(shown) else ""
    return sheet(f"Photos of data/{material.params.dataset}", counts(photos) + more, [content], bottom + 8)


def validate_picture(material: Material) -> Markup:
    """Each expectation with its outcome, and a few of the photos that were checked."""
    outcome = optional_json(material.need(material.workspace.validation / "validation.json")) or {}
    expectations = [dict(e) for e in outcome.get("expectations", [])]
    samples = {"": evenly(material.photos, 8)}
    strip, bottom = _sets(material, samples, columns=1, across=8)
    listed, bottom = _expectations(expectations, bottom + 6)
    sentence = str(outcome.get("sentence") or count(len(expectations), "expectation"))
    return sheet(f"Checks of data/{material.params.dataset}", sentence, [strip, listed], bottom + 6)


def counts(photos: pd.DataFrame) -> str:
    """4,400 gallery, 440 validation, 2,310 query photos."""
    sizes = photos["split"].value_counts()
    known = [f"{int(sizes[split]):,} {split}" for split in SPLITS if split in sizes]
    return f"{', '.join(known)} {'photo' if len(photos) == 1 else 'photos'}"


def _sets(material: Material, samples: dict[str, pd.DataFrame], columns: int, across: int) -> tuple[Markup, float]:
    """A block for each set of photos, `columns` beside each other; and where they end (y)."""
    gap, column_gap = 6.0, 24.0
    width = (INNER - column_gap * (columns - 1)) / columns
    side = (width - gap * (across - 1)) / across
    sources = material.thumbnails([str(i) for rows in samples.values() for i in rows["photo_id"]])
    parts: list[Markup] = []
    heading = 22.0 if any(samples) else 2.0
    for number, (name, rows) in enumerate(samples.items()):
        x = MARGIN + (number % columns) * (width + column_gap)
        y = TOP + (number // columns) * (side + heading + 32)
        if name:
            parts.append(_set_heading(material.photos, name, x, y + 12))
        for place, photo_id in enumerate(str(i) for i in rows["photo_id"]):
            shot = Shot(sources.get(photo_id), material.place(photo_id))
            parts.append(captioned(shot, x + place * (side + gap), y + heading, side))
    lines = -(-len(samples) // columns)
    return join(parts), TOP + lines * (side + heading + 32)


def _set_heading(photos: pd.DataFrame, name: str, x: float, y: float) -> Markup:
    rows = photos[photos["dataset"] == name]
    split = ", ".join(split for split in SPLITS if split in set(rows["split"]))
    text = tag("tspan", name, class_="strong") + tag(
        "tspan", f"{count(len(rows), 'photo')}, {split}", dx=7, fill="#5b626b"
    )
    return tag("text", text, x=x, y=y)


def _expectations(expectations: list[dict[str, object]], top: float) -> tuple[Markup, float]:
    """One outcome a line, failures first, with how many values were checked; and where they end (y)."""
    ordered = sorted(expectations, key=lambda e: bool(e.get("success")))
    parts: list[Markup] = []
    for number, expectation in enumerate(ordered):
        y = top + number * LINE + 14
        passed = bool(expectation.get("success"))
        parts.append(label("✓" if passed else "✗", MARGIN, y, f"strong {'good' if passed else 'bad'}"))
        words = fitted(str(expectation.get("name")), INNER - 240, 12)
        parts.append(label(words, MARGIN + 20, y, "small" if passed else "small bad"))
        checked = f"{figure(expectation, 'checked')} checked"
        unexpected = "" if passed else f", {figure(expectation, 'unexpected')} not so"
        parts.append(label(checked + unexpected, MARGIN + INNER, y, f"small end {'soft' if passed else 'bad'}"))
    return join(parts), top + len(ordered) * LINE + 8


def figure(expectation: dict[str, object], key: str) -> str:
    """A count in an expectation, or a dash where it states none."""
    value = expectation.get(key)
    return f"{value:,}" if isinstance(value, int) else "–"
