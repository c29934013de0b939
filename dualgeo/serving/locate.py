"""Locate a new photo with a trained system: the same views, index, re-rank and radius as in the pipeline."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.geo.places import PlaceName, name_place
from dualgeo.model.encode import encode
from dualgeo.model.fusion import PhotoViews
from dualgeo.model.system import load_system
from dualgeo.params import Params
from dualgeo.refinement.radius import Calibration
from dualgeo.refinement.refine import refine_one
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.views.device import resolve_device
from dualgeo.views.image_encoder import load_image_encoder
from dualgeo.views.segmenter import load_segmenter
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class Candidate:
    """A gallery photo that looks like the query."""

    photo_id: str
    lat: float
    lon: float
    similarity: float
    """Cosine, -1..1."""
    cluster: int
    """Label of its geographic cluster among the candidates, -1: none."""


@dataclass(frozen=True)
class Location:
    """The answer for one photo."""

    lat: float
    lon: float
    """Degrees, WGS84."""
    place: PlaceName
    radius_km: dict[float, float]
    """Coverage (0..1) -> radius in km that holds the truth that often on photos like the validation photos."""
    candidates: list[Candidate]
    """Best first after the re-rank."""
    stand_in: bool
    """Whether the encoders are the shipped ones, which were made for Atlas and mean nothing on real photos."""


class Locator:
    """One trained system, ready to answer."""

    def __init__(self, workspace: Workspace, params: Params, cell: Cell) -> None:
        """Load the encoders, model, index and calibration of `cell`; DualGeoError names what is missing."""
        self.cell, self.params = cell, params
        workspace.require(workspace.model(cell), f"train@{cell.name}")
        self.index = GalleryIndex.load(workspace.require(workspace.index(cell), f"index@{cell.name}"))
        calibration = workspace.refined(cell) / "calibration.json"
        self.calibration = Calibration.load(calibration) if calibration.exists() else None
        self.system = load_system(workspace.model(cell), resolve_device(params.views.device))
        views = self.system.config.views
        self.stand_in = any(name.startswith("standin/") for name in (views.image.model, views.segmentation.model))
        self.images = load_image_encoder(
            views.image.model, views.image.revision, params.views.device, views.precision, views.image.grid
        )
        self.segmenter = load_segmenter(
            views.segmentation.model, views.segmentation.revision, params.views.device, views.precision
        )

    def locate(self, photo: Image.Image) -> Location:
        """Locate one upright RGB photo. Raises DualGeoError when the index gives no candidate."""
        features = self.images.encode([photo])
        # The caches hold half precision; a new photo is rounded the same way.
        views = PhotoViews(
            torch.from_numpy(features.embedding.astype(np.float16)),
            torch.from_numpy(features.tokens.astype(np.float16)).flatten(1, 2),
            torch.from_numpy(self.segmenter.segment([photo])),
        )
        scores, rows = self.index.search(encode(self.system, views, self.index.parts), self.params.retrieve.top_k)
        found = rows[0] >= 0
        gallery, similarity = self.index.gallery.iloc[rows[0][found]], scores[0][found]
        lat, lon = (gallery[name].to_numpy(np.float64) for name in ("lat", "lon"))
        answer = refine_one(lat, lon, similarity, self.params.refine, self.calibration)
        if answer.lat is None or answer.lon is None:
            raise DualGeoError("The index gave no candidate for this photo; build it again with `dvc repro index`.")
        candidates = [
            Candidate(str(gallery["photo_id"].iloc[i]), lat[i], lon[i], float(similarity[i]), int(answer.cluster[i]))
            for i in np.argsort(answer.position)
        ]
        place = name_place(answer.lat, answer.lon)
        return Location(answer.lat, answer.lon, place, answer.radius_km, candidates, self.stand_in)


def best_cell(workspace: Workspace, params: Params) -> Cell:
    """The scored system that is most often within 25 km on validation photos, ties to the first in params.

    Query sets play no part, so that their scores stay honest. Raises DualGeoError when nothing has been scored.
    """
    best: tuple[float, Cell] | None = None
    for variant in params.systems.variants:
        for seed in params.systems.seeds:
            cell = Cell(variant, seed)
            metrics = workspace.scores(cell) / "validation.json"
            accuracy = _validation_accuracy(metrics) if metrics.exists() else None
            if accuracy is not None and (best is None or accuracy > best[0]):
                best = (accuracy, cell)
    if best is None:
        raise DualGeoError("No system has been trained and scored here yet; run `make demo` or `dvc repro` first.")
    return best[1]


def _validation_accuracy(metrics: Path) -> float | None:
    for values in read_json(metrics).values():
        accuracy = cast(dict[str, dict[str, dict[str, float]]], values)["acc"]
        # Params may score at other distances; any of them ranks systems.
        return accuracy.get("25", next(iter(accuracy.values())))["value"]
    return None
