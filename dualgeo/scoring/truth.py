"""Where photos were taken: a table of the truth, by path or by a benchmark's name."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dualgeo.datasets.contract import SPLITS
from dualgeo.errors import DualGeoError
from dualgeo.scoring.benchmarks import BENCHMARKS, Benchmark, benchmark_table
from dualgeo.scoring.columns import USUAL, ColumnNames
from dualgeo.scoring.rows import Rows, read_rows
from dualgeo.scoring.source import Refused

TRUTH_COLUMNS = ["query_id", "query_set", "lat", "lon", "photographer", "taken_at"]
_FLICKR = r"_(\d+@N\d\d)$"


@dataclass(frozen=True)
class Truth:
    """Photos with known places.

    `frame`: query_id (str, unique), query_set (str), lat, lon (float64, degrees), photographer and taken_at (str or
    null), in the order of the file. Every row of the file is in `frame`, in `gallery`, in `elsewhere` or in a count.
    """

    name: str
    path: Path
    frame: pd.DataFrame
    gallery: pd.DataFrame
    """The same columns for the rows of split `gallery` where another split was asked for."""
    elsewhere: pd.Index
    """Ids of the rows of other splits: known photos, but not asked for."""
    rows: int
    unplaced: int
    """Rows without a position, or at (0, 0), which tables write for an unknown place."""
    splits: dict[str, int]
    """How many usable rows each split has; empty where the table has none."""
    repeated: int
    """Rows that say again what an earlier row says."""
    refused: list[Refused] = field(default_factory=list[Refused])
    notes: list[str] = field(default_factory=list[str])
    """What a reader should know about the table, a sentence each."""


def read_truth(
    what: str | Path,
    columns: ColumnNames = USUAL,
    *,
    benchmarks: Path | None = None,
    root: Path = Path(),
    split: str | None = "query",
    require_id: bool = True,
    strict: bool = True,
) -> Truth:
    """Read a table of photos: a CSV or Parquet path, or im2gps, im2gps3k, yfcc4k, yfcc26k.

    `split`: the rows wanted where the table has splits (None: all). Without `require_id` a table that has no id gets
    row numbers, "1" for the first row. `strict`: a row that is no photo (text for a coordinate, 181 degrees, a summary
    line) raises DualGeoError naming its line; otherwise such rows are listed in `refused`. `benchmarks` and `root` say
    where the named tables lie (see benchmark_table).
    """
    benchmark = BENCHMARKS.get(str(what))
    path = benchmark_table(benchmark, root, benchmarks) if benchmark else _existing(Path(what))
    rows = read_rows(path, "truth", columns, require_id)
    if strict:
        rows.require_sound()
    placed = rows.frame["lat"].notna() & ~((rows.frame["lat"] == 0) & (rows.frame["lon"] == 0))
    frame, shortened = _photos(rows, benchmark.name if benchmark else _stem(path))
    frame = frame[placed]
    repeated = _repeated(rows, frame)
    frame = frame[~repeated]
    wanted, gallery, elsewhere = _by_split(path, frame, split)
    return Truth(
        name=str(what) if benchmark else path.name,
        path=path,
        frame=wanted,
        gallery=gallery,
        elsewhere=elsewhere,
        rows=rows.count,
        unplaced=int((~placed).sum()),
        splits={str(name): int(rows) for name, rows in frame["split"].value_counts(sort=False).items()},
        repeated=int(repeated.sum()),
        refused=rows.refused,
        notes=_notes(benchmark, rows.count, shortened),
    )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise DualGeoError(f"There is no {path}; give a CSV or Parquet file or one of {', '.join(BENCHMARKS)}.")
    if path.is_dir():
        raise DualGeoError(f"{path} is a folder; give the CSV or Parquet file in it.")
    return path


def _stem(path: Path) -> str:
    """The name without its endings: photos.csv.gz is photos."""
    return path.name.split(".")[0] or path.name


def _photos(rows: Rows, set_name: str) -> tuple[pd.DataFrame, int]:
    """TRUTH_COLUMNS and `split` for all rows, and how many photographers' names were shortened."""
    given = rows.frame
    none = pd.Series(None, index=given.index, dtype="str")
    photographer = given.get("photographer", none)
    # IM2GPS names most authors with a photo's key before the id: 9f05b2251e_1292_8504005@N07.
    flickr = photographer.str.extract(_FLICKR, expand=False)
    frame = pd.DataFrame(
        {
            "query_id": given["id"] if "id" in given else (given["row"] + 1).astype(str).astype("str"),
            "query_set": given["query_set"].fillna(set_name) if "query_set" in given else set_name,
            "lat": given["lat"],
            "lon": given["lon"],
            "photographer": photographer.where(flickr.isna(), flickr),
            "taken_at": given.get("time", none),
            "split": given.get("split", none),
        }
    )
    return frame, int(flickr.notna().sum())


def _repeated(rows: Rows, frame: pd.DataFrame) -> "pd.Series[bool]":
    """Rows whose id stood earlier; DualGeoError where they say something else."""
    again = frame["query_id"].duplicated()
    if not again.any():
        return again
    twice = frame[frame["query_id"].duplicated(keep=False)]
    places = twice.groupby("query_id", sort=False)[["lat", "lon"]].nunique().max(axis=1)
    if (places > 1).any():
        name = places.index[places > 1][0]
        lines = [rows.place(int(row)) for row in twice.index[twice["query_id"] == name][:3]]
        raise DualGeoError(f"{rows.source.path} gives {name} different places ({', '.join(lines)}); keep one of them.")
    return again


def _by_split(path: Path, frame: pd.DataFrame, split: str | None) -> tuple[pd.DataFrame, pd.DataFrame, pd.Index]:
    """The rows wanted, the gallery's, and the ids of all others."""
    photos = frame[TRUTH_COLUMNS]
    if split is None or frame["split"].isna().all():
        return photos.reset_index(drop=True), photos[:0], pd.Index([], dtype="str")
    mine = frame["split"].str.lower() == split
    if not mine.any():
        known = ", ".join(sorted(frame["split"].dropna().unique())[:5])
        raise DualGeoError(
            f"{path} has no row of split {split}; its splits are {known} (usual are {', '.join(SPLITS)})."
        )
    gallery = photos[(frame["split"].str.lower() == "gallery") & ~mine]
    return photos[mine].reset_index(drop=True), gallery.reset_index(drop=True), pd.Index(frame["query_id"][~mine])


def _notes(benchmark: Benchmark | None, rows: int, shortened: int) -> list[str]:
    notes: list[str] = []
    if benchmark and rows != benchmark.rows:
        notes.append(f"{benchmark.name} has {rows:,} rows here; its usual table has {benchmark.rows:,}.")
    elif benchmark and benchmark.rows != benchmark.photos:
        notes.append(
            f"{benchmark.name} is {benchmark.photos:,} photos, of which {benchmark.rows:,} have coordinates here."
        )
    if shortened:
        notes.append(f"{shortened:,} photographers stand with a photo's key before their Flickr id; the id is taken.")
    return notes
