"""One picture that shows the world: cities of six continents, and the same scenes under each condition with their
masks.
"""

import io
import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dualgeo.atlas.ade20k import mask_colours
from dualgeo.atlas.cities import City
from dualgeo.atlas.climate import group_of
from dualgeo.atlas.countries import CONTINENTS
from dualgeo.atlas.plan import plan_atlas
from dualgeo.atlas.render import render
from dualgeo.atlas.view import CONDITIONS, SceneView
from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.params import AtlasParams

TILE, GAP, LABEL, HEAD = 136, 3, 17, 34
_PHOTOS, _CITIES, _SCENES = 4, 4, 5
_PAPER, _INK, _SOFT = (250, 249, 246), (32, 34, 38), (112, 116, 122)
_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


def contact_sheet(path: Path, params: AtlasParams) -> None:
    """Draw the sheet to `path` (.jpg or .png); DualGeoError for another ending. Photos are those of the gallery,
    larger.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise DualGeoError(f"{path}: name the contact sheet .jpg or .png.")
    views = _views(params)
    parts = [_title(params)]
    for continent in CONTINENTS:
        chosen = _chosen([city for city in views if city.continent == continent])
        if chosen:
            parts.append(_heading(continent))
            parts += [_city_row(chosen[k : k + 2], views) for k in range(0, len(chosen), 2)]
    parts.append(_heading("The same scene under each condition, and its mask (which no condition changes)"))
    parts += _condition_rows(views)
    sheet = Image.new("RGB", (_width() + 24, sum(part.height for part in parts) + 24), _PAPER)
    top = 12
    for part in parts:
        sheet.paste(part, (12, top))
        top += part.height
    stream = io.BytesIO()
    sheet.save(stream, kind, quality=72, optimize=True)
    with written_whole(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def _width() -> int:
    return 2 * _PHOTOS * TILE + (2 * _PHOTOS - 2) * GAP + 14


def _views(params: AtlasParams) -> dict[City, list[SceneView]]:
    """Daylight views of each gallery city, one for each place."""
    views: dict[City, list[SceneView]] = {}
    seen: set[str] = set()
    for photo in plan_atlas(params):
        if photo.split == "gallery" and photo.place not in seen:
            seen.add(photo.place)
            views.setdefault(photo.view.place.city, []).append(photo.view.under("daylight"))
    return views


def _chosen(cities: list[City]) -> list[City]:
    """Large cities of different climates, then simply large ones."""
    largest = sorted(cities, key=lambda city: (-city.population, city.name))
    chosen: list[City] = []
    groups: set[str] = set()
    for city in largest:
        if not groups & {group_of(city.zone), city.country}:
            groups |= {group_of(city.zone), city.country}
            chosen.append(city)
    return [*chosen, *(city for city in largest if city not in chosen)][:_CITIES]


def _name(city: City) -> str:
    """City and country in plain letters: the font at hand has no accents."""
    plain = unicodedata.normalize("NFKD", city.name).encode("ascii", "ignore").decode()
    return f"{plain}, {city.country}"


def _text(width: int, height: int, words: str, size: int, ink: tuple[int, int, int], soft: str = "") -> Image.Image:
    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    draw.text((0, height - 4), words, ink, font, anchor="ls")
    draw.text((draw.textlength(words + "  ", font), height - 4), soft, _SOFT, font, anchor="ls")
    return image


def _title(params: AtlasParams) -> Image.Image:
    return _text(_width(), 44, "Atlas", 30, _INK, f"a drawn world of {params.cities} real cities")


def _heading(words: str) -> Image.Image:
    return _text(_width(), HEAD, words, 17, _INK)


def _row(tiles: list[NDArray[np.uint8]], width: int) -> Image.Image:
    row = Image.new("RGB", (width, TILE), _PAPER)
    for index, tile in enumerate(tiles):
        row.paste(Image.fromarray(tile), (index * (TILE + GAP), 0))
    return row


def _city_row(cities: list[City], views: dict[City, list[SceneView]]) -> Image.Image:
    half = _PHOTOS * TILE + (_PHOTOS - 1) * GAP
    strip = Image.new("RGB", (_width(), LABEL + TILE + 6), _PAPER)
    for index, city in enumerate(cities):
        left = index * (half + 14)
        strip.paste(_text(half, LABEL, _name(city), 12, _INK, f"{city.zone} {group_of(city.zone)}"), (left, 0))
        strip.paste(_row([render(view, TILE)[0] for view in views[city][:_PHOTOS]], half), (left, LABEL))
    return strip


def _condition_rows(views: dict[City, list[SceneView]]) -> list[Image.Image]:
    half = TILE + GAP
    names = Image.new("RGB", (_width(), LABEL), _PAPER)
    for index, name in enumerate((*CONDITIONS, "mask")):
        names.paste(_text(TILE, LABEL, name, 12, _INK), (index * half, 0))
    colours = mask_colours()
    rows = [names]
    largest = sorted(views, key=lambda city: (-city.population, city.name))
    for city in largest[:: max(1, len(largest) // _SCENES)][:_SCENES]:
        view = views[city][0]
        tiles = [render(view.under(condition), TILE)[0] for condition in CONDITIONS]
        row = Image.new("RGB", (_width(), TILE + GAP), _PAPER)
        row.paste(_row([*tiles, colours[render(view, TILE)[1]]], _width()), (0, 0))
        label = _text(TILE, LABEL, _name(city), 12, _SOFT)
        row.paste(label, (7 * half + 6, TILE // 2 - LABEL // 2))
        rows.append(row)
    return rows
