"""Small tables as the stages before refine write them."""

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import destination


def photo_table(validation: int, queries: int, seed: int = 0) -> pd.DataFrame:
    """Photos of all splits around a few cities; two query sets."""
    rng = np.random.default_rng(seed)
    splits = ["gallery"] * 60 + ["validation"] * validation + ["query"] * queries
    n = len(splits)
    city = rng.integers(0, 12, n)
    centre_lat, centre_lon = np.linspace(-60, 60, 12)[city], np.linspace(-180, 178, 12)[city]
    lat, lon = destination(centre_lat, centre_lon, rng.uniform(0, 360, n), rng.uniform(0, 20, n))
    names = {"gallery": ["made-gallery"], "validation": ["made-validation"], "query": ["made", "made-night"]}
    return pd.DataFrame(
        {
            "photo_id": [f"photo-{number:05d}" for number in range(n)],
            "lat": lat,
            "lon": lon,
            "split": splits,
            "dataset": [names[split][number % len(names[split])] for number, split in enumerate(splits)],
            "photographer": [f"person {number % 9}" for number in range(n)],
        }
    )


def candidate_table(photos: pd.DataFrame, k: int = 10, seed: int = 0) -> pd.DataFrame:
    """Gallery photos for every query: a similarity that falls with distance, and noise."""
    rng = np.random.default_rng(seed)
    gallery = photos[photos["split"] == "gallery"]
    rows = []
    for query in photos[photos["split"] != "gallery"].itertuples():
        near = np.abs(gallery["lat"] - query.lat) + np.abs(gallery["lon"] - query.lon)
        score = (1 / (1 + near / 10) + rng.normal(0, 0.25, len(gallery))).to_numpy()
        for rank, row in enumerate(np.argsort(-score)[:k]):
            found = gallery.iloc[row]
            rows.append(
                (query.photo_id, query.dataset, query.split, rank, found.photo_id, found.lat, found.lon, score[row])
            )
    columns = ["query_id", "query_set", "split", "rank", "photo_id", "lat", "lon", "score"]
    frame = pd.DataFrame(rows, columns=columns).astype({"score": np.float32})
    return frame.sort_values(["query_set", "query_id", "rank"], ignore_index=True)
