"""A vision-language model on this machine: any that transformers loads as image-text-to-text, by hub id or folder."""

import io
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import torch
from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers.answer_format import Read, judged, schema_in_words
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Request
from dualgeo.views.device import resolve_device
from dualgeo.views.pretrained import load_config, loading, model_source

SAMPLING = ("temperature", "top_p", "top_k", "min_p", "typical_p")
"""Settings that some models bring along; greedy decoding uses none of them and would warn."""


class LocalModel:
    """Answers one request after the other, without sampling; nothing leaves the machine and nothing costs money."""

    name = "local"

    def __init__(self, model: str, read: Read, device: str = "auto") -> None:
        self._model, self._read, self._device = model, read, device

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider. The model is loaded for the first request.

        Raises DualGeoError where it cannot be loaded, has no chat template or takes no image.
        """
        for request in requests:
            budget.reserve(request)
            reply = self._reply(request)
            budget.settle(request, reply)
            take(request, reply)

    def _reply(self, request: Request) -> Reply:
        begun = time.monotonic()
        usage = Usage()
        try:
            said = self._loaded.say(request)
        except (ValueError, IndexError) as error:
            outcome, reason, text, stop = _end("rejected", f"{self._model} cannot take this request ({_line(error)}).")
        except (RuntimeError, MemoryError) as error:
            # Memory and devices fail of themselves: another run may succeed, so it is asked again.
            outcome, reason, text, stop = _end("failed", f"{self._model} failed ({_line(error)}).")
        else:
            text, usage, stop = said.text, said.usage, said.stop
            outcome, reason = judged(text, request.max_tokens if stop == "max_tokens" else None, self._read)
        return Reply(
            outcome=outcome,
            reason=reason,
            text=text,
            model=self._model,
            request_id="",
            stop_reason=stop,
            usage=usage,
            latency_s=time.monotonic() - begun,
            attempts=1,
            lost=0,
            mode="local",
        )

    @cached_property
    def _loaded(self) -> "LoadedModel":
        return load(self._model, resolve_device(self._device))


@dataclass(frozen=True)
class Said:
    """What a model generated."""

    text: str
    usage: Usage
    stop: str
    """`end_turn`, or `max_tokens` where it was cut off."""


@dataclass(frozen=True)
class LoadedModel:
    """A model with its processor, on its device."""

    model: Any
    processor: Any
    device: torch.device

    def say(self, request: Request) -> Said:
        """Greedy decoding of at most `request.max_tokens` tokens."""
        inputs = self.processor.apply_chat_template(
            messages(request), add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        ).to(self.device, dtype=self.model.dtype)
        asked = int(inputs["input_ids"].shape[1])
        room = self._positions - asked
        if room < 1:
            raise ValueError(f"{asked} tokens of prompt and image, and it takes {self._positions}")
        most = min(request.max_tokens, room)
        with torch.inference_mode():
            tokens = self.model.generate(**inputs, do_sample=False, max_new_tokens=most)[0, asked:]
        text = str(self.processor.batch_decode(tokens[None], skip_special_tokens=True)[0])
        ended = int(tokens[-1]) in _ends_of(self.model) if len(tokens) else True
        return Said(text, Usage(asked, len(tokens)), "end_turn" if ended else "max_tokens")

    @property
    def _positions(self) -> int:
        """Tokens that the model can tell apart by place."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize


def load(name: str, device: torch.device) -> LoadedModel:
    """Load a hub id or a folder: weights from safetensors alone, no code that comes with them.

    float32 on a CPU, as stored elsewhere. Raises DualGeoError in one sentence that names the model.
    """
    source = model_source(name)
    try:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        with loading(name):
            # One file first: a processor looks for a dozen, and waits for each where there is no connection.
            config = load_config(source, None)
            processor = AutoProcessor.from_pretrained(source, trust_remote_code=False)
            model, report = cast(Any, AutoModelForImageTextToText).from_pretrained(
                source,
                config=config,
                dtype=torch.float32 if device.type == "cpu" else "auto",
                use_safetensors=True,
                weights_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            if report["missing_keys"]:
                lacking = sorted(report["missing_keys"])
                raise ValueError(f"its files lack {len(lacking)} weights, e.g. {lacking[0]}")
    except ImportError as error:
        raise DualGeoError(f"the model {name} needs a package that is not installed ({_line(error)}).") from None
    if not getattr(processor, "chat_template", None) or not hasattr(processor, "image_processor"):
        raise DualGeoError(
            f"the model {name} has no chat template or takes no images; name one for image-text-to-text."
        )
    for setting in SAMPLING:
        setattr(model.generation_config, setting, None)
    return LoadedModel(model.eval().requires_grad_(False).to(device), processor, device)


def messages(request: Request) -> list[dict[str, Any]]:
    """A request as a chat: the words of the prompt, the photo, and the form of the answer in words."""
    image = Image.open(io.BytesIO(request.picture.jpeg())).convert("RGB")
    words = f"{request.prompt.text}\n\n{schema_in_words()}"
    asked = {"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": words}]}
    if not request.prompt.system:
        return [asked]
    return [{"role": "system", "content": [{"type": "text", "text": request.prompt.system}]}, asked]


def _ends_of(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends}  # pyright: ignore[reportUnknownVariableType]


def _end(outcome: Outcome, reason: str) -> tuple[Outcome, str, str, str]:
    return outcome, reason, "", ""


def _line(error: Exception) -> str:
    said = " ".join(str(error).split())
    return (said if len(said) <= 200 else f"{said[:197]}...").rstrip(".")
