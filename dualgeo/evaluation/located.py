"""What is known of the place of each query, once for a whole table: the columns that places and strata are made of."""

import numpy as np
import pandas as pd

from dualgeo.evaluation.places import agreement, places_of
from dualgeo.evaluation.strata import DENSITY_COLUMN, continents_of, gallery_counts
from dualgeo.geo.koeppen import main_groups

PLACE_COLUMNS = ("country", "continent", "climate", "settlement", "same_country", "same_region", "same_city")


def located(queries: pd.DataFrame, gallery: pd.DataFrame | None) -> pd.DataFrame:
    """`queries` with PLACE_COLUMNS, and gallery_within_25km where there is a gallery (columns lat, lon).

    `queries`: lat, lon (the truth) and predicted_lat, predicted_lon, degrees, NaN for a failure. country, continent,
    climate and settlement are the truth's; same_* are 1.0, 0.0, or NaN where the truth has no such place.
    """
    lat, lon = (queries[name].to_numpy(np.float64) for name in ("lat", "lon"))
    # One look-up for both: most of its time does not depend on how many points are asked.
    both = places_of(*(np.concatenate([queries[name], queries[f"predicted_{name}"]]) for name in ("lat", "lon")))
    truth, answer = both.rows(slice(0, len(queries))), both.rows(slice(len(queries), None))
    frame = queries.assign(
        country=truth.country,
        continent=continents_of(truth.code),
        climate=main_groups(lat, lon),
        settlement=truth.settlement,
        **{f"same_{level}": hit for level, hit in agreement(truth, answer).items()},
    )
    if gallery is not None:
        frame[DENSITY_COLUMN] = gallery_counts(lat, lon, gallery["lat"], gallery["lon"])
    return frame
