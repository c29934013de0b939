"""The location encoder: what each projection promises, and equality with GeoCLIP's own package."""

import importlib.util

import pytest
import torch
from pyproj import Transformer

from dualgeo.errors import DualGeoError
from dualgeo.model.location import EQUAL_EARTH_SCALE, LocationEncoder, equal_earth, mercator
from dualgeo.params import LocationParams

PLACES = torch.tensor([[0.0, 0.0], [64.1, -21.9], [-33.9, 151.2], [35.7, 139.7], [-54.8, -68.3], [89.0, 10.0]])


def _encoder(coordinates: str) -> LocationEncoder:
    torch.manual_seed(0)
    params = LocationParams(coordinates=coordinates, sigmas=[1, 16], features=32, hidden=32)
    return LocationEncoder(params, 16).eval()


@pytest.mark.parametrize(("coordinates", "seamless"), [("sphere", True), ("mercator", False), ("equal-earth", False)])
def test_only_the_sphere_has_no_seam_at_180_degrees(coordinates: str, seamless: bool) -> None:
    encoder = _encoder(coordinates)
    with torch.inference_mode():
        west, east = encoder(torch.tensor([[-17.0, -179.9999], [-17.0, 179.9999]]))
    assert bool((west - east).abs().max() < 1e-3) is seamless


def test_all_meridians_meet_at_the_pole_of_the_sphere() -> None:
    encoder = _encoder("sphere")
    with torch.inference_mode():
        vectors = encoder(torch.tensor([[90.0, 0.0], [90.0, 120.0]]))
    assert (vectors[0] - vectors[1]).abs().max() < 1e-4


def test_projections_agree_with_proj() -> None:
    radius = 6378137.0
    web = Transformer.from_crs("EPSG:4326", "EPSG:3857")
    for (lat, lon), ours in zip(PLACES[:5].tolist(), mercator(PLACES[:5].double()).tolist(), strict=True):
        x, y = web.transform(lat, lon)
        assert ours == pytest.approx([x / radius / torch.pi, y / radius / torch.pi], abs=1e-6)
    earth = Transformer.from_crs("EPSG:4326", f"+proj=eqearth +R={radius}")
    for (lat, lon), ours in zip(PLACES.tolist(), equal_earth(PLACES.double()).tolist(), strict=True):
        x, y = earth.transform(lat, lon)
        scale = EQUAL_EARTH_SCALE / radius
        assert ours == pytest.approx([x * scale, y * scale], abs=1e-6)


def test_geoclip_weights_give_geoclip_vectors() -> None:
    if importlib.util.find_spec("geoclip") is None:
        pytest.skip("the package geoclip is not installed (pip install --no-deps geoclip geopy)")
    from geoclip import LocationEncoder as Theirs

    params = LocationParams(
        coordinates="equal-earth", sigmas=[1, 16, 256], features=256, hidden=1024, pretrained="geoclip"
    )
    with torch.inference_mode():
        theirs = Theirs().eval()(PLACES)
        ours = LocationEncoder(params, 512).eval()(PLACES)
    # Phases reach 2 pi 256: float32 trigonometry written in another order differs in the fourth digit.
    assert (ours - theirs).abs().max() < 2e-3 * theirs.abs().max()
    cosine = torch.nn.functional.cosine_similarity(ours, theirs)
    assert cosine.min() > 0.99999


def test_geoclip_weights_of_another_shape_are_refused_in_a_sentence() -> None:
    params = LocationParams(coordinates="sphere", sigmas=[1], features=8, hidden=8, pretrained="geoclip")
    with pytest.raises(DualGeoError, match=r"model\.location\.pretrained: geoclip"):
        LocationEncoder(params, 16)
