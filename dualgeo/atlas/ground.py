"""The ground: strips of road, pavement and land, road markings, puddles, snow, sun shadows and pools of lamp light."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas import noise

if TYPE_CHECKING:
    from dualgeo.atlas.shading import Pixels
    from dualgeo.atlas.street import Street

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
MARK = (0.90, 0.90, 0.87)
YELLOW = (0.90, 0.68, 0.14)


def shade_ground(pixels: "Pixels", found: NDArray[np.intp]) -> None:
    """Paint the ground pixels `found` and set their classes."""
    street, light = pixels.street, pixels.light
    x, z, depth = pixels.x[found], pixels.z[found], pixels.depth[found]
    classes, colours, patterns, reaches = _zone_table(street)
    distance = np.abs(x)
    right = x > 0
    strip = np.zeros(found.size, np.int32)
    for k in range(reaches.shape[1] - 1):
        strip += distance > np.where(right, reaches[1, k], reaches[0, k])
    zone = strip + right * np.int32(reaches.shape[1])
    if street.median:
        zone[distance < street.median] = classes.size - 1
    road = strip == 0
    if street.crossing:
        side_road = (z > street.crossing[0]) & (z < street.crossing[1]) & (street.median < distance)
        zone[side_road] = 0
    mask = classes[zone]
    pattern = patterns[zone]
    colour = colours[:, zone] * _grain(street, pattern, x, z, depth)
    water = pattern == 4
    _markings(street, colour, road & (zone % reaches.shape[1] == 0), x, z, distance, depth)
    colour *= pixels.lit[4][:, None]
    if light.snow:
        _snow(pixels, colour, mask, x, z, water)
    if light.autumn:
        _leaves(colour, mask, x, z, pixels.lit[4])
    if water.any():
        _water(pixels, found, colour, water, x, z)
    if light.shadow:
        colour *= _shadow(pixels, found, x, z, distance, water)
    if light.wet:
        colour *= np.float32(0.62)
    pixels.colour[:, found] = colour
    pixels.mask[found] = mask
    if light.lamps and pixels.emission is not None:
        pixels.emission[:, found] += _lamp_pools(pixels, x, z, depth)


def _zone_table(street: "Street") -> tuple[NDArray[np.uint8], Floats, NDArray[np.uint8], Floats]:
    """Class, colour (3, n), pattern of each strip, left then right, the median last; and the strips' reaches (2, k)."""
    style = street.style
    longest = max(len(side) for side in street.zones) + 1
    rows: list[tuple[float, int, tuple[float, float, float], int]] = []
    for side in street.zones:
        strips = [(street.road, ade.ROAD, style.asphalt, 6), *((s.reach, s.kind, s.colour, s.pattern) for s in side)]
        rows += strips + [strips[-1]] * (longest - len(strips))
    rows.append((0.0, ade.GRASS, style.grass, 2))
    reaches = np.array([row[0] for row in rows[:-1]], np.float32).reshape(2, longest)
    classes = np.array([row[1] for row in rows], np.uint8)
    colours = np.ascontiguousarray(np.array([row[2] for row in rows], np.float32).T)
    return classes, colours, np.array([row[3] for row in rows], np.uint8), reaches


def _grain(street: "Street", pattern: NDArray[np.uint8], x: Floats, z: Floats, depth: Floats) -> Floats:
    """Lightness of the material: patches, blades of grass, paving joints, furrows."""
    near = np.clip(8 / depth, 0, 1)
    patch = noise.at(noise.smooth(), x * 5, z * 5)
    fine = noise.at(noise.white(), x * 22, z * 16)
    rough = np.where(pattern == 2, np.float32(0.42), np.float32(0.14))
    factor = 0.90 + 0.20 * patch + rough * near * (fine - 0.5)
    paved = pattern == 1
    if paved.any():
        size = (0.6, 1.2, 0.35)[street.style.paving % 3]
        u, v = x / np.float32(size), z / np.float32(size * (1.0 if street.style.paving % 3 < 2 else 2.0))
        fu, fv = u - np.floor(u), v - np.floor(v)
        factor -= 0.20 * near * (paved & ((fu < 0.08) | (fv < 0.08)))
        if street.style.paving % 3 == 2:
            factor -= 0.10 * near * (paved & (((np.floor(u) + np.floor(v)).astype(np.int32) & 1) == 1))
    furrow = z * np.float32(0.9)
    factor -= np.float32(0.22) * ((pattern == 5) & (furrow - np.floor(furrow) < 0.45))
    return factor


def _markings(
    street: "Street", colour: Floats, road: Flags, x: Floats, z: Floats, distance: Floats, depth: Floats
) -> None:
    country = street.style.country
    fade = np.clip(30 / depth, 0.35, 0.92)
    dashes = z * np.float32(1 / 7.0)
    dash = (dashes - np.floor(dashes)) < 0.55
    at_crossing = np.zeros(x.size, np.bool_)
    if street.crossing:
        near_side = street.crossing[0] - 4.0
        at_crossing = (z > near_side) & (z < street.crossing[1])
        bars = x * np.float32(1.1)
        zebra = road & (z > near_side + 0.4) & (z < near_side + 3.0) & ((bars - np.floor(bars)) < 0.5)
        _blend(colour, MARK, zebra * fade)
    wide = street.road > 3.4
    if not street.median and wide:
        line = (np.abs(distance - 0.16) < 0.07) if country.double_centre else (distance < 0.08) & dash
        _blend(colour, YELLOW if country.yellow_centre else MARK, (road & line & ~at_crossing) * fade)
    if street.road > 6.0:
        _blend(colour, MARK, road & (np.abs(distance - street.road * 0.52) < 0.07) & dash & ~at_crossing)
    if country.edge_lines:
        _blend(colour, MARK, (road & (np.abs(distance - street.road + 0.45) < 0.06) & ~at_crossing) * fade)
    kerb = np.abs(distance - street.road) < 0.14
    _blend(colour, street.style.kerb, kerb & ~at_crossing)


def _blend(colour: Floats, target: tuple[float, float, float], share: Flags | Floats) -> None:
    for channel, value in enumerate(target):
        colour[channel] += (np.float32(value) - colour[channel]) * share


def _snow(pixels: "Pixels", colour: Floats, mask: NDArray[np.uint8], x: Floats, z: Floats, water: Flags) -> None:
    patch = noise.at(noise.smooth(), x * 9 + 40, z * 4)
    cover = np.where(mask == ade.ROAD, np.clip((patch - 0.34) * 3.0, 0.1, 0.85), np.clip(0.74 + patch * 0.4, 0, 0.97))
    cover *= ~water
    white = np.array([0.90, 0.92, 0.96], np.float32) * np.minimum(1.05, pixels.lit[4] * 1.15)
    colour += (white[:, None] - colour) * cover


def _leaves(colour: Floats, mask: NDArray[np.uint8], x: Floats, z: Floats, lit: Floats) -> None:
    """Fallen leaves, and grass that has lost its green."""
    green = (mask == ade.GRASS) | (mask == ade.FIELD)
    tired = np.array([0.62, 0.50, 0.24], np.float32) * lit
    colour += (tired[:, None] - colour) * (green * np.float32(0.45))
    heap = noise.at(noise.smooth(), x * 6 + 90, z * 6)
    leaf = noise.at(noise.white(), x * 15, z * 11) < (heap - 0.30) * 0.5
    turn = noise.at(noise.white(), x * 15 + 70, z * 11)
    share = leaf & (mask != ade.SEA)
    for channel, (base, span) in enumerate(((0.62, 0.25), (0.26, 0.36), (0.08, 0.05))):
        colour[channel] += ((base + span * turn) * lit[channel] - colour[channel]) * (share * np.float32(0.8))


def _water(pixels: "Pixels", found: NDArray[np.intp], colour: Floats, water: Flags, x: Floats, z: Floats) -> None:
    """Waves that mirror the sky, the more the flatter one looks."""
    ripple = noise.at(noise.smooth(), x * 4, z * 9)
    glance = np.clip(0.9 - np.abs(pixels.rays.y[found]) * 2.2, 0.15, 0.75) * (0.55 + 0.7 * ripple)
    for channel in range(3):
        colour[channel] += (np.float32(pixels.light.sky_low[channel]) * 0.9 - colour[channel]) * (glance * water)


def _shadow(pixels: "Pixels", found: NDArray[np.intp], x: Floats, z: Floats, distance: Floats, water: Flags) -> Floats:
    """What the sun leaves on the ground: shadows of the lots on its side, and of trees, cars and people."""
    light, street = pixels.light, pixels.street
    side = 1 if light.sun[0] > 0 else -1
    reach = np.float32(max(0.05, abs(light.sun[0])) / light.sun[1])
    shear = np.float32(light.sun[2] / max(0.05, abs(light.sun[0])))
    gap = np.maximum(0, np.float32(street.face) - side * x)
    heights = pixels.street_heights(side)
    spot = np.clip(z + gap * shear + 12, 0, heights.size - 1).astype(np.int32)
    blocked = ((heights[spot] > gap / reach) & (distance < street.face + 0.1)).astype(np.float32)
    cast = np.asarray(pixels.canvas.shadow).ravel()[found].astype(np.float32) * np.float32(1 / 255)
    return 1 - np.float32(light.shadow) * np.maximum(blocked, cast) * ~water


def _lamp_pools(pixels: "Pixels", x: Floats, z: Floats, depth: Floats) -> Floats:
    """Pools of light under the lamps, and headlights ahead of the camera."""
    street, light = pixels.street, pixels.light
    if not street.lamps:
        return np.zeros((3, x.size), np.float32)
    sides = {1 if lamp[0] > 0 else -1 for lamp in street.lamps}
    first, spacing = street.lamps[0][1], np.float32(street.style.lamp_spacing)
    phase = (z - np.float32(first)) / spacing
    along = (phase - np.floor(phase + 0.5)) * spacing
    glow = np.zeros(x.size, np.float32)
    for side in sorted(sides):
        across = x - np.float32(side * (street.road - 0.6))
        glow += 1 / (1 + (across * across + along * along) * np.float32(0.11))
    glow *= np.float32(0.34 * light.lamps) * np.clip(60 / depth, 0, 1)
    return np.array(light.lamp_colour, np.float32)[:, None] * glow
