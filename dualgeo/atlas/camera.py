"""Where the camera stands, where it looks, and what its sensor does to the picture."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Camera:
    """A camera in a street that runs along +z; x right, y up, metres. Angles in radians.

    `pitch` shifts the image as a shift lens does, so verticals stay vertical; `roll` tilts it; `focal` is in image
    widths. The sensor part (gain, balance, ...) changes the picture only.
    """

    x: float
    height: float
    yaw: float
    pitch: float
    roll: float
    focal: float
    gain: float
    contrast: float
    balance: tuple[float, float, float]
    noise: float
    vignette: float


def camera_of(rng: np.random.Generator, road: float, sidewalk: float) -> Camera:
    """A camera drawn for one shot, on a road of half-width `road` or on its pavement of width `sidewalk` (metres)."""
    draw = rng.random(14)
    on_road = draw[0] < 0.6
    x = (
        (2 * draw[1] - 1) * road * 0.8
        if on_road
        else math.copysign(road + sidewalk * (0.2 + 0.6 * draw[1]), draw[2] - 0.5)
    )
    warm = 0.10 * (draw[3] - 0.5)
    return Camera(
        x=round(float(x), 4),
        height=round(1.4 + 0.9 * float(draw[4]), 4),
        yaw=round(float(0.36 * (draw[6] - 0.5) + 0.2 * (draw[5] - 0.5)), 4),
        pitch=round(float(-0.02 + 0.18 * draw[7]), 4),
        roll=round(float(0.07 * (draw[8] - 0.5)), 4),
        focal=round(float(0.58 + 0.24 * draw[9]), 4),
        gain=round(float(0.88 + 0.34 * draw[10]), 4),
        contrast=round(float(0.88 + 0.24 * draw[11]), 4),
        balance=(round(1 + warm, 4), round(1 + 0.05 * float(draw[12] - 0.5), 4), round(1 - warm, 4)),
        noise=round(float(1.0 + 4.0 * draw[13] ** 2), 4),
        vignette=round(float(0.10 + 0.20 * draw[3]), 4),
    )


@dataclass(frozen=True)
class Rays:
    """For each pixel (flat, row-major) the viewing ray in street axes, scaled to camera depth 1; `across` is its
    lateral part.
    """

    x: Floats
    y: Floats
    z: Floats
    across: Floats


def rays_of(camera: Camera, pixels: int) -> Rays:
    """Rays of a square picture of `pixels` by `pixels`; only additions and products, so the same on every CPU."""
    half = pixels / 2
    steps = (np.arange(pixels, dtype=np.float32) + np.float32(0.5 - half)) / np.float32(camera.focal * pixels)
    cosr, sinr = np.float32(math.cos(camera.roll)), np.float32(math.sin(camera.roll))
    cosy, siny = np.float32(math.cos(camera.yaw)), np.float32(math.sin(camera.yaw))
    across = (steps[None, :] * cosr - steps[:, None] * sinr).ravel()
    up = (-steps[:, None] * cosr - steps[None, :] * sinr).ravel() + np.float32(camera.pitch)
    return Rays(x=across * cosy + siny, y=up, z=cosy - across * siny, across=across)
