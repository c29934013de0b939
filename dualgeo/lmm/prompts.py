"""The prompts that a strategy asks about one photo."""

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.strategies.dualgeo import dualgeo
from dualgeo.lmm.strategies.ensemble import ensemble
from dualgeo.lmm.strategies.geocot import geocot
from dualgeo.lmm.strategies.rag import rag
from dualgeo.lmm.strategies.zero_shot import zero_shot
from dualgeo.lmm.variants import Variant, variants
from dualgeo.params import LmmParams


def prompts_for(question: Question, params: LmmParams) -> list[Prompt]:
    """What is asked about one photo: the strategy's prompts in each of `params.variants` variants.

    Names are unique within the list and the same for every photo. Without candidates a strategy asks zero-shot, under
    its own name; the ensemble then asks its zero-shot prompts only. The same question gives the same text.
    """
    return [prompt for variant in variants(params.variants) for prompt in _prompts(question, params, variant)]


def _prompts(question: Question, params: LmmParams, variant: Variant) -> list[Prompt]:
    match params.strategy:
        case "zero-shot":
            return [zero_shot(question, variant)]
        case "rag":
            return [rag(question, variant, params.candidates, params.negatives)]
        case "dualgeo":
            return [dualgeo(question, variant, params.candidates, params.negatives)]
        case "geocot":
            return [geocot(question, variant, params.candidates)]
        case "ensemble":
            return ensemble(question, variant, params.candidates, params.negatives)
