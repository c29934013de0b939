"""Two ways to make a small vision transformer learn sooner from few photos."""

import torch
from torch import nn
from transformers import CLIPVisionModelWithProjection

from dualgeo.standins.augment import Normalisation

EVERY = 7
"""Every seventh photo is enough to know how patches vary."""
FLOOR = 0.1
"""Directions in which patches hardly vary are not blown up beyond this share of the ten strongest ones' variance."""
SCALE = 0.5


def whiten_patches(model: CLIPVisionModelWithProjection, images: torch.Tensor, normalisation: Normalisation) -> None:
    """Start the patch embedding from the whitened principal components of patches, so that detail is seen at once.

    images: (N, S, S, 3) uint8. Neighbouring pixels are nearly equal, so random filters mostly see a patch's brightness.
    """
    embedding = model.vision_model.embeddings.patch_embedding
    width, _, side, _ = embedding.weight.shape
    inputs = normalisation(images[::EVERY].permute(0, 3, 1, 2).float() / 255)
    patches = inputs.unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * side * side)
    centred = patches - patches.mean(0)
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    strongest = variances.flip(0)[:width]
    filters = directions.flip(1)[:, :width] / torch.sqrt(strongest + FLOOR * strongest[:10].mean())
    with torch.no_grad():
        embedding.weight.copy_(SCALE * filters.T.reshape(embedding.weight.shape))


class PatchSampler:
    """Lets a model in training see a random part of each photo's patches, as FLIP does (arXiv 2212.00794).

    Half the patches take half the time. `kept` holds the (N, kept) patch numbers of the last forward pass.
    """

    def __init__(self, embeddings: nn.Module, patches: int, generator: torch.Generator) -> None:
        self.keep = patches
        self.kept = torch.arange(patches)[None]
        self._patches = patches
        self._generator = generator
        self._hook = embeddings.register_forward_hook(self._sample)

    def _sample(self, _module: nn.Module, _inputs: object, tokens: torch.Tensor) -> torch.Tensor:
        if self.keep == self._patches:
            self.kept = torch.arange(self._patches).expand(len(tokens), -1)
            return tokens
        self.kept = torch.rand(len(tokens), self._patches, generator=self._generator).argsort(1)[:, : self.keep]
        with_class = torch.cat([torch.zeros(len(tokens), 1, dtype=torch.long), self.kept + 1], 1)
        return tokens.gather(1, with_class[:, :, None].expand(-1, -1, tokens.shape[2]))

    def remove(self) -> None:
        """Give the model back as it was."""
        self._hook.remove()
