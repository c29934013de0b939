"""The ablation table: one thing changed at a time, against the lead variant as params.yaml configures it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dualgeo.evaluation.compare import Difference
from dualgeo.evaluation.score import threshold_key
from dualgeo.evaluation.significance import holm
from dualgeo.evaluation.summary import Accuracy, summarise
from dualgeo.params import Params
from dualgeo.report.style import style_of
from dualgeo.study.findings.contests import TOGETHER, as_one_set, together
from dualgeo.study.findings.epsilon import VALIDATION, RadiusChoice, choose_radius, radius_name
from dualgeo.study.findings.inputs import Tables
from dualgeo.study.findings.simulated import simulated_note
from dualgeo.study.trials.lead import lead_of
from dualgeo.study.trials.simulated import SIMULATED
from dualgeo.study.trials.variations import CONFIGURED, EPS

VIEWS, FUSION = "views", "fusion"
RADIUS_CHOSEN = "chosen"
SAME = "same answers"


@dataclass(frozen=True)
class AblationRow:
    """One line: accuracy within the reference threshold, in percent, mean over seeds."""

    group: str
    name: str
    validation: float | None
    """Accuracy on validation photos, by which one may choose; None without any."""
    queries: Accuracy | None
    """Over all queries as taken. None for a radius that was not chosen: test photos choose nothing."""
    difference: Difference | None
    """From the lead as configured; None for itself and for what gives the same answers."""
    p: float | None
    """Holm's over all differences of the table; those of simulated models are a table of their own."""
    note: str = ""


@dataclass(frozen=True)
class AblationTable:
    """All lines, and the choice of the radius."""

    lead: str
    threshold_km: float
    rows: tuple[AblationRow, ...]
    radius: RadiusChoice | None


def ablation_table(
    params: Params, taken: Tables, validation: Tables, ablations: Tables, threshold_km: float
) -> AblationTable:
    """The table from the scored systems and the tables of the `ablate` stage.

    `taken`, `validation`: per-query tables of the trained variants; `ablations`: ABLATION_SCHEMA by variant.
    """
    lead = lead_of(list(taken))
    maker = _Maker(params, threshold_km, taken[lead])
    rows = [maker.row(VIEWS, style_of(name).name, taken[name], validation[name]) for name in taken]
    for variant, tables in ablations.items():
        if variant not in taken:
            queries, checked = _split(tables, "", CONFIGURED)
            rows.append(maker.row(FUSION, style_of(variant).name, queries, checked))
    radius = None
    if lead in ablations:
        tables = ablations[lead]
        radius = choose_radius(tables, params.study, threshold_km)
        for group, name in _varied(tables[0]):
            queries, checked = _split(tables, group, name)
            chosen = radius is not None and group == EPS and name == radius_name(radius.chosen_km)
            if group == EPS and not chosen:
                rows.append(maker.unchosen(group, name, checked))
            else:
                note = RADIUS_CHOSEN if chosen else ""
                if group == SIMULATED:
                    note = simulated_note(params, name, queries, threshold_km)
                rows.append(maker.row(group, name, queries, checked, note))
    return AblationTable(lead, threshold_km, tuple(_corrected(rows)), radius)


@dataclass(frozen=True)
class _Maker:
    params: Params
    threshold_km: float
    configured: list[pd.DataFrame]
    """Queries of the lead variant as configured, one table a seed."""

    def row(
        self, group: str, name: str, queries: list[pd.DataFrame], validation: list[pd.DataFrame], note: str = ""
    ) -> AblationRow:
        found = summarise([as_one_set(table) for table in queries], self.params.score)[TOGETHER]
        same = _same_answers(queries, self.configured)
        difference = None
        if not same:
            difference = together(queries, self.configured, self.params.score, self.threshold_km)
        notes = [text for text in (note, (CONFIGURED if group == VIEWS else SAME) if same else "") if text]
        return AblationRow(
            group,
            name,
            self._validation(validation),
            found[threshold_key(self.threshold_km)],
            difference,
            None,
            ", ".join(notes),
        )

    def unchosen(self, group: str, name: str, validation: list[pd.DataFrame]) -> AblationRow:
        return AblationRow(group, name, self._validation(validation), None, None, None)

    def _validation(self, tables: list[pd.DataFrame]) -> float | None:
        if any(table.empty for table in tables):
            return None
        shares = [float((table["error_km"] <= self.threshold_km).mean()) for table in tables]
        return 100 * sum(shares) / len(shares)


def _varied(table: pd.DataFrame) -> list[tuple[str, str]]:
    """What the lead was varied in, in the order it was written, without the system as configured."""
    pairs = table[["group", "name"]].drop_duplicates()
    return [(str(group), str(name)) for group, name in zip(pairs["group"], pairs["name"], strict=True) if group]


def _split(tables: Sequence[pd.DataFrame], group: str, name: str) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Query rows and validation rows of one variation."""
    rows = [table[(table["group"] == group) & (table["name"] == name)] for table in tables]
    return (
        [part[part["split"] == "query"] for part in rows],
        [part[part["split"] == VALIDATION] for part in rows],
    )


def _same_answers(a: Sequence[pd.DataFrame], b: Sequence[pd.DataFrame]) -> bool:
    def errors(table: pd.DataFrame) -> np.ndarray:
        return table.sort_values(["query_set", "query_id"])["error_km"].to_numpy(np.float64)

    return len(a) == len(b) and all(
        len(x) == len(y) and np.allclose(errors(x), errors(y), rtol=0, atol=1e-3, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def _corrected(rows: Sequence[AblationRow]) -> list[AblationRow]:
    """Holm's correction over what was measured, and apart from it over what was simulated: it must cost no power."""
    p: dict[bool, list[float]] = {False: [], True: []}
    for row in rows:
        if row.difference is not None:
            p[row.group == SIMULATED].append(row.difference.p)
    corrected = {simulated: iter(holm(values)) for simulated, values in p.items()}
    return [
        row if row.difference is None else replace(row, p=float(next(corrected[row.group == SIMULATED])))
        for row in rows
    ]
