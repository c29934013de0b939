"""Commands that judge: any predictions, what a gallery gives away, what a study found."""

from pathlib import Path
from typing import Annotated

import typer

from dualgeo.cli.app import HERE, Root, app, workspace_of


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
    score_files(workspace_of(root), request)


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
    raise typer.Exit(leakage_command(workspace_of(root).root, asked, limits))


@app.command()
def verdict(root: Root = HERE) -> None:
    """Print whether the segmentation view earns its place, by the last study, with the ablation table."""
    from dualgeo.study.findings.show import show_verdict

    show_verdict(workspace_of(root))


@app.command()
def ablation(root: Root = HERE) -> None:
    """Print the ablation table; what has not been computed for it yet is computed now."""
    from dualgeo.stages.ablation import print_ablation

    print_ablation(workspace_of(root))
