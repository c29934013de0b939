"""How one trained system answers corrupted queries, and how far its answers moved from those to the clean photos."""

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import geodesic_km
from dualgeo.model.encode import encode_photos
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.params import Params
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.study.trials.predict import candidates_of, predicted


def answer_corrupted(
    system: GeoSystem, index: GalleryIndex, copies: CachedPhotos, clean: pd.DataFrame, params: Params, label: str
) -> pd.DataFrame:
    """The table of ROBUSTNESS_SCHEMA; `clean` holds the refine stage's predictions of the same system.

    Nobody asks a large multimodal model about corrupted copies, so they are compared with answers given without one.
    """
    vectors = encode_photos(system, copies, index.parts, label)
    found = predicted(candidates_of(index, vectors, params.retrieve.top_k), params.refine)
    before = clean.set_index("query_id").reindex(pd.Index(copies.table["photo_id"]))
    lat, lon = (before[name].to_numpy(np.float64) for name in ("without_lmm_lat", "without_lmm_lon"))
    parts = copies.table["condition"].str.rsplit("-", n=1, expand=True)
    table = pd.DataFrame(
        {
            "query_id": copies.table["photo_id"],
            "query_set": copies.table["dataset"],
            "corruption": parts[0],
            "severity": parts[1].astype(np.int8),
            "photographer": copies.table["photographer"],
            "predicted_lat": found.lat,
            "predicted_lon": found.lon,
            "error_km": found.errors_km(copies.table),
            "moved_km": geodesic_km(lat, lon, found.lat, found.lon),
        }
    )
    return table.sort_values(["query_set", "query_id"], ignore_index=True)
