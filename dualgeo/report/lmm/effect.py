"""What the model changed: every asked query with and without it, counted and tested in pairs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.evaluation.compare import compare
from dualgeo.evaluation.figures import threshold_key
from dualgeo.evaluation.with_model import UNCHANGED_KM
from dualgeo.geo.sphere import Floats
from dualgeo.report.comparisons import Comparison
from dualgeo.report.findings import Figure
from dualgeo.report.inputs import CellRun, Run
from dualgeo.report.lmm.asked import asked_about, asked_cells, without_model
from dualgeo.report.shares import pooled_share, within

WITH, WITHOUT = "with the model", "without the model"


@dataclass(frozen=True)
class Effect:
    """One variant on one query set, over the queries that every one of its asked seeds put to the model.

    Counts are of answers: a query answered by three seeds counts three times.
    """

    query_set: str
    variant: str
    seeds: int
    queries: int
    of: int
    """Queries of the set, asked about or not."""
    chosen: int
    """Answers whose coordinate is the model's."""
    nearer: int
    """Answers that came nearer to the truth by a metre or more; an answer where there was none is nearer."""
    farther: int
    helped: dict[float, int]
    """By distance, answers that lie within it only with the model."""
    hurt: dict[float, int]
    """Those that lie within it only without."""
    with_model: dict[float, Figure]
    without: dict[float, Figure]
    """Percent of these queries within each distance."""
    comparisons: list[Comparison]
    """With minus without, at each distance."""

    @property
    def answers(self) -> int:
        return self.queries * self.seeds

    @property
    def unmoved(self) -> int:
        return self.answers - self.nearer - self.farther


def effects_of(run: Run) -> list[Effect]:
    """By variant that asked and query set with asked queries, in the order of the run."""
    found: list[Effect] = []
    for variant in run.variants:
        cells = asked_cells(run, variant)
        if cells and (everywhere := set.intersection(*(asked_about(cell) for cell in cells))):
            found += _of_variant(run, variant, cells, everywhere)
    return found


def _of_variant(run: Run, variant: str, cells: list[CellRun], asked: set[str]) -> list[Effect]:
    mine, other = ([_only(table, asked) for table in tables] for tables in _both(cells))
    if mine[0].empty:
        return []
    differences = compare(mine, other, run.params.score, same_seeds=True)
    sizes = cells[0].queries["query_set"].value_counts()
    effects: list[Effect] = []
    for name in (name for name in run.query_sets if name in differences):
        pairs = [
            Comparison(name, WITH, WITHOUT, km, differences[name][threshold_key(km)])
            for km in run.params.score.thresholds_km
        ]
        tables = [[t[t["query_set"] == name] for t in side] for side in (mine, other)]
        effects.append(_effect(run, variant, tables[0], tables[1], pairs, int(sizes[name])))
    return effects


def _both(cells: list[CellRun]) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    return [cell.queries for cell in cells], [without_model(cell) for cell in cells]


def _only(table: pd.DataFrame, asked: set[str]) -> pd.DataFrame:
    return table[table["query_id"].isin(list(asked))].reset_index(drop=True)


def _effect(
    run: Run,
    variant: str,
    mine: list[pd.DataFrame],
    other: list[pd.DataFrame],
    pairs: list[Comparison],
    of: int,
) -> Effect:
    score = run.params.score
    after, before = (np.concatenate([t["error_km"].to_numpy(np.float64) for t in side]) for side in (mine, other))
    change = moved(after, before)
    return Effect(
        query_set=pairs[0].query_set,
        variant=variant,
        seeds=len(mine),
        queries=len(mine[0]),
        of=of,
        chosen=sum(int((t["source"] == "lmm").sum()) for t in mine),
        nearer=int((change < 0).sum()),
        farther=int((change > 0).sum()),
        helped={km: int(((after <= km) & ~(before <= km)).sum()) for km in score.thresholds_km},
        hurt={km: int((~(after <= km) & (before <= km)).sum()) for km in score.thresholds_km},
        with_model={at: pooled_share(mine, within(at), score) for at in score.thresholds_km},
        without={at: pooled_share(other, within(at), score) for at in score.thresholds_km},
        comparisons=pairs,
    )


def moved(after: Floats, before: Floats) -> Floats:
    """By how many km answers came nearer (negative) or went farther; 0 below a metre, infinite where one is missing."""
    filled, base = (np.where(np.isnan(errors), np.inf, errors) for errors in (after, before))
    both = np.isinf(filled) & np.isinf(base)
    change = np.where(both, 0.0, np.where(both, 0.0, filled) - np.where(both, 0.0, base))
    return np.where(np.abs(change) < UNCHANGED_KM, 0.0, change)
