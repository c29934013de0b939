"""The second stage's model through the real graph: DVC, the real SDK, a server that speaks the API's wire format."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from dualgeo.datasets.contract import read_photos
from dualgeo.lmm.picture import Photos
from tests.lmm.server import Server, server_running
from tests.pipeline.conftest import Copy

pytestmark = pytest.mark.pipeline

KEY = f"sk-ant-{secrets.token_hex(16)}"
"""Another one each time: it is looked for in every file of the copy, this one included."""
CELL = "dual-0"


@pytest.fixture
def server(small: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A model that knows each photo's place to 2 km, with failures, and params that let it be asked."""
    data = small.root / "data" / "atlas"
    photos = read_photos(data)
    asked = photos[photos["split"] != "gallery"]
    pictures = Photos(data, photos, 1024)
    truth = {pictures.picture(row.photo_id).sha256: [row.lat, row.lon] for row in asked.itertuples()}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    before = (small.root / "params.yaml").read_text()
    params = yaml.safe_load(before)
    params["lmm"] |= {"provider": "anthropic", "cells": [CELL]}
    params["lmm"]["sending"] |= {"allowed": True}
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    faults = ("--faults", "0.1", "--kinds", "rate_limit,server_error,refusal,max_tokens,invalid")
    with server_running("--key", KEY, "--answerer", f"truth:{tmp_path / 'truth.json'}:2", *faults) as running:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        (small.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        try:
            yield running
        finally:
            (small.root / "params.yaml").write_text(before)
            small.run("dvc", "repro")


def _predictions(small: Copy) -> pd.DataFrame:
    return pd.read_parquet(small.root / "refined" / CELL / "predictions.parquet")


def test_a_model_refines_a_system_and_no_answer_is_paid_for_twice(small: Copy, server: Server) -> None:
    without = json.loads((small.root / "scores" / CELL / "metrics.json").read_text())["atlas"]["acc"]["25"]["value"]
    done = small.run("dvc", "repro", "report")
    assert "127.0.0.1" in done.stdout + done.stderr, "a run says where photos go"

    stats, found = server.stats(), _predictions(small)
    assert set(stats["paid"].values()) == {1} and len(stats["paid"]) >= len(found)
    assert found["lat"].notna().all() and set(found["source"]) == {"retrieval", "lmm"}
    failed = found[found["lmm_outcome"] != "answered"]
    assert len(failed) and (failed["source"] == "retrieval").all()
    assert (failed["lat"] == failed["without_lmm_lat"]).all()
    metrics = json.loads((small.root / "scores" / CELL / "metrics.json").read_text())["atlas"]
    assert metrics["acc"]["25"]["value"] > without and metrics["lmm"]["asked"] == metrics["queries"]
    assert "What the model added" in (small.root / "reports" / "index.html").read_text()

    # As if nothing had been computed yet, and then as a colleague who has the results but not the store.
    before = (small.root / "refined" / CELL / "predictions.parquet").read_bytes()
    small.run("dvc", "repro", "--force", "--single-item", f"refine@{CELL}")
    (small.root / "answers").rename(small.root / ".dualgeo" / "answers of another machine")
    small.run("dvc", "repro", "--force", "--single-item", f"refine@{CELL}")
    assert (small.root / "refined" / CELL / "predictions.parquet").read_bytes() == before
    assert server.stats()["requests"] == stats["requests"]
    _holds_no_key(small.root)


def _holds_no_key(root: Path) -> None:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            path = Path(folder) / name
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), path
