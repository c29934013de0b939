"""The stage writes what it found, the same bytes each time, and every near-duplicate for the filtered search."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dualgeo.datasets.contract import PHOTO_COLUMNS, write_photos
from dualgeo.datasets.shards import write_shard
from dualgeo.errors import DualGeoError
from dualgeo.leakage.exclusions import left_out, read_exclusions
from dualgeo.params import Params, load_params
from dualgeo.previews.leaks import leaks_picture
from dualgeo.previews.material import Material, NotMade
from dualgeo.stages import leakage as leakage_stage
from dualgeo.views.cache import feature_path, write_feature_shard
from dualgeo.workspace import Workspace

GALLERY, QUERIES = 14, 3


def picture(seed: int) -> bytes:
    draw = np.random.default_rng(seed)
    content = io.BytesIO()
    small = Image.fromarray(draw.integers(0, 255, (6, 6, 3), np.uint8))
    small.resize((64, 64), Image.Resampling.BICUBIC).save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def params(project: Path) -> Params:
    params = load_params(project / "params.yaml")
    fewer = params.leakage.model_copy(update={"pairs_per_query": 2, "cosine": 0.9})
    return params.model_copy(update={"dataset": "made", "leakage": fewer})


@pytest.fixture
def made(tmp_path: Path, params: Params) -> Workspace:
    """Query 0 looks to the encoder like gallery photos 0 to 9; its photographer took photo 12."""
    workspace, count = Workspace(tmp_path), GALLERY + QUERIES
    ids = [f"{'g' if row < GALLERY else 'q'}{row:02d}" for row in range(count)]
    folder = workspace.data("made")
    write_shard(folder / "shards" / "00000.tar", ((i, {"jpg": picture(row)}) for row, i in enumerate(ids)))
    table = pd.DataFrame(dict.fromkeys(PHOTO_COLUMNS), index=range(count)).assign(
        photo_id=ids,
        lat=np.linspace(-50, 50, count),
        lon=0.0,
        split=["gallery"] * GALLERY + ["query", "query", "validation"],
        dataset=["made-gallery"] * GALLERY + ["made", "made-night", "made-validation"],
        photographer=[f"author {row}" for row in range(GALLERY)] + ["author 12", None, "somebody"],
        shard="00000",
        sha256=ids,
    )
    write_photos(folder, table)
    draw = np.random.default_rng(0)
    features = draw.standard_normal((count, 32))
    features[:10] = features[GALLERY] + 0.1 * draw.standard_normal((10, 32))
    tokens = np.zeros((count, 1, 1, 4), np.float16)
    write_feature_shard(feature_path(workspace.features, "00000"), ids, features.astype(np.float16), tokens, "key")
    return workspace


def test_counts_pairs_and_every_near_duplicate(made: Workspace, params: Params) -> None:
    leakage_stage.run(made, params)
    found = json.loads((made.leakage / "leakage.json").read_text())
    counts = {check: (each["queries_affected"], each["pairs"]) for check, each in found["checks"].items()}
    assert counts["embedding"] == (1, 10) and counts["photographer"] == (1, 1) and counts["moment"] == (None, None)
    assert counts["id"] == counts["identical"] == counts["perceptual"] == (0, 0)
    assert found["photographer_unknown"] == 1 and found["any"]["queries_affected"] == 1
    assert {name: each["any"]["queries_affected"] for name, each in found["sets"].items()} == {
        "made": 1, "made-night": 0, "made-validation": 0,
    }  # fmt: skip
    shown = pd.read_parquet(made.leakage / "pairs.parquet")
    assert (shown["check"] == "embedding").sum() == 2
    pairs = read_exclusions(made.leakage / "near_duplicates.parquet")
    assert pairs["photo_id"].tolist() == [f"g{row:02d}" for row in range(10)] and set(pairs["query_id"]) == {"q14"}


def test_the_filter_leaves_out_what_the_stage_found(made: Workspace, params: Params) -> None:
    leakage_stage.run(made, params)
    pairs = read_exclusions(made.leakage / "near_duplicates.parquet")
    photos = pd.read_parquet(made.data("made") / "photos.parquet")
    gallery = photos[photos["split"] == "gallery"].reset_index(drop=True)
    queries = photos[photos["split"] != "gallery"].reset_index(drop=True)
    (group,) = left_out(queries, gallery, pairs, params.leakage.filter)
    assert (group.queries.tolist(), group.rows.tolist()) == ([0], [*range(10), 12])
    (by_author,) = left_out(queries, gallery, pairs, ["photographer"])
    assert by_author.rows.tolist() == [12]


def test_it_writes_the_same_bytes_again(made: Workspace, params: Params) -> None:
    written: list[dict[str, bytes]] = []
    for _ in range(2):
        leakage_stage.run(made, params)
        written.append({file.name: file.read_bytes() for file in sorted(made.leakage.iterdir())})
    assert written[0] == written[1]
    assert set(written[0]) == {"leakage.json", "pairs.parquet", "near_duplicates.parquet"}


def test_a_missing_or_damaged_table_is_a_sentence(made: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DualGeoError, match="run `dvc repro leakage` first"):
        read_exclusions(made.leakage / "near_duplicates.parquet")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(DualGeoError, match="no table of near-duplicates"):
        read_exclusions(tmp_path / "x.parquet")


def test_the_picture_shows_the_pairs_and_their_measure(made: Workspace, params: Params) -> None:
    leakage_stage.run(made, params)
    picture = str(leaks_picture(Material(made, params)))
    assert "1 of 3 queries: embedding 1, photographer 1; 1 check not made" in picture
    cosines = pd.read_parquet(made.leakage / "pairs.parquet").query("check == 'embedding'")["value"]
    assert [f"cosine {cosine:.3f}" in picture for cosine in cosines] == [True, True]
    assert picture.count("data:image/") == 3


def test_without_near_duplicates_there_is_no_picture(made: Workspace, params: Params) -> None:
    strict = params.leakage.model_copy(update={"cosine": 1.0})
    leakage_stage.run(made, params.model_copy(update={"leakage": strict}))
    with pytest.raises(NotMade, match="no query has a near-duplicate"):
        leaks_picture(Material(made, params))
