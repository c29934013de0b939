"""Commands about photos: locate them, bring them in, draw a world of them."""

from pathlib import Path
from typing import Annotated

import typer

from dualgeo.cli.app import HERE, Root, app, workspace_of
from dualgeo.errors import DualGeoError


@app.command()
def locate(
    photos: Annotated[list[Path], typer.Argument(help="Photos to locate: JPEG, HEIC, AVIF, TIFF, WebP or PNG.")],
    system: Annotated[str, typer.Option(help="Trained system to ask, VARIANT-SEED; default: the best one.")] = "",
    candidates: Annotated[int, typer.Option(min=0, help="How many candidates to show for each photo.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each photo.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which clusters the candidates form, which one won, and why.")
    ] = False,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask",
            help="Put the photos to the model of params.yaml (lmm). They are sent without metadata and cost money, "
            "within lmm.max_usd; answers are kept and never bought twice.",
        ),
    ] = False,
    root: Root = HERE,
) -> None:
    """Say where photos were taken: coordinate, place, radius and the gallery photos it rests on."""
    from dualgeo.serving.command import Wanted, locate_photos

    wanted = Wanted(candidates, as_json, explain, ask)
    raise typer.Exit(locate_photos(workspace_of(root), photos, system, wanted))


@app.command()
def ingest(
    source: Annotated[Path, typer.Argument(help="Folder of photos.")],
    table: Annotated[
        Path | None, typer.Option(help="CSV or Parquet with coordinates; default: EXIF, or the folder's own table.")
    ] = None,
    coordinates: Annotated[str, typer.Option(help="auto: the table's, else EXIF; exif: never the table's.")] = "auto",
    name: Annotated[str, typer.Option(help="Dataset name: the folder below data/.")] = "photos",
    licence: Annotated[str, typer.Option(help="Licence of photos whose table names none.")] = "",
    photographer_column: Annotated[
        str, typer.Option(help="Table column to take as photographer, where its name does not say so.")
    ] = "",
    separation_m: Annotated[float, typer.Option(min=0, help="Photos nearer than this stay in one split.")] = 1000.0,
    query_share: Annotated[float, typer.Option(min=0.01, max=0.9)] = 0.2,
    validation_share: Annotated[float, typer.Option(min=0.01, max=0.9)] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    root: Root = HERE,
) -> None:
    """Bring a folder of geotagged photos in as data/NAME: read, checked, split into gallery and queries."""
    from dualgeo.datasets.command import ingest_folder
    from dualgeo.datasets.folder import IngestOptions

    if coordinates not in ("auto", "exif"):
        raise DualGeoError(f"--coordinates must be auto or exif, not '{coordinates}'.")
    options = IngestOptions(
        coordinates="exif" if coordinates == "exif" else "auto",
        name=name,
        table=table,
        licence=licence or None,
        photographer_column=photographer_column or None,
        min_separation_m=separation_m,
        query_share=query_share,
        validation_share=validation_share,
        seed=seed,
    )
    ingest_folder(workspace_of(root), source, options)


@app.command()
def atlas(
    sheet: Annotated[Path | None, typer.Option(help="Only draw a contact sheet of the world to this image.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes to draw with (0: one for each core).")] = 0,
    root: Root = HERE,
) -> None:
    """Draw the embedded world of params.yaml into data/atlas (nothing is downloaded)."""
    from dualgeo.params import load_params

    workspace = workspace_of(root)
    params = load_params(workspace.params)
    if sheet is not None:
        from dualgeo.atlas.contact_sheet import contact_sheet

        contact_sheet(sheet, params.atlas)
        typer.echo(f"The contact sheet is {sheet}")
        return
    from dualgeo.atlas.build import build_atlas

    build_atlas(params.atlas, workspace.data("atlas"), workers or None)
