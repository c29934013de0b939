"""One request and the key under which its answer is kept."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from dualgeo.lmm.prompt import Prompt


@dataclass(frozen=True)
class Picture:
    """A photo as it would be sent: JPEG without metadata. The bytes are made when they are needed, then dropped."""

    sha256: str
    width: int
    height: int
    """Pixels."""
    jpeg: Callable[[], bytes]


@dataclass(frozen=True)
class Request:
    """A photo and a prompt for one model."""

    query_id: str
    provider: str
    """Kind of interface that is spoken: `anthropic`, `openai`, `local`."""
    model: str
    effort: str | None
    max_tokens: int
    prompt: Prompt
    picture: Picture

    @property
    def key(self) -> str:
        """SHA-256 (64 hex digits) of everything that can change the answer; neither the query nor the way of sending.

        Two systems that retrieved the same places for a photo therefore share an answer.
        """
        prompt = f"{self.prompt.name}@{self.prompt.version}"
        texts = (prompt, self.prompt.system, self.prompt.text)
        return key_of(self.provider, self.model, self.effort, self.max_tokens, *texts, self.picture.sha256)


def key_of(
    provider: str, model: str, effort: str | None, max_tokens: int, prompt: str, system: str, text: str, image: str
) -> str:
    """The key of a request from its parts: `prompt` is name@version, `image` the digest of the JPEG as sent."""
    said = {
        "provider": provider,
        "model": model,
        "effort": effort,
        "max_tokens": max_tokens,
        "prompt": prompt,
        "system": system,
        "text": text,
        "image": image,
    }
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
