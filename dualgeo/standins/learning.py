"""What both trainings share: the optimiser and its schedule, and how a model is saved."""

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from transformers import PreTrainedModel

from dualgeo.files import write_json
from dualgeo.standins.augment import Normalisation
from dualgeo.standins.data import PHOTO_SIZE

BILINEAR = 2
"""PIL's number for bilinear resampling, as preprocessor_config.json spells it."""
WARM_UP_SHARE = 0.06


class Optimiser:
    """AdamW with linear warm-up, a cosine to zero and clipped gradients."""

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], steps: int, learning_rate: float, weight_decay: float
    ) -> None:
        self._parameters = list(parameters)
        decayed = [p for p in self._parameters if p.ndim > 1]
        others = [p for p in self._parameters if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
        self._adam = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98))
        warm_up = max(1, round(WARM_UP_SHARE * steps))

        def factor(step: int) -> float:
            if step < warm_up:
                return (step + 1) / warm_up
            return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))

        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._adam, factor)

    def step(self, loss: torch.Tensor) -> None:
        """Move the parameters against the gradient of `loss`."""
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._adam.step()
        self._schedule.step()


def save_model(model: PreTrainedModel, normalisation: Normalisation, folder: Path) -> None:
    """Write config.json, model.safetensors (float16, to keep the package small) and preprocessor_config.json.

    The model itself is left in float16.
    """
    model.half().save_pretrained(folder)
    # safetensors writes for its owner alone; an installed package is read by others.
    (folder / "model.safetensors").chmod(0o644)
    preprocessing = {
        "do_resize": True,
        "size": {"height": PHOTO_SIZE, "width": PHOTO_SIZE},
        "resample": BILINEAR,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(normalisation.mean),
        "image_std": list(normalisation.std),
    }
    write_json(folder / "preprocessor_config.json", preprocessing)
