"""Contrastive losses over a batch of photos and their coordinates."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dualgeo.geo.sphere import EARTH_RADIUS_KM


def distances_km(latlon: Tensor) -> Tensor:
    """Great-circle distances (N, N) in km between degrees (N, 2), by chords so that near points stay exact."""
    lat, lon = torch.deg2rad(latlon.double()).unbind(-1)
    unit = torch.stack((lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()), dim=-1)
    chord = torch.linalg.vector_norm(unit[:, None] - unit[None, :], dim=-1)
    return 2 * EARTH_RADIUS_KM * torch.asin((chord / 2).clamp(max=1))


def symmetric_infonce(photos: Tensor, places: Tensor, scale: Tensor, ignored: Tensor | None) -> Tensor:
    """Symmetric InfoNCE (CLIP, arXiv 2103.00020) between unit vectors (N, E) of photos and of their coordinates.

    `ignored` (N, N) bool marks pairs that are no negatives, because they show the same place; its diagonal is not read.
    """
    logits = scale * photos @ places.T
    if ignored is not None:
        others = ignored & ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(others, -torch.inf)
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def place_contrast(photos: Tensor, scale: Tensor, positive: Tensor) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020) among photos: those of one neighbourhood attract each other.

    `photos` (N, E) unit vectors, `positive` (N, N) bool, symmetric, its diagonal not read. Photos without a positive
    in the batch count as negatives only; a batch without any positive gives 0.
    """
    same = torch.eye(len(photos), dtype=torch.bool, device=photos.device)
    positive = positive & ~same
    logits = (scale * photos @ photos.T).masked_fill(same, -torch.inf)
    log_share = logits - logits.logsumexp(dim=1, keepdim=True)
    count = positive.sum(dim=1)
    anchored = count > 0
    if not bool(anchored.any()):
        return photos.sum() * 0.0
    attraction = log_share.masked_fill(~positive, 0.0).sum(dim=1)[anchored] / count[anchored]
    return -attraction.mean()
