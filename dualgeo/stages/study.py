"""study: does the segmentation view earn its place? The verdict, its page and its tables."""

from dualgeo.params import Params
from dualgeo.study.findings.write import print_study, write_study
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """Write reports/study and print the verdict."""
    print_study(workspace, write_study(workspace, params))
