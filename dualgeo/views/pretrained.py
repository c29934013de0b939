"""Load a transformers model by name, whether shipped, in a folder or on the hub, and say plainly when that fails."""

import hashlib
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, PreTrainedModel
from transformers.utils import logging

import dualgeo
from dualgeo.errors import DualGeoError

SHIPPED = Path(dualgeo.__file__).parent / "standins"
SHIPPED_PREFIX = "standin/"


def model_source(name: str) -> str:
    """What `from_pretrained` is given for a model name of params.yaml: `standin/clip` is a folder of this package.

    Raises DualGeoError for a stand-in that is not shipped and for a path that does not exist.
    """
    if name.startswith(SHIPPED_PREFIX):
        folder = SHIPPED / name.removeprefix(SHIPPED_PREFIX)
        if not (folder / "config.json").is_file():
            shipped = ", ".join(sorted(f"{SHIPPED_PREFIX}{path.parent.name}" for path in SHIPPED.glob("*/config.json")))
            raise DualGeoError(f"this package ships no model {name}; choose one of: {shipped}.")
        return str(folder)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise DualGeoError(f"the model folder {name} does not exist; correct the name in params.yaml.")
    return name


@contextmanager
def loading(name: str) -> Generator[None]:
    """Turn what can go wrong while a model is fetched and read into one sentence that names the model.

    transformers' progress bars and reports are silenced meanwhile: what they tell is checked by `load_weights`.
    """
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise DualGeoError(_in_words(name, error)) from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def load_config(source: str, revision: str | None) -> Any:
    """The model's configuration; code that a hub repository brings along is never run."""
    return AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)


def load_weights(
    model_class: Any, source: str, revision: str | None, config: Any, may_lack: Callable[[str], bool]
) -> tuple[PreTrainedModel, set[str]]:
    """Load float32 weights from safetensors (pickles are refused) into `model_class`, ready for inference.

    Returns the model and the names of the weights the files lack. transformers would leave those random, so any name
    for which `may_lack` is false raises ValueError.
    """
    model, report = model_class.from_pretrained(
        source,
        revision=revision,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        weights_only=True,
        output_loading_info=True,
    )
    missing = set(report["missing_keys"])
    essential = sorted(name for name in missing if not may_lack(name))
    if essential:
        raise ValueError(f"its files lack {len(essential)} weights of {model_class.__name__}, e.g. {essential[0]}")
    return model.eval().requires_grad_(False), missing


def weights_key(model: torch.nn.Module, revision: str | None, missing: Collection[str] = ()) -> str:
    """Digest of every weight as loaded, and of the revision asked for: the identity of a model in cache keys.

    `missing` weights are left out: they are random and not used.
    """
    digest = hashlib.sha256((revision or "").encode())
    for name, tensor in sorted(model.state_dict().items()):
        if name in missing:
            continue
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _in_words(name: str, error: Exception) -> str:
    said = " ".join(str(error).split())
    reason = said if len(said) <= 300 else said[:297] + "..."
    if Path(name).expanduser().is_dir() or name.startswith(SHIPPED_PREFIX):
        advice = "the folder must hold config.json, preprocessor_config.json and whole *.safetensors files"
    else:
        advice = (
            f"check its name and the connection, or fetch it where there is one with `hf download {name}` and "
            "name the folder in params.yaml; weights must be safetensors"
        )
    return f"the model {name} cannot be loaded ({reason.rstrip('.')}); {advice}."
