"""What the answers cost: by system, by photo, by correct city and by photo placed."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from dualgeo.lmm.summary import NOT_ASKED, calls_of
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import CellRun, Run
from dualgeo.report.lmm.asked import asked_about, asked_cells, questions_of
from dualgeo.report.lmm.words import money, seconds


def cost_rows(run: Run) -> list[dict[str, str]]:
    """A row for each cell that asked, and one for all of them, where answers that they share are counted once."""
    cells = asked_cells(run)
    rows = [_row(cell.cell.name, [cell], run) for cell in cells]
    return rows if len(cells) == 1 else [*rows, _row("all", cells, run)]


def _row(name: str, cells: list[CellRun], run: Run) -> dict[str, str]:
    km = reference_km(run.params.score.thresholds_km)
    table = _together([cell.lmm for cell in cells if cell.lmm is not None])
    sent = table[table["outcome"] != NOT_ASKED]
    calls, photos = calls_of(table), int(sent["query_id"].nunique())
    latency = sent.drop_duplicates("key")["latency_s"].dropna().to_numpy(np.float64)
    return {
        "name": name,
        "photos": f"{photos:,}",
        "rows": f"{len(sent):,}",
        "requests": f"{calls.requests:,}",
        "shared": f"{100 * (1 - calls.requests / len(sent)):.1f} %" if len(sent) else "–",
        "input": f"{calls.input_tokens:,}",
        "output": f"{calls.output_tokens:,}",
        "usd": money(calls.usd),
        "per_photo": money(calls.usd / photos if photos else math.nan),
        "per_city": money(_per(cells, _in_city)),
        "per_placed": money(_per(cells, lambda queries: queries["error_km"] <= km)),
        "median": seconds(float(np.percentile(latency, 50)) if len(latency) else math.nan),
        "slow": seconds(float(np.percentile(latency, 95)) if len(latency) else math.nan),
        "lost": f"{calls.lost:,}",
    }


def _per(cells: list[CellRun], correct: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> float:
    """US dollars of the questions about queries, for each asked answer that is correct; NaN where none is."""
    hits = sum(int(correct(c.queries[c.queries["query_id"].isin(list(asked_about(c)))]).sum()) for c in cells)
    return calls_of(_together([questions_of(cell) for cell in cells])).usd / hits if hits else math.nan


def _in_city(queries: pd.DataFrame) -> "pd.Series[bool]":
    if "same_city" not in queries:
        return pd.Series(False, index=queries.index)
    return queries["same_city"] == 1


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
