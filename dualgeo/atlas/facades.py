"""Facade texture: storeys and bays of windows, doors, shops, and the wall material between them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas import noise
from dualgeo.atlas.canvas import ACROSS_X

if TYPE_CHECKING:
    from dualgeo.atlas.shading import Pixels

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
F32 = np.float32
"""Plain numbers that meet only flags would widen to float64; this keeps them narrow."""
WINDOW_CLASS_M = 13.0
"""Windows nearer than this get their own class; farther ones belong to the building, as a segmenter would see them."""
DOOR_CLASS_M = 26.0


def shade_facades(pixels: "Pixels", found: NDArray[np.intp]) -> None:
    """Paint the facade pixels `found` and set the classes of near windows and doors."""
    start, bay, storey, wide, tall, material, height, seed, kind, ground = (
        pixels.parameter(k, found) for k in range(10)
    )
    across_x = pixels.table[:, 1][pixels.number[found]] == ACROSS_X
    y, depth = pixels.y[found], pixels.depth[found]
    along = np.where(across_x, pixels.z[found], pixels.x[found]) - start
    u, v = along / bay, (y - 0.35) / storey
    column, row = np.floor(u), np.floor(v)
    fu, fv = u - column, v - row
    shop, door_column = ground == 1, ground - 2
    low = row == 0
    wide = np.where(low & shop, 0.84, wide)
    tall = np.where(low & shop, 0.66, tall)
    centred, raised = np.abs(fu - 0.5), fv - np.where(low & shop, F32(0.40), F32(0.52))
    arched = (kind % 4) == 2
    tip = np.where(arched & (raised > 0), 1 - 1.6 * raised * raised / (tall * tall), 1.0)
    inside = (row >= 0) & (y < height - 0.45)
    window = inside & (centred < 0.5 * wide * tip) & (np.abs(raised) < 0.5 * tall)
    glass_wall = material == 5
    window |= inside & glass_wall & (centred < 0.46) & (fv > 0.10)
    frame = inside & ~window & (centred < 0.5 * wide + 0.045) & (np.abs(raised) < 0.5 * tall + 0.05) & ~glass_wall
    door = low & (column == door_column) & (centred * bay < 0.62) & (fv * storey < 2.2)
    window &= ~door
    shutters = (
        inside
        & (kind >= 4)
        & ~(low & shop)
        & (centred > 0.5 * wide)
        & (centred < 0.74 * wide)
        & (np.abs(raised) < 0.5 * tall)
        & ~door
    )
    fade = np.clip(34 / depth, 0.25, 1)
    mullion = (
        ((np.abs(centred) < 0.018) | (np.abs(raised - 0.08) < 0.018)) & ((kind % 4 != 0) | (low & shop)) & (depth < 25)
    )
    frame |= window & mullion & ~glass_wall
    balcony = inside & (kind >= 8) & (row > 0) & (fv < 0.34) & (centred < 0.5 * wide + 0.1)
    colour = pixels.colour[:, found] * _wall(material, along, y, height, fv, depth, seed)
    colour = _sunlit(pixels, found, colour, across_x)
    _paint(
        pixels, found, colour, window, frame, shutters, door, fade, column, row, fv, seed, balcony, low & shop, along
    )
    mask = pixels.mask[found]
    mask[window & (depth < WINDOW_CLASS_M) & (mask != ade.SKYSCRAPER)] = ade.WINDOW
    mask[door & (depth < DOOR_CLASS_M)] = ade.DOOR
    pixels.mask[found] = mask


def _wall(
    material: Floats, along: Floats, y: Floats, height: Floats, fv: Floats, depth: Floats, seed: Floats
) -> Floats:
    """How light or dark the wall material is at a point: courses, joints, boards, stains, plinth and cornice."""
    near = np.clip(11 / depth, 0, 1)
    stain = noise.at(noise.smooth(), along * 5 + seed, y * 5 + seed)
    factor = 0.92 + 0.16 * stain
    brick, panel, timber, stone = material == 1, material == 2, material == 3, material == 4
    course = y * np.where(brick, F32(4.6), np.where(timber, F32(4.0), F32(2.3)))
    row = np.floor(course)
    rows = brick | timber | stone
    factor -= 0.22 * near * (rows & (course - row < np.where(timber, F32(0.22), F32(0.16))))
    block = noise.at(noise.white(), along * np.where(brick, F32(2.2), F32(1.3)) + row * 0.5, row)
    factor += near * (block - 0.5) * np.where(brick | stone, F32(0.26), F32(0.04))
    factor -= F32(0.16) * ((panel & (fv < 0.06)) | (y < 0.5))
    factor += F32(0.14) * ((y > height - 0.4) & (y < height + 0.05))
    # Less sky is seen from low down: a soft darkening grounds the buildings.
    return factor * (0.86 + 0.14 * np.clip(y * 0.22, 0, 1))


def _sunlit(pixels: "Pixels", found: NDArray[np.intp], colour: Floats, across_x: Flags) -> Floats:
    """The shadow that the other side of the street throws on a facade."""
    light, street = pixels.light, pixels.street
    if not light.shadow:
        return colour
    side = 1 if light.sun[0] > 0 else -1
    lit_side = across_x & (pixels.x[found] * side < 0)
    skyline = pixels.street_heights(side)
    reach = F32(abs(light.sun[0]) / light.sun[1])
    shear = F32(light.sun[2] / max(0.05, abs(light.sun[0])))
    gap = F32(street.face) + np.abs(pixels.x[found])
    blocked = (
        skyline[np.clip(pixels.z[found] + gap * shear + 12, 0, skyline.size - 1).astype(np.int32)]
        > pixels.y[found] + gap / reach
    )
    return colour * (1 - F32(light.shadow * 0.8) * (blocked & lit_side))


def _paint(
    pixels: "Pixels", found: NDArray[np.intp], colour: Floats, window: Flags, frame: Flags, shutters: Flags,
    door: Flags, fade: Floats, column: Floats, row: Floats, fv: Floats, seed: Floats, balcony: Flags,
    shop: Flags, along: Floats,
) -> None:  # fmt: skip
    style, light = pixels.street.style, pixels.light
    ambient = pixels.lit[3]
    cells = noise.cell(
        noise.white(),
        column.astype(np.int32) + seed.astype(np.int32),
        row.astype(np.int32) * 17 + seed.astype(np.int32),
    )
    shine = 0.10 + 0.42 * np.clip(fv - 0.15, 0, 1) * (0.5 + cells)
    sky = np.array(light.sky_low, np.float32)
    goods = noise.at(noise.smooth(), along * 60 + seed, fv * 40 + seed) * shop
    rail = balcony & ((along * 5 - np.floor(along * 5) < 0.35) | (fv > 0.30) | (fv < 0.10))
    for channel, (dark, trim) in enumerate(zip((0.10, 0.13, 0.17), style.trim, strict=True)):
        plane = colour[channel]
        level = ambient[channel]
        plane += ((dark + F32(0.62 * style.accent[channel] + 0.25) * goods) * level + shine * sky[channel] - plane) * (
            window * fade
        )
        plane += (trim * level - plane) * (frame * fade * 0.75)
        if style.shutters is not None:
            plane += (style.shutters[channel] * level - plane) * (shutters * fade)
        plane += (style.lamp_colour[channel] * level - plane) * (rail * fade)
        plane += (style.doors[0][channel] * level - plane) * door
    if light.snow:
        ledge = frame & (fv < 0.3)
        colour += (F32(0.85) - colour) * (ledge * F32(0.7))
    pixels.colour[:, found] = colour
    if pixels.emission is not None and light.lit:
        glow = window & (cells < light.lit)
        warm = 0.55 + 0.45 * noise.cell(noise.white(), column.astype(np.int32) * 3 + 5, seed.astype(np.int32) + 9)
        strength = F32(1.0 if light.lamps else 0.35)
        shown = np.stack([0.95 * warm, 0.70 * warm, 0.36 * warm + 0.1]) * glow * strength
        pixels.emission[:, found] += shown
