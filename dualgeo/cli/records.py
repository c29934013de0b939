"""Commands about what was recorded: runs, models, and where a figure comes from."""

from typing import Annotated

import typer

from dualgeo.cli.app import HERE, Root, app, workspace_of
from dualgeo.errors import DualGeoError


@app.command()
def track(
    models: Annotated[bool, typer.Option("--models/--no-models", help="Also register each trained system.")] = True,
    root: Root = HERE,
) -> None:
    """Bring MLflow in line with the results that lie here (after `dvc pull` nothing ran): runs, versions, champion."""
    from dualgeo.params import load_params
    from dualgeo.tracking.rebuild import track as record

    workspace = workspace_of(root)
    params = load_params(workspace.params)
    tracked = record(workspace, params)
    if models:
        from dualgeo.registry.register import register

        register(workspace, params, tracked.runs)


@app.command()
def promote(
    what: Annotated[str, typer.Argument(help="A cell (dual-0) or version number to pin; none: back to the rule.")] = "",
    why: Annotated[str, typer.Option(help="The reason, kept with the version.")] = "",
    root: Root = HERE,
) -> None:
    """Choose the system that `models:/dualgeo@champion` names: the best on validation photos, or one by hand."""
    from dualgeo.params import load_params
    from dualgeo.registry.register import promote as choose

    workspace = workspace_of(root)
    typer.echo(str(choose(workspace, load_params(workspace.params), what, why)))


@app.command()
def lineage(
    what: Annotated[
        str,
        typer.Argument(
            help="An output's path, a stage (score@dual-0), a report row (atlas-night/dual), an MLflow run id, "
            "a data version or run id of Dagster; or `verify`."
        ),
    ],
    of: Annotated[str, typer.Argument(help="After `verify`: verify only what this rests on.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print nodes and edges as JSON.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    check: Annotated[bool, typer.Option(help="Read the files to say whether they still match.")] = True,
    root: Root = HERE,
) -> None:
    """Trace a figure back to the bytes, code and params that made it; `verify` recomputes every digest."""
    if what == "verify":
        from dualgeo.lineage.verify_command import verify_lineage

        raise typer.Exit(verify_lineage(workspace_of(root), of))
    from dualgeo.lineage.command import show_lineage

    if of:
        raise DualGeoError(f"lineage takes one thing to trace; drop '{of}'.")
    if as_json and mermaid:
        raise DualGeoError("Give --json or --mermaid, not both.")
    show_lineage(workspace_of(root), what, "json" if as_json else "mermaid" if mermaid else "tree", check)


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(help="An MLflow run id (or how it begins), or a cell: score@dual-0.")],
    rerun: Annotated[bool, typer.Option("--rerun", help="Compute every stage anew instead of restoring it.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the worktree when done.")] = False,
    root: Root = HERE,
) -> None:
    """Check a recorded run's commit out, restore or rerun what it rests on, and compare the figures."""
    from dualgeo.lineage.reproduce.command import reproduce_run

    raise typer.Exit(reproduce_run(workspace_of(root), run, rerun, keep))
