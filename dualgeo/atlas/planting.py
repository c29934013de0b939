"""Where trees and shrubs stand along a street, of which species."""

from dataclasses import dataclass

import numpy as np

from dualgeo.atlas.palettes import Colour, mix
from dualgeo.atlas.style import Style

_HEIGHTS = {
    "conifer": 11.0,
    "cypress": 8.5,
    "palm": 8.0,
    "coconut": 9.5,
    "acacia": 6.0,
    "shrub": 1.5,
    "poplar": 11.0,
    "pine": 9.0,
}
_OTHER_HEIGHT = 7.0
_ROW_END_M = 80.0
# How many plants scatter on a side of each kind, and how far in from its edge, metres.
_SCATTERED = {"park": (15, 32.0), "fields": (5, 60.0), "houses": (8, 3.0), "compound": (4, 2.0)}


@dataclass(frozen=True)
class Tree:
    """A plant at x, z; `size` is its height in metres."""

    x: float
    z: float
    species: str
    size: float
    leaf: Colour
    seed: int


def planted(style: Style, sides: tuple[str, str], face: float, median: float, rng: np.random.Generator) -> list[Tree]:
    """Plants of both sides and of the median; `face` is the distance of the frontage from the street's middle,
    metres.
    """
    trees: list[Tree] = []
    for sign, kind in zip((-1, 1), sides, strict=True):
        for index, (x, z) in enumerate(_spots(style, kind, face, rng)):
            trees.append(_tree(style, sign * x, z, index < 2, rng))
    if median:
        size, leaf = 0.75 * _height(style.species[0]), style.leaf
        trees += [Tree(0.0, z, style.species[0], size, leaf, int(z * 7)) for z in (9.0, 21.0, 33.0, 45.0, 57.0)]
    return trees


def _spots(style: Style, kind: str, face: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """A row along the kerb or none, and scattered plants where the side has room; |x| and z in metres."""
    spots: list[tuple[float, float]] = []
    if float(rng.random()) < style.trees * 1.1:
        start = float(rng.uniform(2, 8))
        count = int((_ROW_END_M - start) / style.tree_spacing)
        spots += [(face - 0.6, start + k * style.tree_spacing) for k in range(count)]
    thick, deep = _SCATTERED.get(kind, (0, 0.0))
    for inward, along in rng.random((round(thick * min(1.3, 0.4 + style.trees)), 2)).tolist():
        spots.append((face + 1.0 + deep * inward, 4 + 75 * along))
    return spots


def _tree(style: Style, x: float, z: float, typical: bool, rng: np.random.Generator) -> Tree:
    kind, hue, shift, size, seed = (float(value) for value in rng.random(5))
    species = style.species[0] if typical or kind < 0.8 else style.species[1]
    tint = 0.04 * (hue - 0.5)
    leaf = mix(style.leaf, (tint, tint + 0.01, tint * 0.4))
    return Tree(x, z + 0.8 * shift, species, _height(species) * (0.85 + 0.3 * size), leaf, int(seed * 65521))


def _height(species: str) -> float:
    return _HEIGHTS.get(species, _OTHER_HEIGHT)
