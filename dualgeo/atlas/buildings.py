"""Buildings, houses and what is on their roofs."""

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.canvas import ACROSS_X, ACROSS_Z, FACADE, FACING, PLAIN, ROOFING, Canvas, Point
from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.street import Lot, Street

NORMAL_LEFT, NORMAL_RIGHT, NORMAL_FRONT, NORMAL_UP, NORMAL_FACING = 1, 2, 3, 4, 5
"""Which way a surface faces: the light table has a row for each (0 = shown as is). LEFT is a facade on the left
side.
"""
_CLASSES = {"building": ade.BUILDING, "house": ade.HOUSE, "skyscraper": ade.SKYSCRAPER}
_TEXTURES = {"plaster": 0, "brick": 1, "panel": 2, "timber": 3, "stone": 4, "glass": 5}


def draw_lot(canvas: Canvas, street: Street, lot: Lot) -> None:
    """Draw one building: end wall, roof, then street face (later surfaces hide earlier ones)."""
    style, side = street.style, lot.side
    x, back = side * lot.face, side * (lot.face + lot.depth)
    kind = _CLASSES[lot.kind]
    normal = NORMAL_LEFT if side < 0 else NORMAL_RIGHT
    bay = style.bay * (0.92 if lot.kind == "skyscraper" else 1.0)
    bays = max(1, round((lot.z1 - lot.z0) / bay))
    bay = (lot.z1 - lot.z0) / bays
    window = style.window_kind
    if lot.kind != "skyscraper":
        window += (4 if style.shutters is not None else 0) + (8 if style.balconies and lot.floors > 1 else 0)
    texture = (
        lot.z0,
        bay,
        style.storey,
        style.window_width,
        style.window_height,
        _TEXTURES[lot.texture],
        lot.height,
        lot.seed % 997,
    )
    front = canvas.surface(
        FACADE, ACROSS_X, x, kind, lot.wall, normal, (*texture, window, 1.0 if lot.shop else 2.0 + lot.seed % bays)
    )
    end_texture = (min(x, back), lot.depth / max(1, round(lot.depth / 3.4)), *texture[2:], window, 0.0)
    end = canvas.surface(
        FACADE, ACROSS_Z, lot.z0, kind, mix(lot.wall, (-0.02, -0.02, -0.01)), NORMAL_FRONT, end_texture
    )
    shown_end = lot.z0 > 0.3
    if lot.roof.shape != "flat":
        _roof(canvas, lot, x, back, kind, end, front, shown_end)
    if shown_end:
        canvas.polygon(_wall(x, lot.z0, back, lot.z0, lot.height), end)
    canvas.polygon(_wall(x, lot.z0, x, lot.z1, lot.height), front)
    if lot.roof.shape == "flat" and lot.kind != "house" and lot.z0 > 12:
        _rooftop(canvas, lot, x, kind)
    if lot.shop and lot.z0 < 45 and lot.z1 > 0.5:
        _awning(canvas, street, lot)


def _wall(x0: float, z0: float, x1: float, z1: float, height: float) -> list[Point]:
    return [(x0, 0.0, z0), (x1, 0.0, z1), (x1, height, z1), (x0, height, z0)]


def _roof(canvas: Canvas, lot: Lot, x: float, back: float, kind: int, end: int, front: int, shown_end: bool) -> None:
    middle = (x + back) / 2
    depth = max(1.0, canvas.depth(x, (lot.z0 + lot.z1) / 2))
    colour = mix(lot.roof.colour, _tint(lot.seed))
    roof = canvas.surface(ROOFING, FACING, depth, kind, colour, NORMAL_UP, (0.0, 0.3))
    low = lot.height
    eave = 0.35 if lot.roof.shape != "mansard" else 0.0
    out = x - lot.side * eave
    z0, z1 = lot.z0 - eave, lot.z1 + eave
    if lot.ridge_across and lot.roof.shape == "gable":
        top = low + lot.roof.pitch * (lot.z1 - lot.z0) / 2
        ridge = (lot.z0 + lot.z1) / 2
        canvas.polygon([(out, low - 0.15, z0), (out, top, ridge), (back, top, ridge), (back, low - 0.15, z0)], roof)
        canvas.polygon([(x, low - 0.1, lot.z0), (x, top - 0.2, ridge), (x, low - 0.1, lot.z1)], front)
        return
    if lot.roof.shape == "mansard":
        top, inset = low + 2.8, 1.3 * lot.side
        if shown_end:
            canvas.polygon(
                [(x, low, lot.z0), (back, low, lot.z0), (back, top, lot.z0 + 1), (x + inset, top, lot.z0 + 1)], roof
            )
        canvas.polygon([(x, low, lot.z0), (x, low, lot.z1), (x + inset, top, lot.z1), (x + inset, top, lot.z0)], roof)
        return
    top = low + lot.roof.pitch * lot.depth / 2
    inset = 0.0 if lot.roof.shape == "gable" else min(0.45 * (lot.z1 - lot.z0), lot.depth / 2)
    if shown_end:
        gable = (
            end
            if lot.roof.shape == "gable"
            else canvas.surface(
                ROOFING, FACING, depth, kind, mix(colour, (-0.08, -0.07, -0.06)), NORMAL_FRONT, (0.0, 0.3)
            )
        )
        canvas.polygon([(x, low - 0.1, lot.z0), (middle, top - 0.1, lot.z0 + inset), (back, low - 0.1, lot.z0)], gable)
    canvas.polygon(
        [(out, low - 0.2, z0), (out, low - 0.2, z1), (middle, top, z1 - inset), (middle, top, z0 + inset)], roof
    )


def _rooftop(canvas: Canvas, lot: Lot, x: float, kind: int) -> None:
    """A stair head or water tank, set back from the edge."""
    if lot.seed % 3 == 0:
        return
    z, width = lot.z0 + (lot.z1 - lot.z0) * (0.25 + 0.4 * (lot.seed % 7) / 7), 2.4
    at = x + lot.side * 1.2
    shape = [(-width / 2, 0.0), (width / 2, 0.0), (width / 2, 1.9), (-width / 2, 1.9)]
    box = canvas.surface(PLAIN, FACING, canvas.depth(at, z), kind, mix(lot.wall, (-0.12, -0.1, -0.08)), NORMAL_FACING)
    canvas.facing((at, lot.height, z), shape, box)


def _awning(canvas: Canvas, street: Street, lot: Lot) -> None:
    """The shop's name board or awning over the pavement."""
    x, out = lot.side * lot.face, lot.side * (lot.face - 1.1)
    z0, z1 = lot.z0 + 0.6, lot.z1 - 0.6
    if z1 - z0 < 2:
        return
    accent = street.style.accent if lot.seed % 2 else _second(street.style.accent)
    normal = NORMAL_LEFT if lot.side < 0 else NORMAL_RIGHT
    if lot.seed % 5 < 2:
        board = canvas.surface(PLAIN, ACROSS_X, x, ade.SIGNBOARD, accent, normal)
        canvas.polygon([(x, 2.6, z0), (x, 2.6, z1), (x, 3.3, z1), (x, 3.3, z0)], board)
    elif lot.seed % 5 < 4:
        awning = canvas.surface(PLAIN, ACROSS_X, x, ade.AWNING, accent, NORMAL_UP)
        canvas.polygon([(x, 3.1, z0), (x, 3.1, z1), (out, 2.5, z1), (out, 2.5, z0)], awning)


def _second(colour: Colour) -> Colour:
    return colour[2], colour[0], colour[1]


def _tint(seed: int) -> Colour:
    shift = (seed % 31 - 15) / 200
    return shift, shift * 0.9, shift * 0.8
