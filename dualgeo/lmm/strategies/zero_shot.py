"""The photo alone: what the model knows without retrieval."""

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.variants import Variant
from dualgeo.lmm.wording import SYSTEM, render, version_of

TEMPLATE = "zero_shot.j2"


def zero_shot(question: Question, variant: Variant, name: str = "zero-shot") -> Prompt:
    """A prompt without places; under another name where a strategy has no candidates to show."""
    values: dict[str, object] = {"wording": variant.wording, "turn": variant.turn}
    return Prompt(variant.named(name), version_of(TEMPLATE), render(SYSTEM, {}), render(TEMPLATE, values), ())
