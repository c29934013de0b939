"""Whether an answer names the right country, region and city.

The country comes from polygons, region and city from a gazetteer; docs/metrics.md says what counts as the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.evaluation.clusters import clusters_of
from dualgeo.evaluation.figures import Share, shares_of
from dualgeo.geo.countries import countries_of
from dualgeo.geo.gazetteer import Names, Rows, gazetteer, known
from dualgeo.geo.koeppen import AT_SEA
from dualgeo.geo.places import COAST_KM
from dualgeo.geo.sphere import Floats
from dualgeo.params import ScoreParams

LEVELS = ("country", "region", "city")


@dataclass(frozen=True)
class Places:
    """What n points belong to; None (-1 for a city) where a point is at sea, unknown, or the gazetteer has nothing."""

    country: Names
    """Natural Earth's name."""
    code: Names
    """ISO 3166-1 alpha-2 code of the nearest place of the country, or of the country: overseas parts have their own."""
    region: Names
    """`CODE/first-order division`."""
    city: Rows
    """Row of the GeoNames table."""
    settlement: Names
    """"city", "town", "rural" or "at sea"; None for a point that is not finite."""

    def rows(self, rows: slice) -> "Places":
        """Some of the points."""
        return Places(self.country[rows], self.code[rows], self.region[rows], self.city[rows], self.settlement[rows])


def places_of(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Places:
    """Look points (degrees, (n,)) up; NaN for a point that is not known."""
    y, x = np.atleast_1d(np.asarray(lat, np.float64)), np.atleast_1d(np.asarray(lon, np.float64))
    countries = countries_of(y, x, within_km=COAST_KM)
    codes = np.array([country.code if country else None for country in countries], dtype=object)
    found = gazetteer().locate(y, x, codes)
    land = np.array([country is not None for country in countries], dtype=bool)
    nearest, city = np.where(land, found.nearest, -1), np.where(land, found.city, -1)
    return Places(
        country=np.array([country.name if country else None for country in countries], dtype=object),
        code=np.where(nearest >= 0, gazetteer().code[nearest], codes),
        region=gazetteer().region_keys(nearest),
        city=city,
        settlement=np.where(land | ~known(found.settlement), found.settlement, AT_SEA),
    )


def agreement(truth: Places, answer: Places) -> dict[str, Floats]:
    """By level (n,): 1.0 where the answer names the truth's place, 0.0 where not, NaN where the truth has no place."""
    pairs = {
        "country": (truth.country, answer.country),
        "region": (truth.region, answer.region),
        "city": (_named(truth.city), _named(answer.city)),
    }
    return {
        level: np.where(pd.isna(mine), np.nan, (mine == other).astype(np.float64))
        for level, (mine, other) in pairs.items()
    }


def place_shares(rows: pd.DataFrame, params: ScoreParams) -> dict[str, dict[str, float | None]]:
    """By level, the share of answers in the truth's country, region and city, of the queries whose truth has one.

    `rows` with `same_country`, `same_region`, `same_city` and `photographer`. A query without an answer is a miss;
    `no_place` counts those whose truth has no such place, which cannot be hit.
    """
    return {level: _level(rows, f"same_{level}", params) for level in LEVELS}


def _level(rows: pd.DataFrame, column: str, params: ScoreParams) -> dict[str, float | None]:
    hit = rows[column].to_numpy(np.float64)
    asked = ~np.isnan(hit)
    share: Share = {"value": None, "low": None, "high": None}
    if asked.any():
        share = shares_of(hit[asked, None], clusters_of(rows["photographer"][asked]), params)[0]
    return {**share, "queries": int(asked.sum()), "no_place": int((~asked).sum())}


def _named(city: Rows) -> Names:
    names = city.astype(object)
    names[city < 0] = None
    return names
