"""Which device a model runs on."""

import torch

from dualgeo.errors import DualGeoError


def choose_device(name: str) -> torch.device:
    """`auto` takes a GPU where there is one; any other name is torch's own (`cpu`, `cuda`, `cuda:1`, `mps`)."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DualGeoError(
            f"params.yaml: device '{name}' cannot be used here ({reason}); set `auto` or `cpu`."
        ) from None
    return torch.device(name)
