"""corrupt: copies of query photos under graded corruptions, and both frozen views of them."""

from dualgeo.params import Params
from dualgeo.study.corruption.draw import draw_corrupted
from dualgeo.study.corruption.views import see_corrupted
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset> -> cache/study: photos.parquet, shards, masks, features and what a view costs."""
    dataset = workspace.require(workspace.data(params.dataset), "data")
    draw_corrupted(dataset, workspace.corrupted, params.study)
    see_corrupted(workspace.corrupted, params.views)
