"""Materials, roofs and vegetation, and the climates and continents they belong to."""

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Wall:
    """A facade material; `kind` names its texture. `arches` tips its windows towards round heads."""

    name: str
    colour: Colour
    kind: str
    homes: dict[str, float]
    arches: float = 0.0

    def affinity(self, group: str, continent: str) -> float:
        """How well it fits a climate group and a continent."""
        return self.homes.get(group, 0.0) + self.homes.get(continent, 0.0)


@dataclass(frozen=True)
class Roof:
    """A roof: shape "gable", "hip", "flat" or "mansard", its colour and pitch (rise over run)."""

    name: str
    shape: str
    colour: Colour
    pitch: float
    homes: dict[str, float]

    def affinity(self, group: str, continent: str) -> float:
        """How well it fits a climate group and a continent."""
        return self.homes.get(group, 0.0) + self.homes.get(continent, 0.0)


@dataclass(frozen=True)
class Vegetation:
    """What grows and lies on the ground of a climate group."""

    trees: dict[str, float]
    grass: Colour
    soil: Colour
    leaf: Colour
    verge: str
    open_land: str
    density: float
    sky: Colour
    compounds: float = 0.0
    rock: Colour = (0.45, 0.42, 0.38)


WALLS: tuple[Wall, ...] = (
    Wall("whitewash", (0.92, 0.91, 0.87), "plaster", {"mediterranean": 0.6, "desert": 0.2, "Africa": 0.1}, 0.2),
    Wall("cream", (0.88, 0.80, 0.63), "plaster", {"Europe": 0.3, "oceanic": 0.1, "steppe": 0.2}),
    Wall("ochre", (0.82, 0.60, 0.32), "plaster", {"mediterranean": 0.4, "South America": 0.25, "steppe": 0.2}),
    Wall("rose", (0.80, 0.52, 0.46), "plaster", {"South America": 0.3, "savanna": 0.2, "mediterranean": 0.2}),
    Wall(
        "red brick",
        (0.58, 0.27, 0.20),
        "brick",
        {"oceanic": 0.5, "Europe": 0.15, "North America": 0.35, "highland": 0.3},
    ),
    Wall("brown brick", (0.44, 0.30, 0.22), "brick", {"continental": 0.3, "North America": 0.3, "subtropical": 0.1}),
    Wall("concrete", (0.60, 0.60, 0.58), "panel", {"Asia": 0.3, "continental": 0.2, "savanna": 0.15}),
    Wall("sandstone", (0.80, 0.68, 0.47), "stone", {"desert": 0.6, "steppe": 0.3, "Asia": 0.1}, 0.5),
    Wall("mud", (0.68, 0.48, 0.31), "plaster", {"desert": 0.45, "savanna": 0.35, "Africa": 0.3}, 0.4),
    Wall("sky blue", (0.50, 0.68, 0.80), "plaster", {"rainforest": 0.35, "savanna": 0.2, "North America": 0.1}),
    Wall("mint", (0.58, 0.76, 0.62), "plaster", {"rainforest": 0.35, "savanna": 0.2, "Oceania": 0.2}),
    Wall("lemon", (0.90, 0.80, 0.42), "plaster", {"continental": 0.3, "rainforest": 0.2, "Europe": 0.15}),
    Wall("red timber", (0.55, 0.18, 0.14), "timber", {"boreal": 0.6, "polar": 0.5, "continental": 0.05}),
    Wall(
        "brown timber", (0.42, 0.29, 0.19), "timber", {"boreal": 0.4, "highland": 0.2, "rainforest": 0.15, "Asia": 0.05}
    ),
    Wall("white clapboard", (0.88, 0.89, 0.88), "timber", {"North America": 0.4, "Oceania": 0.55, "oceanic": 0.05}),
    Wall("grey stone", (0.50, 0.49, 0.47), "stone", {"oceanic": 0.35, "Europe": 0.2, "polar": 0.2, "highland": 0.2}),
    Wall("tile", (0.70, 0.74, 0.72), "panel", {"Asia": 0.45, "subtropical": 0.3, "rainforest": 0.1}),
    Wall("glass", (0.34, 0.46, 0.55), "glass", {"Asia": 0.1, "North America": 0.1, "desert": 0.1}),
)

ROOFS: tuple[Roof, ...] = (
    Roof("terracotta", "gable", (0.70, 0.33, 0.20), 0.45, {"mediterranean": 0.7, "Europe": 0.2, "South America": 0.3}),
    Roof("slate", "gable", (0.30, 0.32, 0.36), 0.9, {"oceanic": 0.6, "Europe": 0.2, "North America": 0.15}),
    Roof("steep red", "gable", (0.58, 0.22, 0.16), 1.1, {"continental": 0.5, "Europe": 0.2, "boreal": 0.2}),
    Roof("red metal", "hip", (0.62, 0.20, 0.17), 0.5, {"Oceania": 0.4, "rainforest": 0.3, "Africa": 0.2, "polar": 0.3}),
    Roof("green metal", "hip", (0.25, 0.42, 0.33), 0.6, {"boreal": 0.5, "rainforest": 0.3, "continental": 0.2}),
    Roof("zinc", "hip", (0.66, 0.68, 0.70), 0.35, {"savanna": 0.5, "Africa": 0.3, "Oceania": 0.3, "rainforest": 0.25}),
    Roof("flat pale", "flat", (0.74, 0.70, 0.62), 0.0, {"desert": 0.9, "steppe": 0.5, "Asia": 0.15, "Africa": 0.15}),
    Roof(
        "flat grey",
        "flat",
        (0.50, 0.50, 0.50),
        0.0,
        {"subtropical": 0.3, "Asia": 0.35, "savanna": 0.2, "South America": 0.3},
    ),
    Roof("mansard", "mansard", (0.36, 0.38, 0.43), 2.0, {"Europe": 0.3, "oceanic": 0.2}),
    Roof("shingle", "gable", (0.42, 0.36, 0.31), 0.6, {"North America": 0.6, "continental": 0.2, "subtropical": 0.1}),
    Roof("thatch", "hip", (0.56, 0.46, 0.27), 0.9, {"savanna": 0.2, "rainforest": 0.2, "Africa": 0.15}),
    Roof("dark tile", "hip", (0.24, 0.25, 0.28), 0.6, {"Asia": 0.35, "subtropical": 0.3}),
)

SPECIES: tuple[str, ...] = (
    "broadleaf",
    "plane",
    "birch",
    "conifer",
    "pine",
    "cypress",
    "palm",
    "coconut",
    "acacia",
    "shrub",
    "poplar",
)

VEGETATION: dict[str, Vegetation] = {
    "rainforest": Vegetation(
        {"coconut": 0.7, "palm": 0.5, "broadleaf": 0.5},
        (0.28, 0.50, 0.16),
        (0.52, 0.30, 0.18),
        (0.13, 0.38, 0.13),
        "grass",
        "grass",
        1.0,
        (0.56, 0.73, 0.87),
    ),
    "savanna": Vegetation(
        {"acacia": 0.6, "palm": 0.35, "broadleaf": 0.4, "shrub": 0.1},
        (0.55, 0.54, 0.24),
        (0.66, 0.37, 0.20),
        (0.30, 0.42, 0.15),
        "earth",
        "earth",
        0.6,
        (0.55, 0.74, 0.92),
        0.15,
    ),
    "desert": Vegetation(
        {"palm": 0.5, "shrub": 0.6, "acacia": 0.2},
        (0.66, 0.58, 0.34),
        (0.85, 0.70, 0.47),
        (0.42, 0.46, 0.24),
        "sand",
        "sand",
        0.3,
        (0.60, 0.78, 0.95),
        0.35,
        (0.62, 0.46, 0.32),
    ),
    "steppe": Vegetation(
        {"poplar": 0.5, "shrub": 0.4, "acacia": 0.3, "pine": 0.1},
        (0.64, 0.60, 0.34),
        (0.70, 0.56, 0.38),
        (0.38, 0.44, 0.20),
        "earth",
        "field",
        0.4,
        (0.55, 0.76, 0.95),
        0.1,
        (0.55, 0.46, 0.36),
    ),
    "mediterranean": Vegetation(
        {"cypress": 0.6, "pine": 0.5, "palm": 0.3, "plane": 0.3},
        (0.56, 0.56, 0.28),
        (0.72, 0.58, 0.40),
        (0.26, 0.37, 0.17),
        "earth",
        "field",
        0.7,
        (0.42, 0.68, 0.95),
    ),
    "subtropical": Vegetation(
        {"broadleaf": 0.6, "plane": 0.45, "palm": 0.25, "pine": 0.15},
        (0.34, 0.52, 0.20),
        (0.55, 0.38, 0.26),
        (0.19, 0.42, 0.15),
        "grass",
        "grass",
        0.9,
        (0.55, 0.72, 0.88),
    ),
    "oceanic": Vegetation(
        {"broadleaf": 0.6, "plane": 0.5, "birch": 0.3, "poplar": 0.2},
        (0.33, 0.56, 0.20),
        (0.42, 0.33, 0.24),
        (0.23, 0.43, 0.16),
        "grass",
        "field",
        0.9,
        (0.60, 0.72, 0.84),
    ),
    "highland": Vegetation(
        {"pine": 0.5, "cypress": 0.3, "broadleaf": 0.4},
        (0.42, 0.54, 0.22),
        (0.56, 0.36, 0.24),
        (0.20, 0.38, 0.16),
        "grass",
        "field",
        0.7,
        (0.45, 0.67, 0.92),
    ),
    "continental": Vegetation(
        {"broadleaf": 0.5, "birch": 0.5, "conifer": 0.35, "poplar": 0.3},
        (0.40, 0.54, 0.22),
        (0.40, 0.31, 0.23),
        (0.25, 0.44, 0.18),
        "grass",
        "field",
        0.8,
        (0.55, 0.74, 0.92),
    ),
    "boreal": Vegetation(
        {"conifer": 0.9, "birch": 0.6, "pine": 0.2},
        (0.44, 0.52, 0.26),
        (0.42, 0.35, 0.28),
        (0.14, 0.30, 0.18),
        "grass",
        "earth",
        0.9,
        (0.62, 0.76, 0.88),
    ),
    "polar": Vegetation(
        {"shrub": 0.6, "conifer": 0.05},
        (0.50, 0.50, 0.32),
        (0.46, 0.42, 0.38),
        (0.36, 0.38, 0.22),
        "rock",
        "rock",
        0.2,
        (0.68, 0.80, 0.90),
        0.0,
        (0.42, 0.42, 0.44),
    ),
}


def mix(colour: Colour, shift: Colour) -> Colour:
    """`colour` moved by `shift`, kept within 0.04..0.97."""
    red, green, blue = (min(0.97, max(0.04, round(c + s, 4))) for c, s in zip(colour, shift, strict=True))
    return red, green, blue


def rank(scores: list[float]) -> list[int]:
    """Indices from the highest score to the lowest; scores are compared to 4 decimals, ties by index."""
    return sorted(range(len(scores)), key=lambda index: (-round(scores[index], 4), index))
