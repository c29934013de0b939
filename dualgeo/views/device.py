"""Where a model runs and in what precision."""

from contextlib import AbstractContextManager, nullcontext

import torch

from dualgeo.errors import DualGeoError
from dualgeo.params import Precision

AUTOCAST_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one, else the CPU; any other name is taken as torch spells it.

    Raises DualGeoError for a name torch does not know and for a GPU that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DualGeoError(f"device '{name}' cannot be used ({reason}); set it to auto, cpu or cuda.") from None
    return device


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Run a model's matrix products in `precision`; weights and results stay float32."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=AUTOCAST_TYPES[precision])
