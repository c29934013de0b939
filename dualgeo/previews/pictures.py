"""Which picture each stage has: the one place to add to when a stage is added. A stage without one has no preview."""

from collections.abc import Callable

from markupsafe import Markup

from dualgeo.previews.answers import refined_picture
from dualgeo.previews.candidates import candidates_picture
from dualgeo.previews.corrupted import corrupted_picture
from dualgeo.previews.errors import errors_picture
from dualgeo.previews.gallery import gallery_picture
from dualgeo.previews.headline import headline_picture
from dualgeo.previews.leaks import leaks_picture
from dualgeo.previews.losses import loss_picture
from dualgeo.previews.masks import masks_picture
from dualgeo.previews.material import Material
from dualgeo.previews.neighbours import neighbours_picture
from dualgeo.previews.photos import data_picture, validate_picture
from dualgeo.previews.verdict import verdict_picture
from dualgeo.workspace import Cell

PICTURES: dict[str, Callable[[Material], Markup]] = {
    "data": data_picture,
    "validate": validate_picture,
    "segment": masks_picture,
    "embed": neighbours_picture,
    "leakage": leaks_picture,
    "report": headline_picture,
    "corrupt": corrupted_picture,
    "study": verdict_picture,
}
CELL_PICTURES: dict[str, Callable[[Material, Cell], Markup]] = {
    "train": loss_picture,
    "index": gallery_picture,
    "retrieve": candidates_picture,
    "refine": refined_picture,
    "score": errors_picture,
}
