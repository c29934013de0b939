"""embed: features of every photo, from the frozen image encoder."""

from dualgeo.params import Params
from dualgeo.views.embed import embed_dataset
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset> -> cache/features."""
    dataset = workspace.require(workspace.data(params.dataset), "data")
    embed_dataset(dataset, workspace.features, params.views)
