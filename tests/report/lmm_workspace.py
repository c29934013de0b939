"""A finished run some of whose systems asked a model, written as the refine and score stages write it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from dualgeo.evaluation.score import score
from dualgeo.files import write_json, write_text
from dualgeo.lmm.table import LMM_SCHEMA
from dualgeo.params import load_params
from dualgeo.workspace import Cell, Workspace

ENDS = ("refused", "truncated", "invalid", "rejected", "failed", "not asked")


@dataclass(frozen=True)
class Asked:
    """How a cell asked; tests change one thing at a time."""

    noise_deg: float = 0.02
    """Spread of the model's answers around the truth."""
    wrong: float = 0.2
    """Share of answers that are far off."""
    unanswered: float = 0.2
    ends: tuple[str, ...] = ENDS
    """What becomes of the others."""
    per_set: int | None = None
    evidence: tuple[str, ...] = ("a red tiled roof", "cars keep to the left")
    reason: str = "the model declined"
    usd: float = 0.01
    model: str = "claude-test-1"
    prompts: tuple[str, ...] = ("dualgeo-1",)


def ask(workspace: Workspace, cell: Cell, asked: Asked = Asked()) -> pd.DataFrame:
    """Let `cell` ask about its validation and query photos, and score it again. Returns the table of answers."""
    _configure(workspace)
    params = load_params(workspace.params)
    photos = pd.read_parquet(workspace.data("atlas") / "photos.parquet")
    path = workspace.refined(cell) / "predictions.parquet"
    predictions = pd.read_parquet(path)
    table = _table(predictions, photos, pd.read_parquet(workspace.refined(cell) / "candidates.parquet"), asked)
    pq.write_table(pa.Table.from_pandas(table, LMM_SCHEMA, preserve_index=False), path.parent / "lmm.parquet")
    refined = _refined(predictions, table)
    refined.to_parquet(path)
    candidates = pd.read_parquet(path.parent / "candidates.parquet")
    scored = score(refined, candidates, photos, params.score)
    scored.queries.to_parquet(workspace.scores(cell) / "queries.parquet")
    write_json(workspace.scores(cell) / "metrics.json", scored.metrics)
    return table


def _configure(workspace: Workspace) -> None:
    document = yaml.safe_load(workspace.params.read_text())
    document["lmm"] |= {"provider": "anthropic", "model": "claude-test-1", "verification": "similarity"}
    write_text(workspace.params, yaml.safe_dump(document, sort_keys=False))


def _table(predictions: pd.DataFrame, photos: pd.DataFrame, candidates: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    truth = photos.set_index("photo_id")[["lat", "lon"]]
    first = candidates[candidates["order"] < 2].groupby("query_id")["photo_id"].apply(list)
    rows: list[dict[str, object]] = []
    wanted = predictions.groupby("query_set").head(asked.per_set) if asked.per_set else predictions
    for query in wanted.sort_values("query_id").itertuples():
        failed = rng.random() < asked.unanswered
        for number, prompt in enumerate(asked.prompts):
            outcome = asked.ends[int(rng.integers(len(asked.ends)))] if failed else "answered"
            lat, lon = (float(v) for v in truth.loc[query.query_id])
            lat, lon = lat + rng.normal(0, asked.noise_deg), lon + rng.normal(0, asked.noise_deg)
            if rng.random() < asked.wrong:
                lat = float(np.clip(lat + 15, -80, 80))
            sent = outcome != "not asked"
            rows.append(
                {
                    "query_id": query.query_id, "query_set": query.query_set, "split": query.split, "filtered": False,
                    "prompt": f"{prompt}@0123456789ab", "key": f"{len(rows):064x}", "outcome": outcome,
                    "reason": "" if not failed else asked.reason,
                    "lat": np.nan if failed else lat, "lon": np.nan if failed else lon,
                    "radius_km": np.nan if failed else 20.0, "country": None if failed else "Nowhere",
                    "region": None if failed else "", "city": None if failed else "Somewhere",
                    "evidence": None if failed else list(asked.evidence),
                    "used": None if failed else first.get(query.query_id, []),
                    "similarity": np.nan if failed else round(float(rng.uniform(0.1, 0.6)), 6),
                    "chosen": not failed and number == 0, "model": asked.model if sent else None,
                    "input_tokens": 1500 * sent, "output_tokens": 100 * sent, "usd": asked.usd * sent,
                    "latency_s": float(rng.uniform(1, 9)) if sent else np.nan, "attempts": int(sent), "lost": 0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _refined(predictions: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    taken = table[table["chosen"]].set_index("query_id")
    outcome = table.groupby("query_id")["outcome"].first()
    found = predictions.assign(
        without_lmm_lat=predictions["lat"],
        without_lmm_lon=predictions["lon"],
        lmm_outcome=predictions["query_id"].map(outcome),
        source=np.where(predictions["lat"].notna(), "retrieval", None),
    )
    rows = found["query_id"].isin(taken.index)
    for name in ("lat", "lon"):
        found[name] = found["query_id"].map(taken[name].astype("float64")).where(rows, found[name])
    found.loc[rows, "source"] = "lmm"
    found.loc[rows, "status"] = "ok"
    return found
