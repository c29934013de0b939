"""Everything that is computed about a run once and shown in several places: page, tables, figures."""

from dataclasses import dataclass

from dualgeo.report.calibration import Coverage, coverages
from dualgeo.report.comparisons import Comparison, comparisons_of
from dualgeo.report.countries import Countries, country_figures
from dualgeo.report.findings import Row, rows_of
from dualgeo.report.inputs import Run
from dualgeo.report.lmm.effect import Effect, effects_of
from dualgeo.report.placed import Stratum, strata_of


@dataclass(frozen=True)
class Results:
    """The figures of a run, with their intervals."""

    rows: list[Row]
    comparisons: list[Comparison]
    coverages: list[Coverage]
    countries: Countries
    strata: list[Stratum]
    effects: list[Effect]
    """What a large multimodal model changed; empty where none was asked."""


def results_of(run: Run) -> Results:
    """Compute them from the tables of the score stage."""
    return Results(
        rows_of(run),
        comparisons_of(run),
        coverages(run),
        country_figures(run, run.lead),
        strata_of(run),
        effects_of(run),
    )
