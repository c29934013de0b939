"""The gallery photos that look least like a photo: places that Img2Loc and G3 show a model as unlikely."""

import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.lmm.question import Place
from dualgeo.model.encode import encode_photos
from dualgeo.model.photos import open_cached_photos
from dualgeo.model.system import load_system
from dualgeo.params import Params
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Vectors
from dualgeo.views.device import resolve_device
from dualgeo.workspace import Cell, Workspace

Unlikely = dict[str, tuple[Place, ...]]
"""Photo id -> its negatives, least similar first."""
SPARE = 4
"""So many times as many are searched as are shown, because those of the photo's own photographer are dropped."""


def negatives_of_cell(workspace: Workspace, params: Params, cell: Cell) -> Unlikely:
    """Negatives of every validation and query photo, from the model and index of `cell`."""
    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    asked = photos.part(["validation", "query"])
    model = workspace.require(workspace.model(cell), f"train@{cell.name}")
    system = load_system(model, resolve_device(params.views.device))
    index = GalleryIndex.load(workspace.require(workspace.index(cell), f"index@{cell.name}"))
    vectors = encode_photos(system, asked, index.parts, f"negatives {cell.name}")
    return negatives(index, vectors, asked.table, params.lmm.negatives)


def negatives(index: GalleryIndex, vectors: Vectors, asked: pd.DataFrame, count: int) -> Unlikely:
    """At most `count` negatives of each photo of `asked`, whose unit rows are `vectors` (n, dimensions).

    They are the answer to the negated vector, for which an index of either kind needs no other search. Photos by the
    photo's own photographer are no negatives: where their trip led is no guess from the picture.
    """
    scores, rows = index.search(-vectors, SPARE * count)
    gallery = index.gallery
    ids, lats, lons, by = (gallery[name].to_numpy() for name in ("photo_id", "lat", "lon", "photographer"))
    found: Unlikely = {}
    for photo_id, own, opposite, places in zip(asked["photo_id"], asked["photographer"], scores, rows, strict=True):
        kept = [(r, s) for r, s in zip(places, opposite, strict=True) if r >= 0 and (pd.isna(own) or by[r] != own)]
        found[str(photo_id)] = tuple(
            Place(str(ids[r]), float(lats[r]), float(lons[r]), round(-float(s), 6), -1) for r, s in kept[:count]
        )
    return found
