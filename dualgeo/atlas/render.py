"""Draw one view: picture and mask."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dualgeo.atlas import ade20k as ade
from dualgeo.atlas.buildings import draw_lot
from dualgeo.atlas.camera import camera_of, rays_of
from dualgeo.atlas.canvas import FACING, GROUND, SKY, UPWARD, Canvas
from dualgeo.atlas.cities import WORLD_SEED
from dualgeo.atlas.conditions import light_of
from dualgeo.atlas.furniture import furniture_of
from dualgeo.atlas.greenery import draw_tree
from dualgeo.atlas.horizon import draw_horizon
from dualgeo.atlas.sensor import develop
from dualgeo.atlas.shading import FAR_M, shade
from dualgeo.atlas.street import Street, street_of
from dualgeo.atlas.style import style_at
from dualgeo.atlas.transients import transients_of
from dualgeo.atlas.view import Place, SceneView

SUPERSAMPLING = 2
_DRAWN_FROM_M = 0.5


def render(view: SceneView, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The picture uint8 (size, size, 3) RGB and its mask uint8 (size, size) of ADE20K-150 ids, 0..149.

    The same view gives the same bytes on every run and in every process. Views that differ in condition alone have
    the same mask. Larger sizes show the same scene in finer detail.
    """
    street = _street(view.place)
    key = (WORLD_SEED, *view.place.key, view.shot)
    camera = camera_of(np.random.default_rng([*key, 82]), street.road, street.walking)
    canvas = Canvas(camera, SUPERSAMPLING * size)
    rays = rays_of(camera, canvas.pixels)
    _base(canvas, rays.y)
    draw_horizon(canvas, street)
    light = light_of(view.condition, street.style, np.random.default_rng([*key, 83]))
    items = [
        (
            canvas.depth(lot.side * lot.face, (max(lot.z0, 0.0) + lot.z1) / 2),
            lambda lot=lot: draw_lot(canvas, street, lot),
        )
        for lot in street.lots
        if canvas.sees(lot.side * (lot.face + 3), (lot.z0 + lot.z1) / 2, lot.z1 - lot.z0 + 6)
    ]
    items += [
        (canvas.depth(tree.x, tree.z), lambda tree=tree: draw_tree(canvas, tree))
        for tree in street.trees
        if canvas.sees(tree.x, tree.z, 0.6 * tree.size)
    ]
    items += furniture_of(canvas, street, view.condition)
    items += transients_of(canvas, street, np.random.default_rng([*key, 84]), view.condition)
    # Farthest first; rounding makes the order of near-ties the order they were made in.
    for depth, draw in sorted(items, key=lambda item: -round(item[0], 3)):
        if depth > _DRAWN_FROM_M - 12:
            draw()
    pixels = shade(canvas, rays, street, light)
    picture = develop(pixels, camera, size, np.random.default_rng([*key, 85]))
    mask = pixels.mask.reshape(canvas.pixels, canvas.pixels)[::SUPERSAMPLING, ::SUPERSAMPLING]
    return picture, np.ascontiguousarray(mask)


@lru_cache(maxsize=32)
def _street(place: Place) -> Street:
    """The street of a place; kept for a while, because a place's photos are mostly drawn one after another."""
    return street_of(style_at(place.city, place.lat, place.lon), np.random.default_rng([WORLD_SEED, *place.key, 81]))


def _base(canvas: Canvas, up: NDArray[np.float32]) -> None:
    """Surface 0 is the sky, surface 1 the ground below the horizon."""
    canvas.surface(SKY, FACING, FAR_M, ade.SKY, (0.6, 0.7, 0.8))
    canvas.surface(GROUND, UPWARD, 0.0, ade.ROAD, (0.5, 0.5, 0.5), 4)
    numbers = (up < np.float32(-0.002)).astype(np.int32).reshape(canvas.pixels, canvas.pixels)
    canvas.start_from(Image.fromarray(numbers, mode="I"))
