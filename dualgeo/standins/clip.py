"""Train the stand-in for CLIP's vision tower: photos of one city attract each other, whatever the condition.

The contrastive loss is the supervised one of Khosla et al. (arXiv 2004.11362) on the projected embedding. A small
transformer learns slowly from that alone, so two linear heads that are thrown away afterwards help it: every patch
token tells which classes its patch shows, and the embedding tells what the street is like (what captions do for CLIP).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from dualgeo.progress import say
from dualgeo.standins.augment import Normalisation, augment
from dualgeo.standins.data import PHOTO_SIZE, Photos
from dualgeo.standins.learning import Optimiser, save_model
from dualgeo.standins.patches import PatchSampler, whiten_patches
from dualgeo.views.ade20k import ADE20K_NAMES

NORMALISATION = Normalisation(mean=(0.4815, 0.4578, 0.4082), std=(0.2686, 0.2613, 0.2758))
PATCH = 12
GRID = PHOTO_SIZE // PATCH
CELLS = 3
"""Mask samples along a patch's side: a patch's class shares are counted over CELLS x CELLS points."""


@dataclass(frozen=True)
class ClipTraining:
    """How long and how fast the image encoder learns."""

    seed: int = 0
    epochs: int = 26
    whole_epochs: int = 4
    """Epochs at the end in which photos are seen whole; before, half of their patches are."""
    cities: int = 48
    """Cities in a batch."""
    photos: int = 4
    """Photos of each city in a batch."""
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    temperature: float = 0.1
    dense_weight: float = 0.5
    description_weight: float = 1.0


def clip_config() -> CLIPVisionConfig:
    """A vision tower small enough to ship: 8 x 8 patches of 12 pixels (about 1.3 M weights)."""
    return CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=6,
        image_size=PHOTO_SIZE,
        patch_size=PATCH,
        projection_dim=192,
        hidden_act="gelu",
        initializer_factor=1.0,
    )


class _Heads(nn.Module):
    """What is asked of the model besides the contrast; thrown away after training."""

    def __init__(self, config: CLIPVisionConfig, description: int) -> None:
        super().__init__()
        self._dimension = config.projection_dim
        self._classes = nn.Linear(config.hidden_size, len(ADE20K_NAMES))
        self._description = nn.Linear(config.projection_dim, description)

    def classes(self, patches: torch.Tensor) -> torch.Tensor:
        """(N, T, C) patch tokens -> (N*T, 150) logits."""
        return self._classes(patches).flatten(0, 1)

    def description(self, embeddings: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of any length -> (N, K) descriptions."""
        return self._description(functional.normalize(embeddings, dim=1) * self._dimension**0.5)


def train_clip(photos: Photos, folder: Path, training: ClipTraining) -> None:
    """Train on `photos` and save the model to `folder`."""
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        model = CLIPVisionModelWithProjection(clip_config())
        heads = _Heads(model.config, photos.description.shape[1])
    generator = torch.Generator().manual_seed(training.seed)
    per_epoch = len(photos) // (training.cities * training.photos)
    parameters = [*model.parameters(), *heads.parameters()]
    optimiser = Optimiser(parameters, training.epochs * per_epoch, training.learning_rate, training.weight_decay)
    batches = _CityBatches(photos, training)
    whiten_patches(model, torch.from_numpy(photos.images), NORMALISATION)
    sampler = PatchSampler(model.vision_model.embeddings, GRID * GRID, generator)
    weights = np.array([1.0, training.dense_weight, training.description_weight])
    model.train()
    for epoch in range(training.epochs):
        total = np.zeros(3)
        sampler.keep = GRID * GRID if epoch >= training.epochs - training.whole_epochs else GRID * GRID // 2
        for _ in range(per_epoch):
            losses = _losses(model, heads, sampler, photos, batches.draw(), training.temperature, generator)
            optimiser.step((losses * torch.from_numpy(weights)).sum())
            total += losses.detach().numpy()
        contrast, dense, description = total / per_epoch
        say(
            f"clip epoch {epoch + 1}/{training.epochs}: "
            f"contrast {contrast:.3f}, classes {dense:.3f}, description {description:.3f}"
        )
    sampler.remove()
    save_model(model, NORMALISATION, folder)


class _CityBatches:
    """Rows of a batch: some cities, some photos of each."""

    def __init__(self, photos: Photos, training: ClipTraining) -> None:
        self._rows = [np.flatnonzero(photos.city == city) for city in np.unique(photos.city)]
        self._training = training
        self._rng = np.random.default_rng(training.seed)

    def draw(self) -> npt.NDArray[np.int64]:
        """(cities * photos,) rows of the photo table."""
        cities = self._rng.choice(len(self._rows), self._training.cities, replace=False)
        return np.concatenate(
            [self._rng.choice(self._rows[city], self._training.photos, replace=False) for city in cities]
        )


def _losses(
    model: CLIPVisionModelWithProjection,
    heads: _Heads,
    sampler: PatchSampler,
    photos: Photos,
    rows: npt.NDArray[np.int64],
    temperature: float,
    generator: torch.Generator,
) -> torch.Tensor:
    """(3,): of the contrast, the patches' classes and the descriptions."""
    images, masks = torch.from_numpy(photos.images[rows]), torch.from_numpy(photos.masks[rows])
    inputs, labels = augment(images, masks, GRID * CELLS, generator)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(pixel_values=NORMALISATION(inputs))
    embeddings, patches = outputs.image_embeds.float(), outputs.last_hidden_state[:, 1:].float()
    shares = class_shares(labels).gather(1, sampler.kept[:, :, None].expand(-1, -1, len(ADE20K_NAMES)))
    described = torch.from_numpy(photos.description[rows])
    return torch.stack(
        [
            city_contrast(embeddings, torch.from_numpy(photos.city[rows]), temperature),
            functional.cross_entropy(heads.classes(patches), shares.flatten(0, 1)),
            functional.mse_loss(heads.description(embeddings), described),
        ]
    )


def city_contrast(embeddings: torch.Tensor, city: torch.Tensor, temperature: float) -> torch.Tensor:
    """Supervised contrastive loss: the mean, over pairs of one city, of -log softmax among all other photos.

    embeddings (N, D), any length; city (N,) int. Every city must occur at least twice.
    """
    unit = functional.normalize(embeddings, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool)
    logits = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf)
    together = (city[:, None] == city[None, :]) & ~itself
    log_share = logits.log_softmax(dim=1).masked_fill(~together, 0.0)
    return -(log_share.sum(1) / together.sum(1)).mean()


def class_shares(labels: torch.Tensor) -> torch.Tensor:
    """(N, g*CELLS, g*CELLS) class ids -> (N, g*g, 150) float32, the share of each class in a patch's points."""
    patches = labels.unfold(1, CELLS, CELLS).unfold(2, CELLS, CELLS).reshape(len(labels), -1, CELLS * CELLS)
    shares = torch.zeros(*patches.shape[:2], len(ADE20K_NAMES))
    return shares.scatter_add_(2, patches, torch.full(patches.shape, 1 / CELLS**2))
