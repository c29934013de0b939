"""Which photos of a dataset a model is asked about."""

import hashlib

import pandas as pd

ASKED_SPLITS = ("validation", "query")


def asked_photos(photos: pd.DataFrame, photos_per_set: int | None) -> pd.DataFrame:
    """Rows of photos.parquet that are asked about, sorted by (dataset, photo_id).

    At most `photos_per_set` of each query set, and as many validation photos in all; None: every one. The choice
    follows a digest of the photo id alone, so neither the order of the table nor other photos of it change which of two
    photos goes first, and asking about more photos later only adds to them.
    """
    asked = photos[photos["split"].isin(ASKED_SPLITS)]
    if photos_per_set is not None:
        sets = asked["dataset"].where(asked["split"] == "query", "")
        drawn = asked.assign(_set=sets, _draw=[_digest(name) for name in asked["photo_id"]])
        drawn = drawn.sort_values(["_draw", "photo_id"])
        asked = asked.loc[drawn.groupby(["split", "_set"], sort=False).head(photos_per_set).index]
    return asked.sort_values(["dataset", "photo_id"], ignore_index=True)


def _digest(photo_id: str) -> str:
    return hashlib.sha256(photo_id.encode("utf-8")).hexdigest()
