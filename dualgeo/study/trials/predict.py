"""A trained system's answers to photos, from their cached views: encode, search, refine; what every study varies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import Floats, geodesic_km
from dualgeo.params import RefineParams
from dualgeo.refinement.refine import answer
from dualgeo.refinement.rerank import Candidates
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Vectors


@dataclass(frozen=True)
class Predicted:
    """Coordinates (n,), degrees; NaN where there is no answer."""

    lat: Floats
    lon: Floats

    def errors_km(self, photos: pd.DataFrame) -> Floats:
        """Geodesic distance (n,) to the `lat`, `lon` of photos, row for row; NaN for a failure."""
        truth = photos[["lat", "lon"]].to_numpy(np.float64)
        return geodesic_km(truth[:, 0], truth[:, 1], self.lat, self.lon)


def candidates_of(index: GalleryIndex, vectors: Vectors, k: int) -> Candidates:
    """The `k` nearest gallery photos of each of Q vectors; places that the search left empty are NaN."""
    scores, rows = index.search(vectors, k)
    found = rows >= 0
    lat, lon = (
        np.where(found, index.gallery[name].to_numpy(np.float64)[np.maximum(rows, 0)], np.nan)
        for name in ("lat", "lon")
    )
    return Candidates(lat, lon, np.where(found, scores.astype(np.float64), np.nan))


def first(candidates: Candidates, k: int) -> Candidates:
    """The best `k` of the candidates."""
    return Candidates(candidates.lat[:, :k], candidates.lon[:, :k], candidates.score[:, :k])


def predicted(candidates: Candidates, params: RefineParams) -> Predicted:
    """The refine stage's answers."""
    answers = answer(candidates, params)
    return Predicted(answers.lat, answers.lon)
