"""The part of params.yaml that says whether and how a large multimodal model refines the answers."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from dualgeo.params.base import Positive, PositiveFloat, Section

ProviderName = Literal["none", "anthropic", "openai", "local"]
Strategy = Literal["zero-shot", "rag", "dualgeo", "geocot", "ensemble"]
Verification = Literal["none", "similarity", "similarity-argmax", "consensus"]


class SendingParams(Section):
    """How requests travel; nothing here changes what is asked, so no stage is out of date when it changes."""

    allowed: bool
    """The opt-in: true lets photos (without metadata), coordinates and place names go to the provider's server."""
    mode: Literal["direct", "batches"]
    """batches: the provider's half-price queue, anthropic only; answers come within a day."""
    concurrency: Annotated[int, Field(ge=1, le=256)]
    """Requests under way at once in direct mode."""
    timeout_s: PositiveFloat
    attempts: Annotated[int, Field(ge=1, le=20)]
    """How often one request is tried before its failure is recorded and the retrieval answer stands."""
    batch_requests: Annotated[int, Field(ge=1, le=100_000)]
    """Requests in one message batch at most."""
    poll_s: PositiveFloat
    """Seconds between looks at an unfinished batch."""


class LmmParams(Section):
    """The large multimodal model of the second stage; with provider "none" the clustering's answer stands."""

    provider: ProviderName
    model: str
    """The provider's name of the model; for "local" a hub id or a folder with safetensors."""
    endpoint: str | None
    """Base URL of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; for "openai" only."""
    strategy: Strategy
    variants: Annotated[int, Field(ge=1, le=8)]
    """Prompts asked for one photo: the API has no temperature, so diversity comes from differently worded prompts."""
    candidates: Annotated[int, Field(ge=1, le=50)]
    """Retrieved photos whose places are shown to the model."""
    negatives: Annotated[int, Field(ge=0, le=20)]
    """Places of the gallery photos that look least like the photo, shown as unlikely."""
    verification: Verification
    """Who picks the final coordinate among retrieved and generated ones: none, the model's answer stands; similarity,
    it stands where our own model finds that it fits the photo, by a margin learned on validation photos;
    similarity-argmax, the best fit as G3 publishes it; consensus, where most of them lie."""
    effort: Literal["low", "medium", "high"] | None
    """How much the model may think, where it takes such a setting."""
    max_tokens: Annotated[int, Field(ge=64, le=64_000)]
    """Bound of an answer, thinking included."""
    image_side: Annotated[int, Field(ge=32, le=2576)]
    """Long side in pixels of a photo as sent; smaller photos are not enlarged."""
    cells: list[str]
    """Systems whose candidates are put to the model, such as dual-0; empty: all of them."""
    photos_per_set: Positive | None
    """At most so many photos of each query set, and of the validation photos, are asked about; null: all."""
    max_usd: Annotated[float, Field(ge=0)]
    """What this project may spend in all, in US dollars, with what its answer store holds counted in."""
    when_budget_ends: Literal["stop", "retrieval"]
    """stop: the stage ends with an error and keeps what was bought; retrieval: the rest keeps its retrieval answer."""
    sending: SendingParams

    @model_validator(mode="after")
    def _fits_together(self) -> "LmmParams":
        if self.provider == "openai" and not self.endpoint:
            raise ValueError("lmm.endpoint must name the OpenAI-compatible server, such as http://127.0.0.1:8000/v1")
        if self.endpoint and not _is_bare(self.endpoint):
            raise ValueError(
                "lmm.endpoint must be an address such as http://127.0.0.1:8000/v1, without user, password or query: "
                "params are committed, and a key comes from the environment only"
            )
        if self.sending.mode == "batches" and self.provider in ("openai", "local"):
            raise ValueError(f"lmm.sending.mode batches is not offered by provider {self.provider}; choose direct")
        if len(set(self.cells)) != len(self.cells):
            raise ValueError("lmm.cells names a system twice")
        return self

    def asks(self, cell: str) -> bool:
        """Whether the candidates of this cell are put to the model."""
        return self.provider != "none" and (not self.cells or cell in self.cells)


def _is_bare(endpoint: str) -> bool:
    """Whether a URL holds a host and a path alone, and so nothing secret."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    bare = not (parts.username or parts.password or "@" in parts.netloc or parts.query or parts.fragment)
    return bare and parts.scheme in ("http", "https") and bool(parts.hostname)
