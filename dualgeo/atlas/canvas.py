"""The surface buffer: polygons in street space are drawn once as surface numbers; picture and mask both come from it.

Each number names a row of the surface table (plane, class, colour, texture). Drawing numbers instead of colours keeps
the mask exact, and lets light and weather change without drawing again.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dualgeo.atlas.camera import Camera
from dualgeo.atlas.palettes import Colour

PLAIN, BALL, FACADE, ROOFING, GROUND, SKY, LEAVES, GLOW, WATER, STRIPES, RELIEF, GLASS, BRICKS = range(13)
"""Textures."""
ACROSS_X, ACROSS_Z, UPWARD, FACING = range(4)
"""Planes: x constant, z constant, the ground (y constant), and billboards of constant depth that face the camera."""
NEAR_M = 0.3
PARAMETERS = 10

Point = tuple[float, float, float]


class Canvas:
    """A square buffer of surface numbers, `pixels` on a side, and the table of surfaces.

    Coordinates are street metres: x right, y up, z along the street, the camera at (camera.x, camera.height, 0).
    """

    def __init__(self, camera: Camera, pixels: int) -> None:
        self.camera = camera
        self.pixels = pixels
        self._focal = camera.focal * pixels
        self._edge = 0.62 / camera.focal
        self._cosy, self._siny = math.cos(camera.yaw), math.sin(camera.yaw)
        self._cosr, self._sinr = math.cos(camera.roll), math.sin(camera.roll)
        self.rows: list[tuple[float, ...]] = []
        self.image = Image.new("I", (pixels, pixels), 0)
        self.draw = ImageDraw.Draw(self.image)
        self.shadow = Image.new("L", (pixels, pixels), 0)
        self._shadow_draw = ImageDraw.Draw(self.shadow)
        self.wires = Image.new("L", (pixels, pixels), 0)
        self._wire_draw = ImageDraw.Draw(self.wires)

    def start_from(self, numbers: Image.Image) -> None:
        """Replace what has been drawn by `numbers`, an "I" image of surface numbers."""
        self.image = numbers
        self.draw = ImageDraw.Draw(numbers)

    def surface(
        self,
        texture: int,
        plane: int,
        at: float,
        kind: int,
        colour: Colour,
        normal: int = 0,
        texture_of: tuple[float, ...] = (),
    ) -> int:
        """Add a surface and return its number. `at` is the plane's constant (street metres, or depth for FACING)."""
        camera = self.camera
        offset = at - camera.x if plane == ACROSS_X else -camera.height if plane == UPWARD else at
        padded = (*texture_of, *(0.0,) * (PARAMETERS - len(texture_of)))
        self.rows.append((texture, plane, offset, kind, *colour, normal, *padded))
        return len(self.rows) - 1

    def table(self) -> NDArray[np.float32]:
        """float32 (surfaces, 8 + PARAMETERS): texture, plane, offset, class, red, green, blue, normal, parameters."""
        return np.array(self.rows, dtype=np.float32)

    def depth(self, x: float, z: float) -> float:
        """Distance along the viewing axis, metres."""
        return (x - self.camera.x) * self._siny + z * self._cosy

    def project(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Pixel column, pixel row and depth of a street point in front of the camera."""
        dx = x - self.camera.x
        depth = dx * self._siny + z * self._cosy
        u = (dx * self._cosy - z * self._siny) / depth
        v = (y - self.camera.height) / depth - self.camera.pitch
        half = self.pixels / 2
        return (
            half + self._focal * (u * self._cosr - v * self._sinr),
            half - self._focal * (v * self._cosr + u * self._sinr),
            depth,
        )

    def polygon(self, points: list[Point], number: int) -> None:
        """Fill a street-space polygon, cut at the near plane."""
        flat = self._flatten(points)
        if len(flat) > 2:
            self.draw.polygon(flat, fill=number)

    def shade(self, points: list[Point], strength: int = 255) -> None:
        """Darken the ground where a street-space polygon lies."""
        flat = self._flatten(points)
        if len(flat) > 2:
            self._shadow_draw.polygon(flat, fill=strength)

    def wire(self, points: list[Point]) -> None:
        """A thin dark line over the picture, too thin for the mask."""
        flat = self._flatten(points[:2]) + self._flatten(points[1:])[1:]
        if len(flat) > 1:
            self._wire_draw.line(flat, fill=200, width=max(1, round(self.pixels / 256)))

    def line(self, start: Point, end: Point, metres: float, number: int, least: float = 0.9) -> None:
        """A round-section bar; never thinner than `least` buffer pixels at 192 pixels."""
        flat = self._flatten([start, end])
        if len(flat) == 2:
            depth = max(NEAR_M, self.depth(*_middle(start, end)))
            width = max(least * self.pixels / 192, metres * self._focal / depth)
            self.draw.line(flat, fill=number, width=max(1, round(width)))

    def ellipse(self, centre: Point, rx: float, ry: float, number: int) -> None:
        """An upright ellipse that faces the camera."""
        if self.depth(centre[0], centre[2]) > NEAR_M:
            x, y, depth = self.project(*centre)
            w, h = rx * self._focal / depth, ry * self._focal / depth
            self.draw.ellipse((x - w, y - h, x + w, y + h), fill=number)

    def facing(self, centre: Point, outline: list[tuple[float, float]], number: int) -> None:
        """A polygon that faces the camera: `outline` is metres right and up of `centre`."""
        if self.depth(centre[0], centre[2]) > NEAR_M:
            x, y, depth = self.project(*centre)
            scale = self._focal / depth
            self.draw.polygon([(x + dx * scale, y - dy * scale) for dx, dy in outline], fill=number)

    def across(self, x: float, z: float) -> float:
        """Lateral camera coordinate of a street point, metres: where a FACING surface's own coordinates start."""
        return (x - self.camera.x) * self._cosy - z * self._siny

    def sees(self, x: float, z: float, radius: float) -> bool:
        """Whether something within `radius` metres of x, z can be in the frame (heights aside)."""
        dx = x - self.camera.x
        depth = dx * self._siny + z * self._cosy
        # 0.62 rather than 0.5: a rolled frame is wider.
        return depth > -radius and abs(dx * self._cosy - z * self._siny) < radius * 1.6 + max(0.0, depth) * self._edge

    def _flatten(self, points: list[Point]) -> list[tuple[float, float]]:
        # The hottest loop of the renderer, hence `project` written out.
        x0, y0, cosy, siny = self.camera.x, self.camera.height, self._cosy, self._siny
        depths = [(x - x0) * siny + z * cosy for x, _, z in points]
        if min(depths) < NEAR_M:
            points = _clipped(points, depths)
            depths = [(x - x0) * siny + z * cosy for x, _, z in points]
        half, focal, pitch, cosr, sinr = self.pixels / 2, self._focal, self.camera.pitch, self._cosr, self._sinr
        flat: list[tuple[float, float]] = []
        for (x, y, z), depth in zip(points, depths, strict=True):
            u = ((x - x0) * cosy - z * siny) / depth
            v = (y - y0) / depth - pitch
            flat.append((half + focal * (u * cosr - v * sinr), half - focal * (v * cosr + u * sinr)))
        return flat


def _clipped(points: list[Point], depths: list[float]) -> list[Point]:
    """The part of a polygon (or segment) in front of the near plane."""
    kept: list[Point] = []
    closing = len(points) if len(points) > 2 else 1
    for index in range(len(points)):
        if depths[index] >= NEAR_M:
            kept.append(points[index])
        if index >= closing:
            break
        after = (index + 1) % len(points)
        if (depths[index] >= NEAR_M) != (depths[after] >= NEAR_M):
            share = (NEAR_M * 1.001 - depths[index]) / (depths[after] - depths[index])
            a, b = points[index], points[after]
            kept.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share))
    return kept


def _middle(start: Point, end: Point) -> tuple[float, float]:
    return (start[0] + end[0]) / 2, (start[2] + end[2]) / 2
