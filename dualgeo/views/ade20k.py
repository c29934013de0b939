"""The 150 classes of the ADE20K scene-parsing benchmark, in the order of their ids, and colours to show them in."""

import colorsys

_LIST = """
wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door,
table, mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field,
armchair, seat, fence, desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard,
chest of drawers, counter, sand, sink, skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway,
case, pool table, pillow, screen door, stairway, river, bridge, bookcase, blind, coffee table, toilet, flower,
book, hill, bench, countertop, stove, palm, kitchen island, computer, swivel chair, boat, bar, arcade machine,
hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight, booth, television receiver, airplane,
dirt track, apparel, pole, land, bannister, escalator, ottoman, bottle, buffet, poster, stage, van, ship,
fountain, conveyer belt, canopy, washer, plaything, swimming pool, stool, barrel, basket, waterfall, tent, bag,
minibike, cradle, oven, ball, food, step, tank, trade name, microwave, pot, animal, bicycle, lake, dishwasher,
screen, blanket, sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate,
monitor, bulletin board, shower, radiator, glass, clock, flag
"""
ADE20K_NAMES: tuple[str, ...] = tuple(" ".join(name.split()) for name in _LIST.split(","))

# What a street scene mostly holds gets the colour a reader expects.
_FAMILIAR: dict[str, tuple[int, int, int]] = {
    "wall": (176, 160, 148),
    "building": (158, 118, 98),
    "house": (188, 128, 96),
    "skyscraper": (120, 106, 140),
    "tower": (140, 112, 150),
    "sky": (150, 196, 232),
    "tree": (62, 124, 66),
    "palm": (98, 152, 70),
    "plant": (116, 168, 88),
    "grass": (148, 190, 100),
    "field": (186, 190, 102),
    "road": (96, 98, 106),
    "sidewalk": (186, 182, 176),
    "path": (200, 180, 140),
    "earth": (166, 132, 92),
    "sand": (226, 204, 150),
    "rock": (134, 128, 122),
    "mountain": (120, 134, 128),
    "hill": (132, 152, 104),
    "water": (74, 138, 178),
    "sea": (48, 112, 168),
    "river": (92, 156, 190),
    "lake": (84, 148, 196),
    "windowpane": (86, 116, 146),
    "door": (112, 72, 56),
    "person": (214, 72, 92),
    "car": (62, 82, 182),
    "van": (86, 104, 196),
    "truck": (44, 62, 140),
    "bus": (232, 160, 42),
    "pole": (66, 66, 74),
    "streetlight": (240, 212, 92),
    "signboard": (224, 108, 54),
    "traffic light": (232, 72, 52),
    "fence": (150, 120, 70),
    "awning": (206, 98, 142),
}


def _palette() -> tuple[tuple[int, int, int], ...]:
    colours: list[tuple[int, int, int]] = []
    for class_id, name in enumerate(ADE20K_NAMES):
        # Steps of the golden angle keep neighbours in the list apart in hue.
        hue, light = (class_id * 0.381966) % 1, 0.42 + 0.22 * (class_id % 3) / 2
        red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, 0.5))
        colours.append(_FAMILIAR.get(name, (red, green, blue)))
    return tuple(colours)


ADE20K_PALETTE: tuple[tuple[int, int, int], ...] = _palette()
"""An (R, G, B) of 0..255 for each class id, for display alone."""
