"""Train the stand-in for SegFormer: per-cell cross-entropy against the Atlas masks, all conditions mixed."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from dualgeo.progress import say
from dualgeo.standins.augment import Normalisation, augment
from dualgeo.standins.data import PHOTO_SIZE, Photos
from dualgeo.standins.learning import Optimiser, save_model
from dualgeo.views.ade20k import ADE20K_NAMES

NORMALISATION = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
LOGIT_SIDE = PHOTO_SIZE // 4


@dataclass(frozen=True)
class SegformerTraining:
    """How long and how fast the segmenter learns."""

    seed: int = 0
    epochs: int = 8
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02


def segformer_config() -> SegformerConfig:
    """A SegFormer small enough to ship (about 0.6 M weights), with the 150 classes of ADE20K by name."""
    return SegformerConfig(
        id2label=dict(enumerate(ADE20K_NAMES)),
        label2id={name: number for number, name in enumerate(ADE20K_NAMES)},
        hidden_sizes=[24, 48, 96, 128],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 2, 4, 4],
        sr_ratios=[4, 2, 1, 1],
        mlp_ratios=[4, 4, 4, 4],
        decoder_hidden_size=96,
        hidden_dropout_prob=0.0,
        classifier_dropout_prob=0.0,
        drop_path_rate=0.0,
    )


def train_segformer(photos: Photos, folder: Path, training: SegformerTraining) -> None:
    """Train on `photos` and save the model to `folder`."""
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        model = SegformerForSemanticSegmentation(segformer_config())
    generator = torch.Generator().manual_seed(training.seed)
    images, masks = torch.from_numpy(photos.images), torch.from_numpy(photos.masks)
    per_epoch = len(photos) // training.batch
    optimiser = Optimiser(
        model.parameters(), training.epochs * per_epoch, training.learning_rate, training.weight_decay
    )
    model.train()
    for epoch in range(training.epochs):
        order = torch.randperm(len(photos), generator=generator)[: per_epoch * training.batch]
        total = 0.0
        for rows in order.split(training.batch):
            inputs, targets = augment(images[rows], masks[rows], LOGIT_SIDE, generator)
            logits = model(pixel_values=NORMALISATION(inputs)).logits
            loss = functional.cross_entropy(logits, targets)
            optimiser.step(loss)
            total += loss.item()
        say(f"segformer epoch {epoch + 1}/{training.epochs}: loss {total / per_epoch:.3f}")
    save_model(model, NORMALISATION, folder)
