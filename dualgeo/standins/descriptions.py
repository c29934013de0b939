"""A street in numbers, as a caption is a photo in words: what the stand-in for CLIP learns to tell from a picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from dualgeo.atlas.style import style_at
from dualgeo.atlas.view import SceneView

_NOT_VISIBLE = ("city", "horizon", "homes", "field", "code")
"""Parts of a style that name a place or seed a random draw; nobody sees them."""
_RARE = 0.02


def describe(views: Sequence[SceneView]) -> npt.NDArray[np.float32]:
    """(N, K) descriptions: colours, sizes and kinds of what stands in the street, each column of mean 0 and sd 1.

    Columns depend on `views` as a whole: describe together what is to be compared.
    """
    styles = [dict(_leaves("", asdict(style_at(view.place.city, view.place.lat, view.place.lon)))) for view in views]
    columns = {name: number for number, name in enumerate(sorted({name for style in styles for name in style}))}
    table = np.zeros((len(styles), len(columns)))
    for row, style in enumerate(styles):
        for name, value in style.items():
            table[row, columns[name]] = value
    table = table[:, np.minimum((table != 0).mean(0), table.std(0)) > _RARE]
    return ((table - table.mean(0)) / table.std(0)).clip(-3, 3).astype(np.float32)


def _leaves(name: str, value: object) -> Iterator[tuple[str, float]]:
    """Numbers under their names; words, flags and absences as `name=value` with 1."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _NOT_VISIBLE:
                yield from _leaves(f"{name}.{key}", inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(f"{name}.{number}", inner)
    elif isinstance(value, bool | str) or value is None:
        yield f"{name}={value}", 1.0
    elif isinstance(value, int | float):
        yield name, float(value)
