"""Fuse the two views of a photo: its image tokens and its segmentation tokens attend to each other."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dualgeo.params import ModelParams, Variant

CLASSES = 150
"""ADE20K-150, the label space of the segmentation view."""


@dataclass(frozen=True)
class PhotoViews:
    """Both frozen views of B photos, as the caches hold them."""

    embedding: Tensor
    """Image embedding, float (B, D)."""
    tokens: Tensor
    """Image patch tokens, float (B, g * g, C)."""
    masks: Tensor
    """Class ids, uint8 (B, H, W); labels, never grey levels."""

    def to(self, device: torch.device) -> "PhotoViews":
        """The same views on `device`, features as float32."""
        return PhotoViews(
            self.embedding.to(device, torch.float32), self.tokens.to(device, torch.float32), self.masks.to(device)
        )


def cell_fractions(masks: Tensor, grid: int) -> Tensor:
    """Share of each class in each cell of a `grid` x `grid` raster: uint8 (B, H, W) -> float32 (B, grid * grid, 150).

    Every pixel belongs to exactly one cell, also where the raster does not divide H or W.
    Raises ValueError when a mask is smaller than the raster.
    """
    batch, height, width = masks.shape
    if min(height, width) < grid:
        raise ValueError(f"masks of {height} x {width} cannot be split into {grid} x {grid} cells")
    rows = torch.arange(height, device=masks.device) * grid // height
    columns = torch.arange(width, device=masks.device) * grid // width
    cell = rows[:, None] * grid + columns[None, :]
    photo = torch.arange(batch, device=masks.device)[:, None, None]
    bins = (photo * grid * grid + cell) * CLASSES + masks.long()
    counts = torch.bincount(bins.flatten(), minlength=batch * grid * grid * CLASSES)
    counts = counts.view(batch, grid * grid, CLASSES).float()
    return counts / counts.sum(dim=-1, keepdim=True)


class AttentionBlock(nn.Module):
    """Tokens of one view attend to `context` tokens of the same photo; residual, LayerNorm, MLP."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_tokens = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(width)
        # batch_first keeps photos apart: attention runs over the tokens of one photo, never over the batch.
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """(B, T, width) and (B, S, width) -> (B, T, width)."""
        seen = self.norm_context(context)
        attended, _ = self.attention(self.norm_tokens(tokens), seen, seen, need_weights=False)
        tokens = tokens + attended
        return tokens + self.mlp(tokens)


class ViewTokens(nn.Module):
    """Bring one view's tokens to the common width: a summary token first, then the grid with its positions."""

    def __init__(self, summary_size: int, token_size: int, count: int, width: int) -> None:
        super().__init__()
        self.summary = nn.Linear(summary_size, width)
        self.tokens = nn.Linear(token_size, width)
        self.position = nn.Parameter(torch.randn(1, 1 + count, width) * 0.02)

    def forward(self, summary: Tensor, tokens: Tensor) -> Tensor:
        """(B, summary_size) and (B, count, token_size) -> (B, 1 + count, width)."""
        return torch.cat((self.summary(summary)[:, None], self.tokens(tokens)), dim=1) + self.position


class PhotoEncoder(nn.Module):
    """Photos to unit vectors, one for each view that the variant has.

    `dual`: each view's tokens attend to the other view's (bidirectional cross-attention).
    `dual-no-attention`: each view's tokens attend to themselves; the views meet only in the concatenated vector.
    `image`, `segmentation`: that view alone, attending to itself, with the same depth and width.
    """

    def __init__(self, variant: Variant, image_size: int, token_size: int, grid: int, params: ModelParams) -> None:
        super().__init__()
        self.cross = variant == "dual"
        self.segmentation_grid = params.segmentation_grid
        cells = params.segmentation_grid**2
        has_image = variant != "segmentation"
        has_segmentation = variant != "image"
        # A linear map of class shares is the area-weighted mean of learned class embeddings.
        self.image = ViewTokens(image_size, token_size, grid**2, params.width) if has_image else None
        self.segmentation = ViewTokens(CLASSES, CLASSES, cells, params.width) if has_segmentation else None
        views = int(has_image) + int(has_segmentation)
        self.blocks = nn.ModuleList(
            nn.ModuleList(AttentionBlock(params.width, params.heads, params.dropout) for _ in range(views))
            for _ in range(params.layers)
        )
        self.heads = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(2 * params.width), nn.Linear(2 * params.width, params.embedding))
            for _ in range(views)
        )

    def forward(self, views: PhotoViews) -> list[Tensor]:
        """Unit vectors (B, embedding), one for each view of the variant: image first, then segmentation."""
        streams: list[Tensor] = []
        if self.image is not None:
            # CLIP features of one photo differ in scale by layer and precision; directions carry the content.
            streams.append(self.image(_standardised(views.embedding), _standardised(views.tokens)))
        if self.segmentation is not None:
            shares = cell_fractions(views.masks, self.segmentation_grid)
            streams.append(self.segmentation(shares.mean(dim=1), shares))
        for layer in self.blocks:
            blocks = list(layer)  # pyright: ignore[reportArgumentType]
            contexts = streams[::-1] if self.cross else streams
            streams = [block(own, other) for block, own, other in zip(blocks, streams, contexts, strict=True)]
        pooled = [torch.cat((stream[:, 0], stream[:, 1:].mean(dim=1)), dim=-1) for stream in streams]
        return [F.normalize(head(vector).float(), dim=-1) for head, vector in zip(self.heads, pooled, strict=True)]


def fuse(vectors: list[Tensor]) -> Tensor:
    """Its views' unit vectors side by side, scaled to unit length: the fused vector (B, views * embedding)."""
    return torch.cat(vectors, dim=-1) / len(vectors) ** 0.5


def _standardised(features: Tensor) -> Tensor:
    return F.layer_norm(features, features.shape[-1:])
