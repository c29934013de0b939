"""The frozen segmentation view: a class id of ADE20K-150 for every cell of a photo."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import AutoModelForSemanticSegmentation, PreTrainedModel

from dualgeo.params import Precision
from dualgeo.views.ade20k import ADE20K_NAMES
from dualgeo.views.device import autocast, resolve_device
from dualgeo.views.preprocessing import Pixels, Preprocessing, load_preprocessing
from dualgeo.views.pretrained import load_config, load_weights, loading, model_source, weights_key

Masks = npt.NDArray[np.uint8]


class Segmenter:
    """A frozen semantic segmentation model with its own preprocessing; make one with `load_segmenter`."""

    def __init__(
        self, model: PreTrainedModel, preprocessing: Preprocessing, key: str, device: torch.device, precision: Precision
    ) -> None:
        self.preprocessing = preprocessing
        self._model = model.to(device)  # pyright: ignore[reportArgumentType]
        self._device = device
        self._precision: Precision = precision
        self.key = hashlib.sha256(f"{key} {preprocessing.key} {precision}".encode()).hexdigest()

    @property
    def parameters(self) -> int:
        """How many weights the model has."""
        return sum(weights.numel() for weights in self._model.parameters())

    def segment(self, images: Sequence[Image.Image]) -> Masks:
        """(N, H, W) uint8 class ids of RGB images of any size, at the resolution of the model's logits.

        The ids are the argmax of the logits and are never resized: a class id is a label, not a grey level.
        """
        return self.segment_pixels([self.preprocessing.pixels(image) for image in images])

    def segment_pixels(self, pixels: Sequence[Pixels]) -> Masks:
        """As `segment`, from what `preprocessing.pixels` made of each photo."""
        inputs = self.preprocessing.tensor(pixels, self._device)
        with torch.inference_mode(), autocast(self._device, self._precision):
            logits = self._model(pixel_values=inputs).logits
        return logits.argmax(dim=1).to(torch.uint8).cpu().numpy()


def load_segmenter(
    name: str, revision: str | None = None, device: str = "auto", precision: Precision = "fp32"
) -> Segmenter:
    """Load `standin/segformer` (shipped), a folder, or a hub model such as nvidia/segformer-b5-finetuned-ade-640-640.

    Raises DualGeoError, naming the model and what to do, when it cannot be fetched or read, has no safetensors weights,
    lacks weights (a backbone without a decoder), or has other than the 150 classes of ADE20K.
    """
    where = resolve_device(device)
    source = model_source(name)
    with loading(name):
        config = load_config(source, revision)
        if config.num_labels != len(ADE20K_NAMES):
            raise ValueError(f"it has {config.num_labels} classes where the 150 of ADE20K are needed")
        model, _ = load_weights(AutoModelForSemanticSegmentation, source, revision, config, lambda _: False)
        preprocessing = load_preprocessing(source, revision)
        return Segmenter(model, preprocessing, weights_key(model, revision), where, precision)
