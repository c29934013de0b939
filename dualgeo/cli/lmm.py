"""Commands about the second stage's model: what it would cost, asking it, and the store of its answers."""

from typing import Annotated

import typer

from dualgeo.cli.app import HERE, Root, app, workspace_of

lmm = typer.Typer(help="Ask a large multimodal model, and look after its answers.", no_args_is_help=True)
app.add_typer(lmm, name="lmm")


@lmm.command()
def ask(
    cells: Annotated[list[str] | None, typer.Argument(help="Systems, VARIANT-SEED; none: lmm.cells.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would send and cost.")] = False,
    root: Root = HERE,
) -> None:
    """Buy the answers that the stage refine will want; what the store holds is not bought again."""
    from dualgeo.lmm.command import ask_cells, estimate_cells

    (estimate_cells if dry_run else ask_cells)(workspace_of(root), cells or [], typer.echo)


@lmm.command()
def stats(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    root: Root = HERE,
) -> None:
    """Say what the store holds, what it cost, what failed and why, and how long answers took."""
    from dualgeo.lmm.command import show_stats

    show_stats(workspace_of(root), as_json, typer.echo)


@lmm.command()
def forget(
    what: Annotated[str, typer.Argument(help="A key (or its first digits), or an outcome such as truncated.")],
    root: Root = HERE,
) -> None:
    """Let an answer, or all that ended so, be bought anew; what they cost stays counted."""
    from dualgeo.lmm.command import forget as forget_answers

    forget_answers(workspace_of(root), what, typer.echo)
