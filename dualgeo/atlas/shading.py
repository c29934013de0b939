"""From surface numbers to albedo, light and class: every texture is evaluated at the street point a pixel sees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas import noise
from dualgeo.atlas.camera import Rays
from dualgeo.atlas.canvas import BALL, FACADE, GROUND, RELIEF, ROOFING, SKY, Canvas
from dualgeo.atlas.conditions import Light
from dualgeo.atlas.facades import shade_facades
from dualgeo.atlas.ground import shade_ground
from dualgeo.atlas.street import Street

Floats = NDArray[np.floating[Any]]
FAR_M = 3000.0


@dataclass
class Pixels:
    """The buffer being shaded, flat. colour float32 (3, n) already lit; mask uint8 (n,); depth, x, y, z metres."""

    canvas: Canvas
    street: Street
    light: Light
    rays: Rays
    table: Floats
    number: NDArray[np.int32]
    texture: NDArray[np.uint8]
    depth: Floats
    x: Floats
    y: Floats
    z: Floats
    colour: Floats
    mask: NDArray[np.uint8]
    lit: Floats
    emission: Floats | None

    def where(self, texture: int) -> NDArray[np.intp]:
        """Indices of the pixels of one texture."""
        return np.flatnonzero(self.texture == texture)

    def street_heights(self, side: int) -> Floats:
        """float32 (140,): height of what stands along one side (-1 or 1), each metre from 12 m behind the camera."""
        heights = np.zeros(140, np.float32)
        for lot in self.street.lots:
            if lot.side == side:
                heights[max(0, round(lot.z0 + 12)) : max(0, round(lot.z1 + 12))] = lot.height
        return heights

    def parameter(self, index: int, pixels: NDArray[np.intp]) -> Floats:
        """A texture parameter of the surfaces at `pixels`."""
        return self.table[:, 8 + index][self.number[pixels]]


def shade(canvas: Canvas, rays: Rays, street: Street, light: Light) -> Pixels:
    """Shade every pixel of the buffer, before fog and sensor."""
    pixels = _located(canvas, rays, street, light)
    for texture, shader in ((BALL, _leaves), (ROOFING, _roofing), (RELIEF, _relief)):
        found = pixels.where(texture)
        if found.size:
            shader(pixels, found)
    facades, ground = pixels.where(FACADE), pixels.where(GROUND)
    if facades.size:
        shade_facades(pixels, facades)
    if ground.size:
        shade_ground(pixels, ground)
    _fog(pixels)
    _sky(pixels, pixels.where(SKY))
    wires = np.asarray(canvas.wires).ravel()
    pixels.colour *= 1 - wires * np.float32(0.8 / 255)
    return pixels


def _located(canvas: Canvas, rays: Rays, street: Street, light: Light) -> Pixels:
    table = canvas.table()
    number = np.asarray(canvas.image).ravel()
    count = number.size
    steps = np.concatenate([rays.x, rays.z, rays.y, np.ones(count, np.float32)])
    row = (table[:, 1].astype(np.int32) * count)[number]
    row += np.arange(count, dtype=np.int32)
    with np.errstate(divide="ignore"):
        depth = np.abs(table[:, 2][number] / steps[row])
    np.clip(depth, 0.2, FAR_M, out=depth)
    lit = light.of_normals()
    shown = table[:, 4:7] * lit[table[:, 7].astype(np.int32)]
    colour = np.stack([np.ascontiguousarray(shown[:, channel])[number] for channel in range(3)])
    emission = np.zeros((3, count), np.float32) if light.lamps or light.lit else None
    camera = canvas.camera
    return Pixels(
        canvas, street, light, rays, table, number, table[:, 0].astype(np.uint8)[number], depth,
        depth * rays.x + np.float32(camera.x), depth * rays.y + np.float32(camera.height), depth * rays.z,
        colour, table[:, 3].astype(np.uint8)[number], lit, emission,
    )  # fmt: skip


def _leaves(pixels: Pixels, found: NDArray[np.intp]) -> None:
    """Crowns: round shading lit from the sun's side, with leaf clumps; autumn and snow act here."""
    light = pixels.light
    dx = (pixels.depth[found] * pixels.rays.across[found] - pixels.parameter(0, found)) / pixels.parameter(2, found)
    dy = (pixels.y[found] - pixels.parameter(1, found)) / pixels.parameter(3, found)
    seed, leafy = pixels.parameter(5, found), pixels.parameter(4, found)
    wide, tall = pixels.parameter(2, found), pixels.parameter(3, found)
    clump = noise.at(noise.smooth(), dx * wide * 42 + seed, dy * tall * 42 + seed)
    fine = noise.at(noise.smooth(), dx * wide * 130, dy * tall * 130 + seed)
    sunward = np.float32(light.sun[0] * 0.22)
    strength = np.float32(1.0 if light.shadow else 0.55)
    shade = 0.92 + strength * (dx * sunward + dy * np.float32(0.26)) + (clump - 0.5) * 0.55 + (fine - 0.5) * 0.5
    colour = pixels.colour[:, found] * np.clip(shade, 0.35, 1.5)
    if light.autumn:
        turn = noise.cell(noise.white(), seed.astype(np.int32), seed.astype(np.int32) * 7)
        ambient = pixels.lit[5]
        leaf = (
            np.stack([0.62 + 0.26 * turn, 0.20 + 0.42 * turn, 0.06 + 0.06 * turn])
            * ambient[:, None]
            * np.clip(shade, 0.4, 1.4)
        )
        share = leafy * (0.72 + 0.28 * (clump > 0.45)) + (1 - leafy) * 0.12
        colour += (leaf - colour) * share
    if light.snow:
        share = np.clip(dy * 0.55 + 0.30 + (clump - 0.5) * 1.3, 0, 0.92)
        colour += (_white(pixels, 5) - colour) * share
    pixels.colour[:, found] = colour


def _roofing(pixels: Pixels, found: NDArray[np.intp]) -> None:
    """Roof courses up close; snow lies thick."""
    y = pixels.y[found]
    course = y * np.float32(3.2)
    part = course - np.floor(course)
    near = np.clip(14 / pixels.depth[found], 0, 1)
    colour = pixels.colour[:, found] * (1 - (part < 0.3) * near * 0.2)
    if pixels.light.snow:
        colour += (_white(pixels, 4) - colour) * np.float32(0.88)
    pixels.colour[:, found] = colour


def _relief(pixels: Pixels, found: NDArray[np.intp]) -> None:
    """Mountains and hills: mottled slopes, lighter on the sun's side; snow from the top down (parameters: top, snow
    line).
    """
    across, y = pixels.depth[found] * pixels.rays.across[found], pixels.y[found]
    scale = np.float32(0.11)
    mottle = noise.at(noise.smooth(), across * scale + y * 0.05, y * 0.16)
    slope = noise.at(noise.smooth(), across * scale + 3, y * 0.16 - 2) - mottle
    colour = pixels.colour[:, found] * (0.82 + 0.36 * mottle + 1.2 * np.float32(pixels.light.sun[0]) * slope)
    line = pixels.parameter(1, found) - (9e9 if pixels.light.snow else 0)
    white = np.clip((y - line) * 0.05 + (mottle - 0.5) * 1.5, 0, 0.85)
    pixels.colour[:, found] = colour + (_white(pixels, 5) - colour) * white


def _white(pixels: Pixels, normal: int) -> Floats:
    """Lit snow, (3, 1)."""
    return (np.array([0.93, 0.95, 0.99], np.float32) * np.minimum(1.05, pixels.lit[normal] * 1.12))[:, None]


def _fog(pixels: Pixels) -> None:
    """Fog takes the colour of distant things; at night lamps and windows shine through."""
    light = pixels.light
    squared = pixels.depth * pixels.depth
    share = squared / (squared + np.float32(light.fog_m * light.fog_m))
    fog = np.array(light.fog, np.float32)[:, None]
    pixels.colour += (fog - pixels.colour) * share
    if pixels.emission is not None:
        pixels.colour += pixels.emission * (1 - 0.8 * share)


def _sky(pixels: Pixels, found: NDArray[np.intp]) -> None:
    light, rays = pixels.light, pixels.rays
    if not found.size:
        return
    up = np.clip(rays.y[found], 0.0, 0.9)
    rise = np.minimum(1, up * np.float32(2.1))
    rise = rise * (2 - rise)
    low, high = (np.array(c, np.float32)[:, None] for c in (light.sky_low, light.sky_high))
    colour = low + (high - low) * rise
    if light.clouds > 0.05:
        height = 1 / (up + np.float32(0.12))
        drift = np.float32(pixels.street.azimuth)
        wool = noise.at(noise.smooth(), rays.x[found] * height * 26 + drift, rays.z[found] * height * 26)
        wool = 0.7 * wool + 0.3 * noise.at(
            noise.smooth(), rays.x[found] * height * 71, rays.z[found] * height * 71 + drift
        )
        cover = np.clip((wool - np.float32(0.78 - 0.5 * light.clouds)) * 3.2, 0, 0.9) * np.clip(up * 7, 0, 1)
        colour += (np.array(light.cloud_colour, np.float32)[:, None] - colour) * cover
    if light.lamps:
        stars = noise.at(noise.white(), rays.x[found] * 400, rays.y[found] * 400) > 0.9975
        colour += stars * np.clip(up * 2, 0, 0.5)
    fog = np.array(light.fog, np.float32)[:, None]
    pixels.colour[:, found] = colour + (fog - colour) * np.float32(light.sky_fog)
