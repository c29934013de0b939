"""The words of one request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prompt:
    """What is said to the model beside the photo."""

    name: str
    """Strategy, candidates and variant, such as `rag-10`, `dualgeo-10-v2` or `zero-shot`; names a row of tables."""
    version: str
    """First 12 hex digits of a digest over the templates that it was made from."""
    system: str
    text: str
    shown: tuple[str, ...]
    """Photo ids of the places shown: label C1 is the first of them, C2 the second."""
