"""`dualgeo score`: predictions of any system in, figures with intervals and comparisons out."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from pydantic import ValidationError

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole
from dualgeo.params import ScoreParams, load_params
from dualgeo.scoring.beside import Beside, beside
from dualgeo.scoring.columns import USUAL, ColumnNames
from dualgeo.scoring.document import Result, as_json, document, flat_table
from dualgeo.scoring.evaluate import Options, score_predictions
from dualgeo.scoring.predictions import read_predictions
from dualgeo.scoring.systems import System, names_of, pairs_of, systems_of
from dualgeo.scoring.terminal import print_result
from dualgeo.scoring.truth import read_truth
from dualgeo.workspace import Workspace

THRESHOLDS_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)
RESAMPLES = 10_000
SPHERES_KM = (6350.0, 6400.0)
STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Request:
    """What the command line asks for; None: as params.yaml of the project says, else the defaults above."""

    predictions: list[Path]
    truth: str
    split: str = "query"
    benchmarks: Path | None = None
    gallery: Path | None = None
    candidates: list[Path] = field(default_factory=list[Path])
    names: list[str] = field(default_factory=list[str])
    columns: ColumnNames = USUAL
    truth_columns: ColumnNames = USUAL
    thresholds: str | None = None
    confidence: float | None = None
    resamples: int | None = None
    seed: int | None = None
    sphere_km: float | None = None
    as_given: bool = False
    json: str | None = None
    csv: Path | None = None
    queries: Path | None = None


def score_files(workspace: Workspace, request: Request) -> None:
    """Score, compare, print and write. Raises DualGeoError for what cannot be scored, before anything is written."""
    _require_known_endings(request)
    names = names_of(request.predictions, request.names)
    options = Options(_params(workspace, request), _sphere(request.sphere_km), request.as_given)
    truth = read_truth(
        request.truth, request.truth_columns, benchmarks=request.benchmarks, root=workspace.root, split=request.split
    )
    if not len(truth.frame):
        raise DualGeoError(f"{truth.path} has no photo with a place; there is nothing to score.")
    gallery = _gallery(request, workspace)
    answers = [
        score_predictions(
            read_predictions(path, request.columns, near.candidates), truth, options, gallery, near.filtered
        )
        for path, near in zip(request.predictions, _beside(request), strict=True)
    ]
    systems = systems_of(names, answers, options.params)
    result = Result(truth, options, systems, pairs_of(systems, options.params))
    _write(request, result)
    if request.json == STANDARD_OUTPUT:
        print(as_json(document(result)), end="")
    else:
        print_result(result, sys.stdout)


def _beside(request: Request) -> list[Beside]:
    """The candidates named for each file, else what the pipeline wrote beside it."""
    found = [beside(path) for path in request.predictions]
    if not request.candidates:
        return found
    if len(request.candidates) != len(request.predictions):
        raise DualGeoError(
            f"There are {len(request.predictions)} files of predictions and {len(request.candidates)} of candidates; "
            "give --candidates once for each file in their order, or not at all."
        )
    return [replace(near, candidates=path) for near, path in zip(found, request.candidates, strict=True)]


def _gallery(request: Request, workspace: Workspace) -> pd.DataFrame | None:
    """Places of the gallery that was named. Where the table has splits, those of split gallery."""
    if request.gallery is None:
        return None
    found = read_truth(request.gallery, root=workspace.root, split=None, require_id=False)
    return read_truth(request.gallery, split="gallery").frame if "gallery" in found.splits else found.frame


def _params(workspace: Workspace, request: Request) -> ScoreParams:
    """The score section of params.yaml where there is one, and what the command line says instead."""
    if workspace.params.is_file():
        given = load_params(workspace.params).score.model_dump()
    else:
        given = {"thresholds_km": list(THRESHOLDS_KM), "confidence": 0.95, "resamples": RESAMPLES, "seed": 0}
    if request.thresholds is not None:
        given["thresholds_km"] = _thresholds(request.thresholds)
    for key in ("confidence", "resamples", "seed"):
        value = getattr(request, key)
        given[key] = given[key] if value is None else value
    try:
        return ScoreParams.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        option = "thresholds" if first["loc"][0] == "thresholds_km" else first["loc"][0]
        raise DualGeoError(f"--{option} {first['input']}: {first['msg']}.") from None


def _thresholds(text: str) -> list[float]:
    """Distances from "1,25,200", smallest first, each once."""
    try:
        values = [float(part) for part in text.replace(" ", ",").split(",") if part]
    except ValueError:
        raise DualGeoError(
            f"--thresholds {text}: write distances in km with commas between, such as 1,25,200."
        ) from None
    if any(not 0 < value < float("inf") for value in values):
        raise DualGeoError(f"--thresholds {text}: distances in km are finite and above 0.")
    return sorted(set(values))


def _sphere(radius_km: float | None) -> float | None:
    if radius_km is not None and not SPHERES_KM[0] <= radius_km <= SPHERES_KM[1]:
        raise DualGeoError(f"--sphere {radius_km:g} is not the radius of the Earth in km; older papers take 6371.")
    return radius_km


def _require_known_endings(request: Request) -> None:
    if request.queries is not None and request.queries.suffix.lower() not in (".parquet", ".csv"):
        raise DualGeoError(f"--queries {request.queries}: the name must end in .parquet or .csv.")


def _write(request: Request, result: Result) -> None:
    if request.json is not None and request.json != STANDARD_OUTPUT:
        with written_whole(Path(request.json)) as temporary:
            temporary.write_text(as_json(document(result)), encoding="utf-8", newline="\n")
    if request.csv is not None:
        _write_table(request.csv, flat_table(result), as_csv=True)
    if request.queries is not None:
        frame = pd.concat([_queries(system) for system in result.systems], ignore_index=True)
        _write_table(request.queries, frame, as_csv=request.queries.suffix.lower() == ".csv")


def _queries(system: System) -> pd.DataFrame:
    """The per-query table of every file of a system, which they are told apart by."""
    tables = [
        answers.scored.queries.assign(system=system.name, file=str(answers.predictions.path))
        for answers in system.answers
    ]
    return pd.concat(tables, ignore_index=True)


def _write_table(path: Path, frame: pd.DataFrame, as_csv: bool) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    with written_whole(path) as temporary:
        if as_csv:
            arrow_csv.write_csv(table, temporary)
        else:
            pq.write_table(table, temporary, compression="zstd")
