"""Two periodic tiles of noise, made once from the world seed, that every texture reads."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualgeo.atlas.cities import WORLD_SEED

Floats = NDArray[np.floating[Any]]
Indices = NDArray[np.int32]
SIDE = 256


@lru_cache(maxsize=1)
def white() -> Floats:
    """float32 (256 * 256,) in 0..1, each value independent: for windows, leaves, flakes."""
    return np.random.default_rng([WORLD_SEED, 71]).random(SIDE * SIDE, dtype=np.float32)


@lru_cache(maxsize=1)
def smooth() -> Floats:
    """float32 (256 * 256,) in about 0..1, smooth over some 16 cells and periodic: for clouds, stains, patches."""
    rng = np.random.default_rng([WORLD_SEED, 72])
    total = np.zeros((SIDE, SIDE), np.float32)
    for coarse, weight in ((8, 0.42), (16, 0.28), (32, 0.18), (64, 0.12)):
        total += np.float32(weight) * _stretched(rng.random((coarse, coarse), dtype=np.float32))
    low, high = total.min(), total.max()
    return ((total - low) / (high - low)).ravel()


def cell(tile: Floats, column: Indices, row: Indices) -> Floats:
    """The tile's value at whole-number coordinates, repeating."""
    return tile[((row & (SIDE - 1)) << 8) | (column & (SIDE - 1))]


def at(tile: Floats, x: Floats, y: Floats) -> Floats:
    """The tile's value at the cell that holds x, y."""
    return cell(tile, np.floor(x).astype(np.int32), np.floor(y).astype(np.int32))


def _stretched(grid: Floats) -> Floats:
    """A periodic grid enlarged to 256 x 256, smoothly."""
    count = grid.shape[0]
    position = np.arange(SIDE, dtype=np.float32) * np.float32(count / SIDE)
    low = np.floor(position).astype(np.int32)
    part = position - low
    part = part * part * (3 - 2 * part)
    along = grid[low % count] * (1 - part)[:, None] + grid[(low + 1) % count] * part[:, None]
    return along[:, low % count] * (1 - part) + along[:, (low + 1) % count] * part
