"""Finished runs to picture: one of the embedded world, one of photos that know neither cities nor conditions."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from dualgeo.datasets.contract import read_photos, write_photos
from dualgeo.datasets.shards import ShardWriter
from dualgeo.files import write_text
from dualgeo.params import IndexParams, load_params
from dualgeo.report.write import write_reports
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import measure_recall
from dualgeo.views.cache import feature_path, ids_by_shard, write_feature_shard
from dualgeo.workspace import Cell, Workspace
from tests.report.report_workspace import CITIES, Recipe, write_run

RECIPE = Recipe(
    variants=("image", "dual"), seeds=(0,), query_sets=("atlas", "atlas-night"), queries=24, gallery=96, failures=1
)
WIDTHS = ((60, 96), (120, 50), (40, 40), (300, 200))


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Workspace:
    """Two systems on two query sets, with every output a stage leaves; read only."""
    return write_everything(tmp_path_factory.mktemp("atlas"), project)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Workspace:
    """The same run as of a user's photos: other sizes, no city, country, condition or quality of masks; read only."""
    workspace = write_everything(tmp_path_factory.mktemp("photos"), project)
    (workspace.root / "data" / "atlas").rename(workspace.root / "data" / "photos")
    params = yaml.safe_load(workspace.params.read_text())
    write_text(workspace.params, yaml.safe_dump(params | {"dataset": "photos"}, sort_keys=False))
    _as_real_photos(workspace.data("photos"))
    (workspace.masks / "quality.json").unlink()
    return workspace


@pytest.fixture
def own(tmp_path: Path, project: Path) -> Workspace:
    """A run of the test's own, to damage."""
    return write_everything(tmp_path, project)


def write_everything(root: Path, project: Path) -> Workspace:
    """A run with caches, indexes, scores and reports."""
    workspace = write_run(root, project, RECIPE)
    photos = read_photos(workspace.data("atlas"))
    vectors = _embeddings(photos)
    for shard, ids in ids_by_shard(photos).items():
        mine = vectors[photos["photo_id"].isin(ids).to_numpy()].astype(np.float16)
        tokens = np.zeros((len(ids), 2, 2, 4), np.float16)
        write_feature_shard(feature_path(workspace.features, shard), ids, mine, tokens, "key")
    gallery = (photos["split"] == "gallery").to_numpy()
    flat = IndexParams(parts=["fused", "image"], weights=[3.0, 1.0], kind="flat")
    for variant in RECIPE.variants:
        parts = [("fused", 3.0), ("image", 1.0)]
        index = GalleryIndex.build(vectors[gallery], photos[gallery].reset_index(drop=True), parts, flat)
        index.recall = measure_recall(index.search, vectors[gallery])
        index.save(workspace.index(Cell(variant, 0)))
    write_reports(workspace, load_params(workspace.params))
    return workspace


def _embeddings(photos: pd.DataFrame) -> np.ndarray:
    """Unit vectors: photos of one city lie together."""
    draw = np.random.default_rng(11)
    city = np.array([list(CITIES).index(name) for name in photos["city"]])
    vectors = np.eye(len(CITIES))[city] + 0.05 * draw.standard_normal((len(photos), len(CITIES)))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _as_real_photos(folder: Path) -> None:
    photos = read_photos(folder)
    for path in (folder / "shards").glob("*.tar"):
        path.unlink()
    with ShardWriter(folder / "shards", 100) as writer:
        for number, photo_id in enumerate(photos["photo_id"]):
            buffer = io.BytesIO()
            Image.new("RGB", WIDTHS[number % 4], (number % 256, 120, 90)).save(buffer, "JPEG")
            writer.add(photo_id, {"jpg": buffer.getvalue()})
    names = {"atlas": "photos", "atlas-night": "photos-night"}
    photos["dataset"] = photos["dataset"].replace(names)
    write_photos(folder, photos.assign(city=None, country=None, condition=None))
