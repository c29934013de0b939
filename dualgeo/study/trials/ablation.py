"""Errors of one trained system under every variation, on validation and query photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from dualgeo.model.encode import encode_photos
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.params import IndexParams
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Vectors
from dualgeo.study.trials.predict import candidates_of, first, predicted
from dualgeo.study.trials.variations import Parts, Variation


@dataclass(frozen=True)
class Encoded:
    """Unit vectors of photos, one array a part: what every mix of parts is made from without encoding again."""

    parts: dict[str, Vectors]

    @staticmethod
    def of(system: GeoSystem, photos: CachedPhotos, names: Sequence[str], label: str) -> "Encoded":
        """Encode `photos` once for each of the parts `names`."""
        return Encoded({name: encode_photos(system, photos, [(name, 1.0)], f"{label} {name}") for name in names})

    def rows(self, parts: Parts) -> Vectors:
        """Rows of the index (N, dimensions): unit parts, weighted and joined as `model.encode` does."""
        total = sum(weight for _, weight in parts) ** 0.5
        joined = [self.parts[name] * np.float32(weight**0.5) for name, weight in parts]
        return np.concatenate(joined, axis=1) / np.float32(total)


def ablate(
    system: GeoSystem, gallery: CachedPhotos, asked: CachedPhotos, variations: list[Variation], index: IndexParams
) -> pd.DataFrame:
    """The table of ABLATION_SCHEMA for `asked`, the validation and query photos."""
    names = list(dict.fromkeys(name for variation in variations for name, _ in variation.parts))
    stored, searched = (Encoded.of(system, photos, names, "ablate") for photos in (gallery, asked))
    errors: dict[str, np.ndarray] = {}
    # One index and one search for all variations that share their rows.
    for parts, group in groupby(sorted(variations, key=lambda v: v.parts), key=lambda v: v.parts):
        together = list(group)
        built = GalleryIndex.build(stored.rows(parts), gallery.table, list(parts), index)
        found = candidates_of(built, searched.rows(parts), max(variation.top_k for variation in together))
        for variation in together:
            answers = predicted(first(found, variation.top_k), variation.refine)
            errors[variation.key] = answers.errors_km(asked.table)
    photos = asked.table.sort_values(["dataset", "photo_id"])
    order = photos.index.to_numpy()
    return pd.concat(
        [_rows(variation, photos, errors[variation.key][order]) for variation in variations], ignore_index=True
    )


def _rows(variation: Variation, photos: pd.DataFrame, error_km: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": variation.group,
            "name": variation.name,
            "split": photos["split"].to_numpy(),
            "query_id": photos["photo_id"].to_numpy(),
            "query_set": photos["dataset"].to_numpy(),
            "photographer": photos["photographer"].to_numpy(),
            "error_km": error_km,
        }
    )
