"""Encode a coordinate: a projection, random Fourier features at several scales, one MLP each, summed."""

import importlib.util
import itertools
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from dualgeo.errors import DualGeoError
from dualgeo.params import LocationParams

MERCATOR_LIMIT = 85.051129
"""Web Mercator cuts latitude here, in degrees, so that the map is square."""
EQUAL_EARTH = (1.340264, -0.081106, 0.000893, 0.003796)
"""A1..A4 of Savric, Patterson and Jenny (2019), doi:10.1080/13658816.2018.1504949."""
EQUAL_EARTH_SCALE = 66.50336 / 180
"""Brings Equal Earth's x to about -1..1; GeoCLIP's trained weights expect this factor."""
HIDDEN_LAYERS = 3


def sphere(latlon: Tensor) -> Tensor:
    """Unit vectors (N, 3) of degrees (N, 2): no seam at 180 degrees, nothing diverges at the poles."""
    lat, lon = torch.deg2rad(latlon).unbind(-1)
    return torch.stack((lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()), dim=-1)


def mercator(latlon: Tensor) -> Tensor:
    """Web Mercator x, y (N, 2) of degrees (N, 2), scaled to -1..1; DualGeo's published choice."""
    lat, lon = latlon.unbind(-1)
    lat = torch.deg2rad(lat.clamp(-MERCATOR_LIMIT, MERCATOR_LIMIT))
    y = torch.log(torch.tan(math.pi / 4 + lat / 2))
    return torch.stack((torch.deg2rad(lon), y), dim=-1) / math.pi


def equal_earth(latlon: Tensor) -> Tensor:
    """Equal Earth x, y (N, 2) of degrees (N, 2), scaled as GeoCLIP scales it."""
    a1, a2, a3, a4 = EQUAL_EARTH
    lat, lon = torch.deg2rad(latlon).unbind(-1)
    theta = torch.asin(math.sqrt(3) / 2 * lat.sin())
    slope = 9 * a4 * theta**8 + 7 * a3 * theta**6 + 3 * a2 * theta**2 + a1
    x = 2 * math.sqrt(3) * lon * theta.cos() / (3 * slope)
    y = a4 * theta**9 + a3 * theta**7 + a2 * theta**3 + a1 * theta
    return torch.stack((x, y), dim=-1) * EQUAL_EARTH_SCALE


PROJECTIONS = {"sphere": (sphere, 3), "mercator": (mercator, 2), "equal-earth": (equal_earth, 2)}


class FourierFeatures(nn.Module):
    """Random Fourier features (Tancik et al. 2020): cos and sin of 2 pi B x, B ~ N(0, sigma^2) drawn once."""

    frequencies: Tensor

    def __init__(self, dimensions: int, features: int, sigma: float) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.randn(features, dimensions) * sigma)

    def forward(self, x: Tensor) -> Tensor:
        """(N, dimensions) -> (N, 2 * features)."""
        angles = 2 * math.pi * x @ self.frequencies.T
        return torch.cat((angles.cos(), angles.sin()), dim=-1)


class LocationEncoder(nn.Module):
    """GPS to a vector, as in GeoCLIP (arXiv 2309.16020): one branch for each sigma, outputs summed."""

    def __init__(self, params: LocationParams, embedding: int) -> None:
        """Make an encoder with `embedding` output dimensions; with `pretrained: geoclip` load GeoCLIP's weights.

        Raises DualGeoError when GeoCLIP's weights are asked for and absent or of another shape.
        """
        super().__init__()
        self.project, dimensions = PROJECTIONS[params.coordinates]
        self.branches = nn.ModuleList(
            _branch(FourierFeatures(dimensions, params.features, sigma), params.hidden, embedding)
            for sigma in params.sigmas
        )
        if params.pretrained == "geoclip":
            load_geoclip_weights(self, params, embedding)

    def forward(self, latlon: Tensor) -> Tensor:
        """Degrees (N, 2), lat before lon, to vectors (N, embedding), not normalised."""
        # Phases reach thousands of radians: half precision would turn the finest scale into noise.
        with torch.autocast(latlon.device.type, enabled=False):
            x = self.project(latlon.float())
        return torch.stack([branch(x) for branch in self.branches]).sum(dim=0)


def _branch(features: FourierFeatures, hidden: int, embedding: int) -> nn.Sequential:
    widths = [2 * features.frequencies.shape[0], *[hidden] * HIDDEN_LAYERS]
    layers: list[nn.Module] = [features]
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, embedding))


def load_geoclip_weights(encoder: LocationEncoder, params: LocationParams, embedding: int) -> None:
    """Fill `encoder` with the trained location encoder of the installed `geoclip` package (MIT licence)."""
    wanted = LocationParams(
        coordinates="equal-earth", sigmas=[1, 16, 256], features=256, hidden=1024, pretrained="geoclip"
    )
    if params != wanted or embedding != 512:
        raise DualGeoError(
            "params.yaml: `model.location.pretrained: geoclip` needs coordinates equal-earth, sigmas [1, 16, 256], "
            "features 256, hidden 1024 and model.embedding 512; set them or choose `pretrained: none`."
        )
    theirs = torch.load(geoclip_weights_path(), map_location="cpu", weights_only=True)
    ours = {name: _geoclip_name(name) for name in encoder.state_dict()}
    encoder.load_state_dict({name: theirs[their_name] for name, their_name in ours.items()})


def geoclip_weights_path() -> Path:
    """The weights file inside the installed `geoclip` package; the package itself is not imported."""
    spec = importlib.util.find_spec("geoclip")
    if spec is None or spec.origin is None:
        raise DualGeoError(
            "`model.location.pretrained: geoclip` needs the package geoclip; "
            "install it with `pip install --no-deps geoclip`."
        )
    path = Path(spec.origin).parent / "model" / "weights" / "location_encoder_weights.pth"
    if not path.exists():
        raise DualGeoError(f"The installed geoclip package has no {path.name}; install geoclip 1.3.0 with --no-deps.")
    return path


def _geoclip_name(name: str) -> str:
    """branches.1.3.weight -> LocEnc1.capsule.3.weight; the last layer is called head there."""
    _, branch, layer, kind = name.split(".")
    if kind == "frequencies":
        return f"LocEnc{branch}.capsule.0.b"
    if int(layer) == 1 + 2 * HIDDEN_LAYERS:
        return f"LocEnc{branch}.head.0.{kind}"
    return f"LocEnc{branch}.capsule.{layer}.{kind}"
