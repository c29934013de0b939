"""The frozen image view: any transformers vision model, giving one embedding and a grid of patch tokens a photo."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional
from transformers import AutoModel, CLIPVisionModelWithProjection, PreTrainedModel

from dualgeo.errors import DualGeoError
from dualgeo.params import Precision
from dualgeo.views.device import autocast, resolve_device
from dualgeo.views.preprocessing import Pixels, Preprocessing, load_preprocessing
from dualgeo.views.pretrained import load_config, load_weights, loading, model_source, weights_key

Float = npt.NDArray[np.float32]
CLIP_TYPES = ("clip", "clip_vision_model")
MAX_PREFIX_TOKENS = 16
"""More tokens than this before the patches (class token, distillation token, registers) are taken for no prefix."""


@dataclass(frozen=True)
class ImageFeatures:
    """Features of N photos."""

    embedding: Float
    """(N, D) float32, the model's projected or pooled embedding, not normalised."""
    tokens: Float
    """(N, g, g, C) float32, patch tokens averaged over a g x g grid; rows run down the photo."""


class ImageEncoder:
    """A frozen vision model with its own preprocessing; make one with `load_image_encoder`."""

    def __init__(
        self,
        model: PreTrainedModel,
        preprocessing: Preprocessing,
        key: str,
        grid: int,
        device: torch.device,
        precision: Precision,
        pooled: bool,
    ) -> None:
        self.preprocessing = preprocessing
        self.grid = grid
        self._model = model.to(device)  # pyright: ignore[reportArgumentType]
        self._device = device
        self._precision: Precision = precision
        self._pooled = pooled
        self.key = hashlib.sha256(f"{key} {preprocessing.key} {grid} {precision}".encode()).hexdigest()
        probe = self.encode([Image.new("RGB", (preprocessing.size, preprocessing.size))])
        self.dimension = probe.embedding.shape[1]
        """D, the length of an embedding."""
        self.channels = probe.tokens.shape[3]
        """C, the length of a token."""

    @property
    def parameters(self) -> int:
        """How many weights the model has."""
        return sum(weights.numel() for weights in self._model.parameters())

    def encode(self, images: Sequence[Image.Image]) -> ImageFeatures:
        """Features of RGB images of any size; a photo's features do not depend on the others in the list."""
        return self.encode_pixels([self.preprocessing.pixels(image) for image in images])

    def encode_pixels(self, pixels: Sequence[Pixels]) -> ImageFeatures:
        """As `encode`, from what `preprocessing.pixels` made of each photo."""
        inputs = self.preprocessing.tensor(pixels, self._device)
        with torch.inference_mode(), autocast(self._device, self._precision):
            outputs = self._model(pixel_values=inputs)
        prefix, patches = _patches(outputs.last_hidden_state.float(), self._model.config, self.preprocessing.size)
        if min(patches.shape[2:]) < self.grid:
            raise DualGeoError(
                f"views.image.grid is {self.grid} but the model gives {patches.shape[2]} x {patches.shape[3]} tokens; "
                "lower it in params.yaml."
            )
        tokens = functional.adaptive_avg_pool2d(patches, self.grid).permute(0, 2, 3, 1)
        embedding = _embedding(outputs, self._pooled, prefix, patches)
        features = ImageFeatures(embedding.float().cpu().numpy(), tokens.contiguous().cpu().numpy())
        if not (np.isfinite(features.embedding).all() and np.isfinite(features.tokens).all()):
            raise DualGeoError(f"the image encoder gave numbers that are not finite in {self._precision}; use fp32.")
        return features


def load_image_encoder(
    name: str, revision: str | None = None, device: str = "auto", precision: Precision = "fp32", grid: int = 4
) -> ImageEncoder:
    """Load `standin/clip` (shipped), a folder, or a hub model such as openai/clip-vit-large-patch14.

    `grid` is the side of the token grid. Raises DualGeoError, naming the model and what to do, when the model cannot be
    fetched or read, has no safetensors weights, lacks weights, or gives no patch tokens on a square grid.
    """
    where = resolve_device(device)
    source = model_source(name)
    with loading(name):
        config = load_config(source, revision)
        model_class: Any = AutoModel
        if config.model_type in CLIP_TYPES:
            model_class, config = CLIPVisionModelWithProjection, None
        else:
            config = getattr(config, "vision_config", config)
        # Checkpoints of classifiers come without the pooler of the bare model; the class token stands in for it then.
        model, missing = load_weights(model_class, source, revision, config, lambda weight: "pooler." in weight)
        preprocessing = load_preprocessing(source, revision)
        key = weights_key(model, revision, missing)
        return ImageEncoder(model, preprocessing, key, grid, where, precision, pooled=not missing)


def _patches(hidden: torch.Tensor, config: Any, input_size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Split the last hidden state into prefix tokens (N, P, C) and patch tokens (N, C, h, w)."""
    if hidden.ndim == 4:
        return hidden.new_zeros(len(hidden), 0, hidden.shape[1]), hidden
    count = hidden.shape[1]
    patch = getattr(config, "patch_size", None)
    side = input_size // patch if isinstance(patch, int) else 0
    if not 0 <= count - side**2 <= MAX_PREFIX_TOKENS:
        # Hierarchical models end on a coarser grid than their first patches; they have at most a class token.
        side = next((isqrt(rest) for rest in (count, count - 1) if isqrt(rest) ** 2 == rest), 0)
    if side == 0:
        raise DualGeoError(f"the image encoder gives {count} tokens, which are no square grid; use another model.")
    prefix = count - side**2
    grid = hidden[:, prefix:].unflatten(1, (side, side)).permute(0, 3, 1, 2)
    return hidden[:, :prefix], grid


def _embedding(outputs: Any, pooled: bool, prefix: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    projected = getattr(outputs, "image_embeds", None)
    if projected is not None:
        return projected
    if pooled and getattr(outputs, "pooler_output", None) is not None:
        return outputs.pooler_output.flatten(1)
    return prefix[:, 0] if prefix.shape[1] else patches.mean(dim=(2, 3))
