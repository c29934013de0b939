"""`dualgeo verdict`: the study's answer in the terminal."""

from dualgeo.params import load_params
from dualgeo.study.findings.ask import ask
from dualgeo.study.findings.write import print_study
from dualgeo.workspace import Workspace


def show_verdict(workspace: Workspace) -> None:
    """Print the findings of the last study; DualGeoError when there is none."""
    workspace.require(workspace.study / "study.json", "study")
    print_study(workspace, ask(workspace, load_params(workspace.params)))
