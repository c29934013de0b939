"""When photos were taken, from the ways tables and cameras write it."""

# Arrow makes its compute functions when it is imported, which pyright cannot see.
# pyright: reportAttributeAccessIssue=false

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from dualgeo.leakage.photos import Floats, Times

# EXIF writes 2013:10:09 15:30:13, tables 2013-10-09 15:30:13.0 or 2013-10-09T15:30:13+02:00.
WRITTEN = (
    r"^(?P<date>\d{4}[-:/]\d{2}[-:/]\d{2})[ T](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?"
    r" ?(?P<offset>Z|[+-]\d{2}:?\d{2})?$"
)


def times_of(column: Any) -> Times:
    """Read an Arrow text column (N,); what is no date with a clock time is unknown, a date alone too."""
    # Arrow's RE2 knows named groups; its struct has "" where a group took no part.
    parts = pc.extract_regex(column, pattern=WRITTEN)
    date, clock = (pc.struct_field(parts, name).to_pandas() for name in ("date", "clock"))
    stamp = date.str.replace(r"[:/]", "-", regex=True) + "T" + clock
    moment = pd.to_datetime(stamp, format="ISO8601", errors="coerce")
    seconds = (moment - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    return Times(np.asarray(seconds, np.float64), _offsets(pc.struct_field(parts, "offset")))


def _offsets(written: Any) -> Floats:
    """Seconds east of UTC; few distinct ones occur, so each is read once."""
    coded = pc.dictionary_encode(written)
    seconds = np.array([*(_seconds(value) for value in coded.dictionary.to_pylist()), np.nan])
    return seconds[pc.fill_null(coded.indices, len(seconds) - 1).to_numpy(zero_copy_only=False)]


def _seconds(offset: str) -> float:
    if offset == "Z":
        return 0.0
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", offset)
    if match is None:
        return float("nan")
    return (1 if match[1] == "+" else -1) * (3600.0 * int(match[2]) + 60.0 * int(match[3]))
