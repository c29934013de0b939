"""The ADE20K-150 classes that occur in the Atlas, as argmax indices (wall = 0), with colours for showing masks."""

import numpy as np
from numpy.typing import NDArray

WALL, BUILDING, SKY, TREE, ROAD, WINDOW, GRASS, SIDEWALK, PERSON, EARTH, DOOR = 0, 1, 2, 4, 6, 8, 9, 11, 12, 13, 14
MOUNTAIN, PLANT, CAR, WATER, HOUSE, SEA, FIELD, FENCE, ROCK, RAILING, SIGNBOARD = (
    16,
    17,
    20,
    21,
    25,
    26,
    29,
    32,
    34,
    38,
    43,
)
SAND, SKYSCRAPER, PATH, RIVER, BRIDGE, HILL, PALM, BUS, TOWER, AWNING, STREETLIGHT = (
    46,
    48,
    52,
    60,
    61,
    68,
    72,
    80,
    84,
    86,
    87,
)
POLE, LAND, MINIBIKE, TRAFFIC_LIGHT, DIRT_TRACK = 93, 94, 116, 136, 91

COLOURS: dict[int, tuple[int, int, int]] = {
    WALL: (150, 130, 120), BUILDING: (180, 90, 80), SKY: (130, 190, 240), TREE: (40, 120, 50), ROAD: (90, 90, 100),
    WINDOW: (230, 220, 120), GRASS: (120, 190, 80), SIDEWALK: (190, 180, 190), PERSON: (230, 40, 90),
    EARTH: (160, 120, 70),
    DOOR: (110, 60, 30), MOUNTAIN: (130, 110, 140), PLANT: (90, 160, 100), CAR: (30, 70, 200), WATER: (40, 110, 190),
    HOUSE: (240, 150, 90), SEA: (20, 90, 160), FIELD: (200, 200, 90), FENCE: (200, 160, 130), ROCK: (120, 115, 110),
    RAILING: (160, 200, 210), SIGNBOARD: (250, 200, 30), SAND: (235, 215, 160), SKYSCRAPER: (120, 60, 140),
    PATH: (210, 190, 150), RIVER: (70, 140, 200), BRIDGE: (140, 140, 90), HILL: (110, 140, 90), PALM: (20, 170, 130),
    BUS: (60, 30, 150), TOWER: (200, 60, 180), AWNING: (220, 110, 160), STREETLIGHT: (255, 120, 0), POLE: (60, 60, 60),
    LAND: (150, 150, 80), MINIBIKE: (0, 200, 220), TRAFFIC_LIGHT: (255, 0, 0), DIRT_TRACK: (170, 130, 90),
}  # fmt: skip


def mask_colours() -> NDArray[np.uint8]:
    """uint8 (150, 3): a colour for each class id; classes that the Atlas never draws are black."""
    table = np.zeros((150, 3), np.uint8)
    for index, colour in COLOURS.items():
        table[index] = colour
    return table
