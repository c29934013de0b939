"""Tiny models of random weights, and small pictures, made on the spot."""

import io
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    PreTrainedModel,
    SegformerConfig,
    SegformerForSemanticSegmentation,
)

PREPROCESSING: dict[str, object] = {
    "do_resize": True,
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.4],
}


def save(model: PreTrainedModel, folder: Path, preprocessing: dict[str, object] | None = None) -> Path:
    """Save as published models are: weights, config and preprocessor_config.json."""
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing or PREPROCESSING))
    return folder


def tiny_clip() -> CLIPVisionModelWithProjection:
    torch.manual_seed(2)
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=4,
        projection_dim=12,
    )
    return CLIPVisionModelWithProjection(config)


def tiny_segformer(labels: int = 150) -> SegformerForSemanticSegmentation:
    torch.manual_seed(1)
    config = SegformerConfig(
        num_labels=labels,
        hidden_sizes=[8, 8, 8, 8],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 1, 1],
        decoder_hidden_size=8,
    )
    return SegformerForSemanticSegmentation(config)


def scene(rng: np.random.Generator, width: int = 40, height: int = 32) -> Image.Image:
    """Blobs of colour, different for every call."""
    small = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def png(ids: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(ids).save(buffer, "PNG")
    return buffer.getvalue()
