"""Stage `index`: the gallery of one system as vectors that can be searched."""

from dualgeo.datasets.contract import read_photos
from dualgeo.model.encode import encode_photos, parts_of
from dualgeo.model.photos import open_cached_photos
from dualgeo.model.system import load_system
from dualgeo.params import Params
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import measure_recall
from dualgeo.views.device import resolve_device
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Encode every gallery photo with the trained `cell` and write index/<cell>, with its recall."""
    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    gallery = photos.part(["gallery"])
    system = load_system(workspace.model(cell), resolve_device(params.views.device))
    parts = parts_of(system, params.index)
    vectors = encode_photos(system, gallery, parts, f"index {cell.name}")
    index = GalleryIndex.build(vectors, gallery.table, parts, params.index)
    index.recall = measure_recall(index.search, vectors)
    index.save(workspace.index(cell))
