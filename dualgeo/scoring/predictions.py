"""A system's answers, one a photo, and its candidates where the file has ranks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.scoring.columns import USUAL, ColumnNames
from dualgeo.scoring.rows import CERTAINTY, Rows, read_rows


@dataclass(frozen=True)
class Predictions:
    """What one file answers.

    `frame`: query_id (str, unique), lat, lon (float64, degrees; NaN where the answer is empty), radius_km_* and
    confidence (float64, where the file has them) and `row` (its place in the file, from 0), in the order of the file.
    """

    path: Path
    frame: pd.DataFrame
    candidates: pd.DataFrame | None
    """query_id, rank, lat, lon of all candidates; `order` where the file says how they were re-ranked; 0 is first."""
    rows: Rows
    repeated: int
    """Rows that give an earlier answer again."""

    def place(self, number: int) -> str:
        """Where answer `number` of `frame` stands in the file: `line 7`."""
        return self.rows.source.place(int(self.frame["row"].iloc[number]))


def read_predictions(path: Path, columns: ColumnNames = USUAL, candidates: Path | None = None) -> Predictions:
    """Read the answers of a CSV or Parquet file, and its candidates.

    With a column `rank` a photo has a row for each candidate, and the first is the answer. `candidates` names another
    file that holds them. Raises DualGeoError naming file and line for a row that is no answer (text, infinite, degrees
    out of range, a line with too many or few fields), and for two different answers to one photo.
    """
    rows = read_rows(_file(path), "predictions", columns)
    rows.require_sound()
    frame = rows.frame.rename(columns={"id": "query_id"})
    ranked = None
    if candidates is not None:
        ranked = _ranked(read_rows(_file(candidates), "predictions", USUAL))
    elif "rank" in frame:
        ranked = _ranked(rows)
        frame = frame[
            _numbers(rows, "rank").groupby(frame["query_id"], sort=False).rank(method="first").to_numpy() == 1
        ]
    again = frame["query_id"].duplicated()
    if again.any():
        _require_same(rows, frame)
    certainty = [str(name) for name in frame.columns if CERTAINTY.fullmatch(str(name))]
    kept = frame.loc[~again, ["query_id", "lat", "lon", *certainty, "row"]].reset_index(drop=True)
    return Predictions(path, kept, ranked, rows, int(again.sum()))


def _file(path: Path) -> Path:
    if path.is_dir():
        raise DualGeoError(f"{path} is a folder; give the CSV or Parquet file in it.")
    return path


def _require_same(rows: Rows, frame: pd.DataFrame) -> None:
    """Raise DualGeoError where a photo that is answered twice has different answers."""
    several = frame[frame["query_id"].duplicated(keep=False)]
    answers = several.groupby("query_id", sort=False)[["lat", "lon"]].nunique(dropna=False).max(axis=1)
    if not (answers > 1).any():
        return
    name = answers.index[answers > 1][0]
    lines = [rows.place(int(row)) for row in several.index[several["query_id"] == name][:3]]
    count = int((answers > 1).sum())
    raise DualGeoError(
        f"{rows.source.path} gives different answers to {name} ({' and '.join(lines)})"
        f"{f', and to {count - 1:,} more photos' if count > 1 else ''}; keep one answer for each photo, or give each "
        "candidate a rank in a column `rank`."
    )


def _numbers(rows: Rows, column: str) -> "pd.Series[float]":
    """The column `rank` or `order` as numbers; DualGeoError names the first row that has none."""
    if column not in rows.frame:
        raise DualGeoError(f"{rows.source.path} has no column {column}, which tells the order of a photo's candidates.")
    numbers = pd.to_numeric(rows.frame[column], errors="coerce").astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise DualGeoError(f"{rows.source.path}, {rows.place(int(bad[0]))}: the {column} is not a number.")
    return numbers


def _ranked(rows: Rows) -> pd.DataFrame:
    """All candidates by photo; ranks count from 0 without gaps, whatever the file counts from."""
    rows.require_sound()
    frame = rows.frame[["id", "lat", "lon"]].rename(columns={"id": "query_id"})
    for column in ("rank", "order") if "order" in rows.frame else ("rank",):
        given = _numbers(rows, column)
        twice = pd.DataFrame({"id": frame["query_id"], column: given}).duplicated()
        if twice.any():
            row = int(np.flatnonzero(twice)[0])
            raise DualGeoError(
                f"{rows.source.path}, {rows.place(row)}: {frame['query_id'].iloc[row]} has {column} "
                f"{given.iloc[row]:g} twice; it tells the order of a photo's candidates."
            )
        frame[column] = given.groupby(frame["query_id"], sort=False).rank().astype(np.int64) - 1
    return frame


def summary_row(ids: "pd.Series[str]") -> npt.NDArray[np.bool_]:
    """Which ids (n,) are how a summary of the table begins, such as `mean` or `Acc@25km`, rather than a photo."""
    return ids.str.fullmatch(_SUMMARY, case=False).fillna(False).to_numpy(dtype=bool)


_SUMMARY = (
    r"(?:mean|median|average|avg|total|sum|count|overall|std|summary|min|max|all|accuracy|acc|recall|geoscore|result)s?"
    r"(?:[\s_@:=(].*)?"
)
