"""Errors of one trained system under every variation, on validation and query photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import Floats
from dualgeo.model.encode import encode_photos
from dualgeo.model.photos import CachedPhotos
from dualgeo.model.system import GeoSystem
from dualgeo.params import IndexParams
from dualgeo.refinement.rerank import Candidates
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


@dataclass(frozen=True)
class Ablated:
    """What was varied, and what the system as configured found."""

    table: pd.DataFrame
    """ABLATION_SCHEMA."""
    candidates: Candidates
    """Of the first variation, row for row the photos that were asked about."""


def ablate(
    system: GeoSystem, gallery: CachedPhotos, asked: CachedPhotos, variations: list[Variation], index: IndexParams
) -> Ablated:
    """Answer `asked`, the validation and query photos, under every variation; the first is the system as configured."""
    names = list(dict.fromkeys(name for variation in variations for name, _ in variation.parts))
    stored, searched = (Encoded.of(system, photos, names, "ablate") for photos in (gallery, asked))
    errors: dict[str, Floats] = {}
    kept: dict[str, Candidates] = {}
    # One index and one search for all variations that share their rows.
    for parts, group in groupby(sorted(variations, key=lambda v: v.parts), key=lambda v: v.parts):
        together = list(group)
        built = GalleryIndex.build(stored.rows(parts), gallery.table, list(parts), index)
        found = candidates_of(built, searched.rows(parts), max(variation.top_k for variation in together))
        for variation in together:
            used = first(found, variation.top_k)
            errors[variation.key] = predicted(used, variation.refine).errors_km(asked.table)
            if variation == variations[0]:
                kept[variation.key] = used
    rows = [ablation_rows(v.group, v.name, asked.table, errors[v.key]) for v in variations]
    return Ablated(pd.concat(rows, ignore_index=True), kept[variations[0].key])


def ablation_rows(group: str, name: str, asked: pd.DataFrame, error_km: Floats) -> pd.DataFrame:
    """The rows of one variation, sorted by (query_set, query_id); `error_km` is row for row that of `asked`."""
    photos = asked.assign(error_km=error_km).sort_values(["dataset", "photo_id"])
    return pd.DataFrame(
        {
            "group": group,
            "name": name,
            "split": photos["split"].to_numpy(),
            "query_id": photos["photo_id"].to_numpy(),
            "query_set": photos["dataset"].to_numpy(),
            "photographer": photos["photographer"].to_numpy(),
            "error_km": photos["error_km"].to_numpy(),
        }
    )
