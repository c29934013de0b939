"""Trees and shrubs by species."""

import math

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.buildings import NORMAL_FACING
from dualgeo.atlas.canvas import BALL, FACING, PLAIN, Canvas
from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.planting import Tree

EVERGREEN = ("conifer", "pine", "cypress", "palm", "coconut", "acacia", "shrub")
_BARK: Colour = (0.30, 0.23, 0.17)


def draw_tree(canvas: Canvas, tree: Tree) -> None:
    """Draw a plant; far ones with fewer strokes."""
    depth = canvas.depth(tree.x, tree.z)
    if depth < 1.2:
        return
    match tree.species:
        case "palm" | "coconut":
            _palm(canvas, tree, depth)
        case "conifer":
            _conifer(canvas, tree, depth)
        case "cypress" | "poplar":
            slim = 0.11 if tree.species == "cypress" else 0.15
            _trunk(canvas, tree, depth, 0.12, 0.12)
            _crown(canvas, tree, depth, 0.0, 0.54, slim, 0.46)
        case "acacia" | "pine":
            _trunk(canvas, tree, depth, 0.75, 0.16)
            wide = 0.55 if tree.species == "acacia" else 0.42
            for dx, up in ((0.0, 0.84), (-wide * 0.5, 0.76), (wide * 0.5, 0.79)):
                _crown(canvas, tree, depth, dx, up, wide * 0.62, 0.11)
        case "shrub":
            for dx, wide in ((-0.45, 0.5), (0.4, 0.45), (0.0, 0.6)):
                _crown(canvas, tree, depth, dx, 0.45, wide, 0.5, ade.PLANT)
        case _:
            _round(canvas, tree, depth)


def _round(canvas: Canvas, tree: Tree, depth: float) -> None:
    birch = tree.species == "birch"
    low = 0.34 if tree.species == "plane" else 0.28
    _trunk(canvas, tree, depth, 0.55, 0.10 if birch else 0.2, (0.80, 0.79, 0.74) if birch else _BARK)
    wide = 0.22 if birch else 0.36
    turn = tree.seed % 10 / 10
    lobes = [(0.0, 0.74, wide * 0.78, 0.24)]
    if depth < 45:
        lobes = [
            (-wide * 0.5, low + 0.25, wide * 0.6, 0.19),
            (wide * 0.52, low + 0.28 + 0.05 * turn, wide * 0.6, 0.2),
            *lobes,
        ]
        lobes.append((wide * (turn - 0.5) * 0.8, low + 0.2, wide * 0.62, 0.17))
    for dx, up, rx, ry in lobes:
        _crown(canvas, tree, depth, dx, up, rx, ry)


def _trunk(canvas: Canvas, tree: Tree, depth: float, top: float, width: float, bark: Colour = _BARK) -> None:
    trunk = canvas.surface(PLAIN, FACING, depth, ade.TREE, bark, NORMAL_FACING)
    canvas.line((tree.x, 0.0, tree.z), (tree.x, tree.size * top, tree.z), width * (0.6 + tree.size / 16), trunk)


def _crown(
    canvas: Canvas, tree: Tree, depth: float, dx: float, up: float, rx: float, ry: float, kind: int = ade.TREE
) -> None:
    """A leafy ellipse; offsets and radii are shares of the tree's height."""
    size = tree.size
    dx, up, rx, ry = dx * size, up * size, rx * size, ry * size
    leafy = 0.0 if tree.species in EVERGREEN else 1.0
    shape = (canvas.across(tree.x, tree.z) + dx, up, rx, ry, leafy, tree.seed % 251)
    number = canvas.surface(BALL, FACING, depth, kind, tree.leaf, NORMAL_FACING, shape)
    cos = math.cos(canvas.camera.yaw)
    canvas.ellipse((tree.x + dx * cos, up, tree.z - dx * math.sin(canvas.camera.yaw)), rx, ry, number)


def _conifer(canvas: Canvas, tree: Tree, depth: float) -> None:
    _trunk(canvas, tree, depth, 0.2, 0.18)
    size = tree.size
    shape = (canvas.across(tree.x, tree.z), size * 0.5, size * 0.25, size * 0.5, 0.0, tree.seed % 251)
    number = canvas.surface(BALL, FACING, depth, ade.TREE, tree.leaf, NORMAL_FACING, shape)
    for low, high, wide in ((0.10, 0.55, 0.24), (0.32, 0.78, 0.18), (0.58, 1.0, 0.11)):
        canvas.facing(
            (tree.x, 0.0, tree.z), [(-wide * size, low * size), (wide * size, low * size), (0.0, high * size)], number
        )


def _palm(canvas: Canvas, tree: Tree, depth: float) -> None:
    size = tree.size
    lean = 0.10 * size * ((tree.seed % 21) / 10 - 1) if tree.species == "coconut" else 0.0
    trunk = canvas.surface(PLAIN, FACING, depth, ade.PALM, (0.45, 0.37, 0.28), NORMAL_FACING)
    top = 0.84 * size
    canvas.line((tree.x, 0.0, tree.z), (tree.x + lean, top, tree.z), 0.30, trunk)
    reach = 0.27 * size
    shape = (canvas.across(tree.x + lean, tree.z), top, reach, reach, 0.0, tree.seed % 251)
    fronds = canvas.surface(BALL, FACING, depth, ade.PALM, mix(tree.leaf, (0.04, 0.04, 0.0)), NORMAL_FACING, shape)
    centre = (tree.x + lean, top, tree.z)
    for dx, dy, droop in _FRONDS:
        tip = (dx * reach, (dy - droop) * reach)
        knee = (0.55 * dx * reach, (0.75 * dy + 0.12) * reach)
        wide = 0.11 * reach
        canvas.facing(centre, [(0.0, -wide), knee, tip, (knee[0] * 0.95, knee[1] - 2.2 * wide)], fronds)


_FRONDS = [
    (-1.0, 0.25, 0.35),
    (1.0, 0.25, 0.35),
    (-0.85, 0.7, 0.25),
    (0.85, 0.7, 0.25),
    (-0.35, 1.0, 0.1),
    (0.4, 1.0, 0.1),
    (-0.75, -0.2, 0.5),
    (0.75, -0.2, 0.5),
]
