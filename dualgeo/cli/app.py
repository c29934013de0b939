"""The application that the commands register with, and what they share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dualgeo.workspace import Workspace

app = typer.Typer(
    name="dualgeo",
    help="Say where on Earth a photo was taken, and know how good that answer is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Root = Annotated[Path, typer.Option("--root", help="The project folder (the one with params.yaml).")]
HERE = Path()


def workspace_of(root: Path) -> "Workspace":
    """The project folder as the library sees it."""
    from dualgeo.workspace import Workspace

    return Workspace(root.resolve())
