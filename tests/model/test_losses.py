"""The contrastive losses against plain loops over pairs."""

import math

import torch
from torch.nn import functional as F

from dualgeo.geo.sphere import haversine_km
from dualgeo.model.losses import distances_km, place_contrast, symmetric_infonce


def _unit(count: int, seed: int) -> torch.Tensor:
    return F.normalize(torch.randn(count, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_distances_are_great_circles_also_for_near_points_and_over_the_antimeridian() -> None:
    latlon = torch.tensor([[10.0, 179.9], [10.0, -179.9], [10.00001, 179.9], [-90.0, 3.0], [48.1, 11.6]]).double()
    ours = distances_km(latlon)
    for i, a in enumerate(latlon.tolist()):
        for j, b in enumerate(latlon.tolist()):
            assert math.isclose(float(ours[i, j]), float(haversine_km(*a, *b)), abs_tol=1e-6)


def test_infonce_equals_its_definition_and_leaves_ignored_pairs_out() -> None:
    photos, places, scale = _unit(5, 1), _unit(5, 2), torch.tensor(7.0)
    ignored = torch.zeros(5, 5, dtype=torch.bool)
    ignored[0, 3] = ignored[3, 0] = True
    expected = 0.0
    for i in range(5):
        kept = [j for j in range(5) if j == i or not ignored[i, j]]
        row = [math.exp(7 * float(photos[i] @ places[j])) for j in kept]
        column = [math.exp(7 * float(photos[j] @ places[i])) for j in kept]
        own = math.exp(7 * float(photos[i] @ places[i]))
        expected -= (math.log(own / sum(row)) + math.log(own / sum(column))) / 10
    assert math.isclose(float(symmetric_infonce(photos, places, scale, ignored)), expected, rel_tol=1e-5)
    assert float(symmetric_infonce(photos, places, scale, None)) > expected


def test_photos_of_one_neighbourhood_attract_each_other() -> None:
    positive = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.bool)
    together = F.normalize(torch.tensor([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.0]]), dim=-1)
    apart = F.normalize(torch.tensor([[1.0, 0.1], [-1.0, 0.1], [1.0, 0.0]]), dim=-1)
    scale = torch.tensor(10.0)
    assert place_contrast(together, scale, positive) < place_contrast(apart, scale, positive)


def test_a_batch_without_neighbours_costs_nothing_and_still_has_gradients() -> None:
    photos = _unit(4, 3).requires_grad_()
    loss = place_contrast(photos, torch.tensor(10.0), torch.eye(4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert photos.grad is not None and bool(torch.isfinite(photos.grad).all())
