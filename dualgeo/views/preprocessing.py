"""From a photo to a model's input, by the values of the model's own preprocessor_config.json."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers.image_processing_base import ImageProcessingMixin

from dualgeo.errors import DualGeoError
from dualgeo.views.crop import centre_square

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preprocessing:
    """Resize to `size` x `size`, scale, subtract `mean`, divide by `std` (both for R, G, B)."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: int
    scale: float

    @property
    def key(self) -> str:
        """Digest of the values, part of the cache keys."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def pixels(self, image: Image.Image) -> Pixels:
        """(size, size, 3) uint8 of the photo's centre square; releases the GIL, so threads help."""
        square = centre_square(image.convert("RGB"))
        if square.size != (self.size, self.size):
            square = square.resize((self.size, self.size), Image.Resampling(self.resample))
        return np.asarray(square)

    def tensor(self, pixels: Sequence[Pixels] | Pixels, device: torch.device) -> torch.Tensor:
        """(N, 3, size, size) float32 from N arrays of `pixels`."""
        batch = torch.from_numpy(np.stack(list(pixels))).to(device).permute(0, 3, 1, 2).float()
        mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return (batch * self.scale - mean) / std


def load_preprocessing(source: str, revision: str | None) -> Preprocessing:
    """Read preprocessor_config.json of a folder or hub model.

    Raises DualGeoError when a value is missing (none is guessed) or the input is not square; OSError when there is
    no such file.
    """
    values, _ = ImageProcessingMixin.get_image_processor_dict(source, revision=revision)
    scale = float(values.get("rescale_factor", 1 / 255)) if values.get("do_rescale", True) else 1.0
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if values.get("do_normalize", True):
        mean, std = _three(values, "image_mean", source), _three(values, "image_std", source)
    return Preprocessing(
        _side(values, source), mean, std, int(values.get("resample", Image.Resampling.BILINEAR)), scale
    )


def _side(values: Mapping[str, object], source: str) -> int:
    # A model that resizes the short edge and then crops sees, of a square photo, the crop: its size is the input's.
    size = values.get("crop_size") if values.get("do_center_crop") else None
    size = values.get("size") if size is None else size
    if isinstance(size, Mapping):
        sides = {size[name] for name in ("height", "width", "shortest_edge") if name in size}
    else:
        sides = {size}
    side = sides.pop() if len(sides) == 1 else None
    if not isinstance(side, int) or side < 1:
        raise DualGeoError(
            f"{source}: its preprocessor_config.json gives no square input size (size: {size}); use another model."
        )
    return side


def _three(values: Mapping[str, object], name: str, source: str) -> tuple[float, float, float]:
    numbers = values.get(name)
    if not isinstance(numbers, Sequence) or len(numbers) != 3:
        raise DualGeoError(f"{source}: its preprocessor_config.json has no {name} of three numbers; add it.")
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue
