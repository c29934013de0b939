"""Commands about the pipeline: its params, its stages, its results."""

from typing import Annotated

import typer

from dualgeo.cli.app import HERE, Root, app, workspace_of


@app.command()
def profile(
    name: Annotated[str, typer.Argument(help="A file of conf/profile without its ending, for example photos.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes such as train.epochs=3.")] = None,
    root: Root = HERE,
) -> None:
    """Write params.yaml from a profile of conf/ and your changes to it."""
    from dualgeo.profiles import apply_profile

    apply_profile(workspace_of(root), name, overrides or [])


@app.command()
def run(
    stage: Annotated[str, typer.Argument(help="A stage of dvc.yaml.")],
    cell: Annotated[str, typer.Argument(help="VARIANT-SEED, for the stages that have one a system.")] = "",
    root: Root = HERE,
) -> None:
    """Run one stage now, whatever its state (`dvc repro` runs what is out of date)."""
    from dualgeo.previews.command import preview_after_run
    from dualgeo.stages.dispatch import run_stage

    run_stage(workspace_of(root), stage, cell)
    preview_after_run(workspace_of(root), stage, cell)


@app.command()
def preview(
    addresses: Annotated[list[str], typer.Argument(help="Nodes as DVC names them: data.dvc, report, train@dual-0.")],
    root: Root = HERE,
) -> None:
    """Draw a picture of what each node holds into .dualgeo/previews (Dagster shows them)."""
    from dualgeo.previews.command import preview as draw

    raise typer.Exit(draw(workspace_of(root), addresses))


@app.command()
def show(root: Root = HERE) -> None:
    """Print the result table of the last report, where the report is and what to open next."""
    from dualgeo.report.show import show_results

    show_results(workspace_of(root))


@app.command()
def doctor(root: Root = HERE) -> None:
    """Say what is here, what is missing and how to get it."""
    from dualgeo.serving.doctor import examine

    raise typer.Exit(examine(workspace_of(root)))
