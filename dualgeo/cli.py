"""The command line. Every command imports what it needs when it runs, so that help comes at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dualgeo.errors import DualGeoError

app = typer.Typer(
    name="dualgeo",
    help="Say where on Earth a photo was taken, and know how good that answer is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Root = Annotated[Path, typer.Option("--root", help="The project folder (the one with params.yaml).")]
HERE = Path()


@app.command()
def locate(
    photos: Annotated[list[Path], typer.Argument(help="Photos to locate: JPEG, HEIC, AVIF, TIFF, WebP or PNG.")],
    system: Annotated[str, typer.Option(help="Trained system to ask, VARIANT-SEED; default: the best one.")] = "",
    candidates: Annotated[int, typer.Option(min=0, help="How many candidates to show for each photo.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object for each photo.")] = False,
    root: Root = HERE,
) -> None:
    """Say where photos were taken: coordinate, place, radius and the gallery photos it rests on."""
    from dualgeo.serving.command import locate_photos

    raise typer.Exit(locate_photos(_workspace(root), photos, system, candidates, as_json))


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
    ingest_folder(_workspace(root), source, options)


@app.command()
def atlas(
    sheet: Annotated[Path | None, typer.Option(help="Only draw a contact sheet of the world to this image.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes to draw with (0: one for each core).")] = 0,
    root: Root = HERE,
) -> None:
    """Draw the embedded world of params.yaml into data/atlas (nothing is downloaded)."""
    from dualgeo.params import load_params

    workspace = _workspace(root)
    params = load_params(workspace.params)
    if sheet is not None:
        from dualgeo.atlas.contact_sheet import contact_sheet

        contact_sheet(sheet, params.atlas)
        typer.echo(f"The contact sheet is {sheet}")
        return
    from dualgeo.atlas.build import build_atlas

    build_atlas(params.atlas, workspace.data("atlas"), workers or None)


@app.command()
def profile(
    name: Annotated[str, typer.Argument(help="A file of conf/profile without its ending, for example photos.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="Changes such as train.epochs=3.")] = None,
    root: Root = HERE,
) -> None:
    """Write params.yaml from a profile of conf/ and your changes to it."""
    from dualgeo.profiles import apply_profile

    apply_profile(_workspace(root), name, overrides or [])


@app.command()
def run(
    stage: Annotated[str, typer.Argument(help="A stage of dvc.yaml.")],
    cell: Annotated[str, typer.Argument(help="VARIANT-SEED, for the stages that have one a system.")] = "",
    root: Root = HERE,
) -> None:
    """Run one stage now, whatever its state (`dvc repro` runs what is out of date)."""
    from dualgeo.previews.command import preview_after_run
    from dualgeo.stages.dispatch import run_stage

    run_stage(_workspace(root), stage, cell)
    preview_after_run(_workspace(root), stage, cell)


@app.command()
def leakage(
    gallery: Annotated[
        str, typer.Argument(help="Table (CSV, Parquet), benchmark (im2gps3k, yfcc4k, ...) or dataset folder.")
    ],
    queries: Annotated[str, typer.Argument(help="As GALLERY; the same table twice: its photos with each other.")],
    phash_bits: Annotated[int, typer.Option(min=0, max=32, help="Bits of 64 by which near-duplicates differ.")] = 4,
    cosine: Annotated[float, typer.Option(min=0.01, max=1, help="Least cosine of near-duplicates.")] = 0.95,
    metres: Annotated[float, typer.Option(min=0, help="Photos this near are of one place.")] = 100.0,
    minutes: Annotated[float, typer.Option(min=0, help="Photos of a place this near in time share a moment.")] = 10.0,
    photographer_metres: Annotated[
        float, typer.Option(min=0, help="Photos of one photographer this near are counted apart.")
    ] = 1000.0,
    pairs_per_query: Annotated[int, typer.Option(min=1, help="Pairs of a query that --pairs writes.")] = 10,
    gallery_embeddings: Annotated[
        Path | None, typer.Option(help="Embeddings of GALLERY: .npy in its order, or Parquet by id.")
    ] = None,
    query_embeddings: Annotated[Path | None, typer.Option(help="The same for QUERIES.")] = None,
    benchmarks: Annotated[Path | None, typer.Option(help="Folder with the tables of benchmarks.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="Write the pairs to this .csv or .parquet.")] = None,
    fail_on: Annotated[
        list[str] | None, typer.Option(help="Exit with 1 if this check (or `any`) finds a pair or cannot be made.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    root: Root = HERE,
) -> None:
    """Count what queries share with a gallery: photographers, bytes, near-duplicates, places and times."""
    from dualgeo.leakage.command import Asked, leakage_command
    from dualgeo.leakage.finding import Limits

    asked = Asked(gallery, queries, gallery_embeddings, query_embeddings, benchmarks, pairs, fail_on or (), as_json)
    limits = Limits(phash_bits, cosine, metres, minutes, photographer_metres, pairs_per_query)
    raise typer.Exit(leakage_command(_workspace(root).root, asked, limits))


@app.command()
def track(
    models: Annotated[bool, typer.Option("--models/--no-models", help="Also register each trained system.")] = True,
    root: Root = HERE,
) -> None:
    """Bring MLflow in line with the results that lie here (after `dvc pull` nothing ran): runs, versions, champion."""
    from dualgeo.params import load_params
    from dualgeo.tracking.rebuild import track as record

    workspace = _workspace(root)
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

    workspace = _workspace(root)
    typer.echo(str(choose(workspace, load_params(workspace.params), what, why)))


@app.command()
def preview(
    addresses: Annotated[list[str], typer.Argument(help="Nodes as DVC names them: data.dvc, report, train@dual-0.")],
    root: Root = HERE,
) -> None:
    """Draw a picture of what each node holds into .dualgeo/previews (Dagster shows them)."""
    from dualgeo.previews.command import preview as draw

    raise typer.Exit(draw(_workspace(root), addresses))


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

        raise typer.Exit(verify_lineage(_workspace(root), of))
    from dualgeo.lineage.command import show_lineage

    if of:
        raise DualGeoError(f"lineage takes one thing to trace; drop '{of}'.")
    if as_json and mermaid:
        raise DualGeoError("Give --json or --mermaid, not both.")
    show_lineage(_workspace(root), what, "json" if as_json else "mermaid" if mermaid else "tree", check)


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(help="An MLflow run id (or how it begins), or a cell: score@dual-0.")],
    rerun: Annotated[bool, typer.Option("--rerun", help="Compute every stage anew instead of restoring it.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the worktree when done.")] = False,
    root: Root = HERE,
) -> None:
    """Check a recorded run's commit out, restore or rerun what it rests on, and compare the figures."""
    from dualgeo.lineage.reproduce.command import reproduce_run

    raise typer.Exit(reproduce_run(_workspace(root), run, rerun, keep))


@app.command()
def score(
    predictions: Annotated[list[Path], typer.Argument(help="CSV or Parquet, a row a photo: id, latitude, longitude.")],
    truth: Annotated[
        str, typer.Option(help="Where the photos were taken: a CSV or Parquet, or im2gps, im2gps3k, yfcc4k, yfcc26k.")
    ],
    name: Annotated[
        list[str] | None, typer.Option(help="A name for each file in turn; files of one name are seeds of one system.")
    ] = None,
    split: Annotated[str, typer.Option(help="Photos to score where the truth has splits.")] = "query",
    benchmarks: Annotated[Path | None, typer.Option(help="Folder of the named benchmarks' tables.")] = None,
    gallery: Annotated[Path | None, typer.Option(help="Table of the places the system could retrieve.")] = None,
    candidates: Annotated[list[Path] | None, typer.Option(help="Ranked candidates, a file for each file.")] = None,
    id: Annotated[str | None, typer.Option(help="Column of the photo's id in PREDICTIONS.")] = None,
    lat: Annotated[str | None, typer.Option(help="Column of the predicted latitude.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column of the predicted longitude.")] = None,
    truth_id: Annotated[str | None, typer.Option(help="Column of the photo's id in TRUTH.")] = None,
    truth_lat: Annotated[str | None, typer.Option(help="Column of the true latitude.")] = None,
    truth_lon: Annotated[str | None, typer.Option(help="Column of the true longitude.")] = None,
    truth_photographer: Annotated[str | None, typer.Option(help="Column that tells whose photo it is.")] = None,
    thresholds: Annotated[str | None, typer.Option(help="Distances in km, such as 1,25,200,750,2500.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Confidence of intervals, such as 0.95.")] = None,
    resamples: Annotated[int | None, typer.Option(help="Draws of the bootstrap.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the bootstrap.")] = None,
    sphere: Annotated[
        float | None, typer.Option(help="Distances on a sphere of this radius in km (older papers: 6371), not WGS84.")
    ] = None,
    as_given: Annotated[bool, typer.Option("--as-given", help="Score answers that look exchanged or radians.")] = False,
    json: Annotated[str | None, typer.Option(help="Write all figures as JSON to this file; - prints them.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the accuracies as CSV.")] = None,
    queries: Annotated[Path | None, typer.Option(help="Write the per-query table as .parquet or .csv.")] = None,
    root: Root = HERE,
) -> None:
    """Score any system's predictions: all metrics with intervals, and systems compared where there are several."""
    from dualgeo.scoring.columns import ColumnNames
    from dualgeo.scoring.command import Request, score_files

    request = Request(
        predictions=predictions,
        truth=truth,
        split=split,
        benchmarks=benchmarks,
        gallery=gallery,
        candidates=candidates or [],
        names=name or [],
        columns=ColumnNames(id, lat, lon),
        truth_columns=ColumnNames(truth_id, truth_lat, truth_lon, truth_photographer, option="--truth-"),
        thresholds=thresholds,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
        sphere_km=sphere,
        as_given=as_given,
        json=json,
        csv=csv,
        queries=queries,
    )
    score_files(_workspace(root), request)


@app.command()
def show(root: Root = HERE) -> None:
    """Print the result table of the last report, where the report is and what to open next."""
    from dualgeo.report.show import show_results

    show_results(_workspace(root))


@app.command()
def verdict(root: Root = HERE) -> None:
    """Print whether the segmentation view earns its place, by the last study, with the ablation table."""
    from dualgeo.study.findings.show import show_verdict

    show_verdict(_workspace(root))


@app.command()
def ablation(root: Root = HERE) -> None:
    """Print the ablation table; what has not been computed for it yet is computed now."""
    from dualgeo.stages.ablation import print_ablation

    print_ablation(_workspace(root))


@app.command()
def doctor(root: Root = HERE) -> None:
    """Say what is here, what is missing and how to get it."""
    from dualgeo.serving.doctor import examine

    raise typer.Exit(examine(_workspace(root)))


def _workspace(root: Path):
    from dualgeo.workspace import Workspace

    return Workspace(root.resolve())


def main() -> None:
    """Run the command line; what the user can mend is one sentence on standard error and exit status 1."""
    try:
        app()
    except DualGeoError as error:
        print(f"dualgeo: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("dualgeo: stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
