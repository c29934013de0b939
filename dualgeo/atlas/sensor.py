"""What the lens and the sensor make of the shaded scene: weather in the air, exposure, white balance, noise."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dualgeo.atlas import noise

if TYPE_CHECKING:
    from dualgeo.atlas.camera import Camera
    from dualgeo.atlas.shading import Pixels

Floats = NDArray[np.floating[Any]]


def develop(pixels: "Pixels", camera: "Camera", size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """uint8 (size, size, 3) from the shaded buffer; `rng` is the shot's own stream of weather and noise."""
    side = pixels.canvas.pixels
    light = pixels.light
    colour = pixels.colour
    if light.wet:
        _mirror(pixels, colour, side)
    grey = colour[0] * np.float32(0.30) + colour[1] * np.float32(0.59) + colour[2] * np.float32(0.11)
    gain = np.float32(camera.gain * 255)
    picture = np.empty((side * side, 3), np.uint8)
    vignette = 1 - np.float32(camera.vignette) * _radius(side)
    pivot = np.float32(0.08 if light.lamps else 0.45)
    for channel in range(3):
        plane = grey + (colour[channel] - grey) * np.float32(light.saturation)
        plane = (plane - pivot) * np.float32(camera.contrast) + pivot
        plane *= gain * np.float32(camera.balance[channel])
        plane *= vignette
        np.clip(plane, 0, 255, out=plane)
        picture[:, channel] = plane
    image = Image.fromarray(picture.reshape(side, side, 3))
    if light.wet or light.snow:
        image = _falling(image, pixels, rng)
    small = np.asarray(image.reduce(side // size)).astype(np.int16)
    return _grain(small, camera.noise * light.grain, rng)


def _radius(side: int) -> Floats:
    steps = (np.arange(side, dtype=np.float32) - np.float32(side / 2)) * np.float32(2 / side)
    return (steps[:, None] * steps[:, None] + steps[None, :] * steps[None, :]).ravel() * np.float32(0.5)


def _mirror(pixels: "Pixels", colour: Floats, side: int) -> None:
    """Wet ground shows the scene upside down below the horizon."""
    ground = np.flatnonzero(pixels.texture == 4)
    if not ground.size:
        return
    rays = pixels.rays
    focal = np.float32(pixels.canvas.camera.focal * side)
    lift = np.round(-2 * rays.y[ground] * focal).astype(np.int64)
    ripple = noise.at(noise.smooth(), pixels.x[ground] * 10, pixels.z[ground] * 10)
    source = ground - lift * side + (ripple * 6 - 3).astype(np.int64)
    shown = np.clip(source, 0, side * side - 1)
    share = np.clip(0.62 - np.abs(rays.y[ground]) * 0.9, 0.08, 0.6) * (0.45 + 0.8 * ripple)
    share *= source >= 0
    colour[:, ground] += (colour[:, shown] - colour[:, ground]) * share


def _falling(image: Image.Image, pixels: "Pixels", rng: np.random.Generator) -> Image.Image:
    """Streaks of rain or flakes of snow, in front of everything."""
    side = pixels.canvas.pixels
    veil = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(veil)
    snow = pixels.light.snow > 0
    drops = rng.random((110 if snow else 90, 4)).tolist()
    unit = side / 192
    slant = (drops[0][3] - 0.5) * 0.5
    for x, y, near, strength in drops:
        px, py = x * side, y * side
        if snow:
            r = (0.5 + 1.9 * near * near * near) * unit
            draw.ellipse((px - r, py - r, px + r, py + r), fill=int(110 + 140 * strength))
        else:
            length = (5 + 16 * near) * unit
            draw.line(
                (px, py, px + slant * length, py + length), fill=int(40 + 60 * strength), width=max(1, round(unit))
            )
    colour = (236, 240, 246) if snow else (205, 212, 222)
    return Image.composite(Image.new("RGB", (side, side), colour), image, veil)


def _grain(picture: NDArray[np.int16], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Sensor noise: the difference of two dice, scaled; whole numbers, so it is the same everywhere."""
    dice = rng.integers(0, 64, picture.shape, dtype=np.int16)
    dice -= rng.integers(0, 64, picture.shape, dtype=np.int16)
    picture = picture + ((dice * np.int16(round(strength * 10))) >> 8)
    return np.clip(picture, 0, 255).astype(np.uint8)
