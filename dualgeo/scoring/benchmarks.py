"""The benchmarks that can be named instead of a file, and where their tables lie."""

import os
from dataclasses import dataclass
from pathlib import Path

from dualgeo.errors import DualGeoError

VARIABLE = "DUALGEO_BENCHMARKS"
_GEOESTIMATION = "https://raw.githubusercontent.com/TIBHannover/GeoEstimation/original_tf/meta/"


@dataclass(frozen=True)
class Benchmark:
    """A published set of photos: `rows` in its usual table of metadata, out of `photos`."""

    name: str
    file: str
    rows: int
    photos: int
    source: str


BENCHMARKS = {
    found.name: found
    for found in (
        Benchmark("im2gps", "im2gps_places365.csv", 237, 237, _GEOESTIMATION),
        Benchmark("im2gps3k", "im2gps3k_places365.csv", 2997, 3000, _GEOESTIMATION),
        Benchmark("yfcc4k", "yfcc4k.csv", 4536, 4536, "the authors of Revisiting IM2GPS (github.com/lugiavn)"),
        Benchmark("yfcc26k", "yfcc25600_places365.csv", 25600, 25600, _GEOESTIMATION),
    )
}


def benchmark_table(benchmark: Benchmark, root: Path, folder: Path | None = None) -> Path:
    """Path of a benchmark's table: in `folder`, else in $DUALGEO_BENCHMARKS, else beside the project `root`.

    Raises DualGeoError that names the file, the folder and where the file comes from.
    """
    told = os.environ.get(VARIABLE)
    places = folder or (Path(told) if told else root.resolve().parent / "shared" / "benchmarks")
    path = places / benchmark.file
    if not path.is_file():
        raise DualGeoError(
            f"{benchmark.name} needs {benchmark.file} in {places}, and it is not there; it comes from "
            f"{benchmark.source}; say where it lies with --benchmarks FOLDER or {VARIABLE}."
        )
    return path
