"""segment: class-id masks of every photo, from the frozen segmenter."""

from dualgeo.params import Params
from dualgeo.views.segment import segment_dataset
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset> -> cache/masks."""
    dataset = workspace.require(workspace.data(params.dataset), "data")
    segment_dataset(dataset, workspace.masks, params.views)
