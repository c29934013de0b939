"""Locate a new photo with a trained system: the same views, index, re-rank and radius as in the pipeline."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.geo.places import PlaceName, name_place
from dualgeo.geo.sphere import Floats
from dualgeo.model.encode import encode
from dualgeo.model.fusion import PhotoViews
from dualgeo.model.system import load_system
from dualgeo.params import Params, RefineParams
from dualgeo.refinement.radius import Calibration
from dualgeo.refinement.refine import RETRIEVAL, Located, refine_one
from dualgeo.retrieval.index import GalleryIndex
from dualgeo.retrieval.recall import Vectors
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
    source: str = RETRIEVAL
    """Whose coordinate it is: `retrieval`, or `lmm` where a large multimodal model was asked and believed."""


@dataclass(frozen=True)
class Seen:
    """What the system makes of one photo before an answer is taken from it."""

    views: PhotoViews
    """Frozen views of the one photo."""
    vector: Vectors
    """Its row as the index compares it, (1, dimensions)."""
    photo_ids: list[str]
    lat: Floats
    lon: Floats
    """Candidates, most similar first: degrees (k,)."""
    similarity: Floats
    """Cosines (k,)."""


@dataclass(frozen=True)
class SystemFiles:
    """Where the parts of one trained system lie: in the workspace, or in a model that was taken out of it."""

    name: str
    """The cell it was trained as, `dual-0`."""
    model: Path
    index: Path
    calibration: Path
    """calibration.json; need not exist."""
    encoders: dict[str, str] = field(default_factory=dict[str, str])
    """`image` or `segmentation` -> folder of that frozen encoder, where it is another than the model's config names."""


@dataclass(frozen=True)
class AnswerParams:
    """The params that decide an answer once a system is trained."""

    device: str
    top_k: int
    refine: RefineParams

    @staticmethod
    def of(params: Params) -> "AnswerParams":
        """Those of params.yaml."""
        return AnswerParams(params.views.device, params.retrieve.top_k, params.refine)


class Locator:
    """One trained system, ready to answer."""

    def __init__(self, files: SystemFiles, params: AnswerParams) -> None:
        """Load the encoders, model, index and calibration; DualGeoError names what is missing or damaged."""
        self.name, self.params = files.name, params
        self.index = GalleryIndex.load(files.index)
        self.calibration = Calibration.load(files.calibration) if files.calibration.exists() else None
        self.system = load_system(files.model, resolve_device(params.device))
        views = self.system.config.views
        names = {"image": views.image.model, "segmentation": views.segmentation.model}
        self.stand_in = any(name.startswith("standin/") for name in names.values())
        names |= files.encoders
        self.images = load_image_encoder(
            names["image"], views.image.revision, params.device, views.precision, views.image.grid
        )
        self.segmenter = load_segmenter(
            names["segmentation"], views.segmentation.revision, params.device, views.precision
        )

    @staticmethod
    def of_cell(workspace: Workspace, params: Params, cell: Cell) -> "Locator":
        """The system that lies in the workspace as `cell`; DualGeoError names the stage that is missing."""
        files = SystemFiles(
            cell.name,
            workspace.require(workspace.model(cell), f"train@{cell.name}"),
            workspace.require(workspace.index(cell), f"index@{cell.name}"),
            workspace.refined(cell) / "calibration.json",
        )
        return Locator(files, AnswerParams.of(params))

    def locate(self, photo: Image.Image) -> Location:
        """Locate one upright RGB photo. Raises DualGeoError when the index gives no candidate."""
        return self.locate_seen(photo)[1]

    def locate_seen(self, photo: Image.Image) -> tuple[Seen, Location]:
        """As `locate`, with what the answer was taken from."""
        seen = self.see(photo)
        located = refine_one(seen.lat, seen.lon, seen.similarity, self.params.refine, self.calibration)
        return seen, self.location(seen, located)

    def see(self, photo: Image.Image) -> Seen:
        """The views, the vector and the candidates of one upright RGB photo."""
        features = self.images.encode([photo])
        # The caches hold half precision; a new photo is rounded the same way.
        views = PhotoViews(
            torch.from_numpy(features.embedding.astype(np.float16)),
            torch.from_numpy(features.tokens.astype(np.float16)).flatten(1, 2),
            torch.from_numpy(self.segmenter.segment([photo])),
        )
        vector = encode(self.system, views, self.index.parts)
        scores, rows = self.index.search(vector, self.params.top_k)
        found = rows[0] >= 0
        gallery, similarity = self.index.gallery.iloc[rows[0][found]], scores[0][found].astype(np.float64)
        lat, lon = (gallery[name].to_numpy(np.float64) for name in ("lat", "lon"))
        return Seen(views, vector, [str(name) for name in gallery["photo_id"]], lat, lon, similarity)

    def location(self, seen: Seen, located: Located) -> Location:
        """An answer with its place and candidates. Raises DualGeoError when it has no coordinate."""
        if located.lat is None or located.lon is None:
            raise DualGeoError("The index gave no candidate for this photo; build it again with `dvc repro index`.")
        candidates = [
            Candidate(
                seen.photo_ids[i],
                float(seen.lat[i]),
                float(seen.lon[i]),
                float(seen.similarity[i]),
                int(located.cluster[i]),
            )
            for i in np.argsort(located.position)
        ]
        place = name_place(located.lat, located.lon)
        source = located.source or RETRIEVAL
        return Location(located.lat, located.lon, place, located.radius_km, candidates, self.stand_in, source)
