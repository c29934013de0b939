"""Stage `retrieve`: the nearest gallery photos of every query and validation photo."""

from dualgeo.datasets.contract import read_photos
from dualgeo.leakage.exclusions import left_out, read_exclusions
from dualgeo.model.encode import encode_photos
from dualgeo.model.photos import open_cached_photos
from dualgeo.model.system import load_system
from dualgeo.params import Params
from dualgeo.retrieval.candidates import candidate_table, write_candidates
from dualgeo.retrieval.filtered import write_filtered
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.left_out import filtered_table
from dualgeo.views.device import resolve_device
from dualgeo.workspace import Cell, Workspace


def run(workspace: Workspace, params: Params, cell: Cell) -> None:
    """Search the index of `cell` for its queries: candidates/<cell>.parquet, and <cell>-filtered.parquet beside it."""
    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    queries = photos.part(["validation", "query"])
    system = load_system(workspace.model(cell), resolve_device(params.views.device))
    index = GalleryIndex.load(workspace.index(cell))
    vectors = encode_photos(system, queries, index.parts, f"retrieve {cell.name}")
    scores, rows = index.search(vectors, params.retrieve.top_k)
    write_candidates(workspace.candidates(cell), candidate_table(queries.table, index.gallery, scores, rows))
    near_duplicates = read_exclusions(workspace.leakage / "near_duplicates.parquet")
    groups = left_out(queries.table, index.gallery, near_duplicates, params.leakage.filter)
    filtered = filtered_table(index, vectors, queries.table, params.retrieve.top_k, groups)
    write_filtered(workspace.filtered_candidates(cell), filtered)
