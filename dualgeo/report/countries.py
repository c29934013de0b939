"""Accuracy by the country of the true place, for the error atlas."""

from dataclasses import dataclass

import numpy as np

from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.intervals import wilson
from dualgeo.evaluation.metrics import hits, median_km
from dualgeo.geo.countries import country_map
from dualgeo.geo.sphere import Floats
from dualgeo.report.findings import reference_km
from dualgeo.report.inputs import Run

ALL_SETS = "all sets together"
FEW = 10
"""Countries with fewer photographers than this are marked: their figures say little."""
OFF_COAST_KM = 25.0
"""A true place this close to land belongs to it: the outlines are generalised."""


@dataclass(frozen=True)
class CountryFigures:
    """One country as one variant answered it; `country` is a position in `country_map().countries`."""

    query_set: str
    country: int
    lat: float
    lon: float
    """A true place in it."""
    queries: int
    units: int
    """Photographers, or photos where none is known."""
    acc: float
    """Percent within the reference distance, mean over seeds."""
    low: float
    high: float
    """Wilson's interval with one trial for each photographer."""
    median_km: float | None
    """Over the queries and seeds, a failure as infinitely far; None where that makes it infinite."""

    @property
    def few(self) -> bool:
        """Whether the country has too few photographers to tell much."""
        return self.units < FEW


@dataclass(frozen=True)
class Countries:
    """The figures of every query set and of all together, by country; `nowhere`: queries taken in no country."""

    figures: list[CountryFigures]
    nowhere: int

    @property
    def together(self) -> dict[int, CountryFigures]:
        """All query sets together, by country."""
        return {f.country: f for f in self.figures if f.query_set == ALL_SETS}


def country_figures(run: Run, variant: str) -> Countries:
    """How one variant did by the country of the true place."""
    tables = [r.queries for r in run.of(variant)]
    first = tables[0]
    if first.empty:
        return Countries([], 0)
    places = first[["lat", "lon"]].drop_duplicates()
    at = places.assign(country=country_positions(places["lat"].to_numpy(), places["lon"].to_numpy()))
    country = first[["lat", "lon"]].merge(at, on=["lat", "lon"], how="left")["country"].to_numpy()
    km = reference_km(run.params.score.thresholds_km)
    errors = np.stack([table["error_km"].to_numpy(np.float64) for table in tables])
    within = np.stack([hits(each, [km])[:, 0] for each in errors]).mean(axis=0)
    photographer = clusters_of(first["photographer"]).code
    lat, lon = (first[name].to_numpy(np.float64) for name in ("lat", "lon"))
    found: list[CountryFigures] = []
    for name in (ALL_SETS, *run.query_sets):
        chosen = np.ones(len(first), bool) if name == ALL_SETS else (first["query_set"] == name).to_numpy()
        for position in sorted(set(country[chosen & (country >= 0)].tolist())):
            rows = np.flatnonzero(chosen & (country == position))
            units, share = len(np.unique(photographer[rows])), float(within[rows].mean())
            low, high = wilson(share * units, units, run.params.score.confidence)
            found.append(
                CountryFigures(
                    query_set=name,
                    country=position,
                    lat=float(lat[rows[0]]),
                    lon=float(lon[rows[0]]),
                    queries=len(rows),
                    units=units,
                    acc=100 * share,
                    low=100 * low,
                    high=100 * high,
                    median_km=median_km(errors[:, rows].ravel()),
                )
            )
    return Countries(found, int((country < 0).sum()))


def country_positions(lat: Floats, lon: Floats) -> list[int]:
    """Position of each place's country, the nearest within OFF_COAST_KM for places at sea; -1 where there is none."""
    lookup = country_map()
    found = lookup.index(lat, lon)
    for row in np.flatnonzero(found < 0):
        found[row] = lookup.nearest(float(lat[row]), float(lon[row]), OFF_COAST_KM)
    return [int(position) for position in found]
