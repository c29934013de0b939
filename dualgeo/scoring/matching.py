"""Which query an answer is about: the same id; else the same file under another path or ending, never a guess."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.datasets.matching import one_ends_the_other

Places = npt.NDArray[np.int64]
_ENDING = r"(?i)\.(?:jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif)$"


@dataclass(frozen=True)
class Matched:
    """Where each given id stands among the known ones."""

    place: Places
    """(given,): position among the known ids, -1 for none."""
    by_name: int
    """How many given ids match by file name only: another folder before it, or another ending."""
    ambiguous: int
    """How many given ids could by file name be several known ones, or share one with another; left unmatched."""


def match_ids(given: "pd.Series[str]", known: "pd.Series[str]") -> Matched:
    """Match unique `given` ids to unique `known` ids.

    Only known ids that no given id equals are matched by name, and only where both sides leave no choice: the file
    names without ending are equal, one path ends in the other (45/77/1.jpg and 1.jpg, not a/1.jpg and b/1.jpg), and
    neither could be about a third.
    """
    place = pd.Index(known).get_indexer(pd.Index(given)).astype(np.int64)
    open_given = np.flatnonzero(place < 0)
    open_known = np.setdiff1d(np.arange(len(known)), place, assume_unique=False)
    if not len(open_given) or not len(open_known):
        return Matched(place, 0, 0)
    pairs = _pairs(_parts(given.iloc[open_given]), _parts(known.iloc[open_known]))
    of_given = pairs["given"].map(pairs["given"].value_counts())
    of_known = pairs["known"].map(pairs["known"].value_counts())
    sure = pairs[(of_given == 1) & (of_known == 1)]
    place[open_given[sure["given"]]] = open_known[sure["known"]]
    return Matched(place, len(sure), pairs["given"].nunique() - len(sure))


def _parts(ids: "pd.Series[str]") -> pd.DataFrame:
    """Path without ending and file name of each id, in order."""
    path = ids.reset_index(drop=True).str.replace("\\", "/", regex=False).str.replace(_ENDING, "", regex=True)
    return pd.DataFrame({"path": path, "name": path.str.rsplit("/", n=1).str[-1]})


def _pairs(given: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """All pairs (`given`, `known`: row numbers) that can be the same file."""
    left, right = given.reset_index(names="given"), known.reset_index(names="known")
    # A name that stands for very many files decides nothing; pairing all of them would only cost memory.
    few = right[right["name"].map(right["name"].value_counts()) <= _MOST_NAMESAKES]
    pairs = left.merge(few, on="name", suffixes=("", "_known"))
    same = [one_ends_the_other(_steps(a), _steps(b)) for a, b in zip(pairs["path"], pairs["path_known"], strict=True)]
    return pairs.loc[np.array(same, dtype=bool), ["given", "known"]]


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step not in ("", ".", ".."))


_MOST_NAMESAKES = 100
