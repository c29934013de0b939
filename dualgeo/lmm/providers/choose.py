"""The provider that params name; only its own libraries are loaded."""

from pathlib import Path

from dualgeo.errors import DualGeoError
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.providers.answer_format import Read
from dualgeo.params.lmm import LmmParams


def provider_for(params: LmmParams, read: Read, answers: Path) -> Provider:
    """The configured provider; `read` reads its words, `answers` is the folder of the answer store.

    Raises DualGeoError for provider "none".
    """
    match params.provider, params.sending.mode:
        case "anthropic", "direct":
            from dualgeo.lmm.providers.direct import AnthropicDirect

            return AnthropicDirect(params.sending, read)
        case "anthropic", _:
            from dualgeo.lmm.providers.batches import AnthropicBatches

            return AnthropicBatches(params.sending, read, answers)
        case "openai", _:
            from dualgeo.lmm.providers.openai import OpenAiCompatible

            return OpenAiCompatible(params.endpoint or "", params.sending, read)
        case "local", _:
            from dualgeo.lmm.providers.local import LocalModel

            return LocalModel(params.model, read)
        case _:
            raise DualGeoError("lmm.provider is none, so there is nobody to ask; choose anthropic, openai or local.")
